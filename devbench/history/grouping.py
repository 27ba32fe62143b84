"""Puts changes together that are one: the same step of the same night in all that has something in common.

And leaves out those that a wider one explains: one cause is told once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from devbench.domain.history import night_order
from devbench.domain.night import LevelChange, SeriesKey
from devbench.history.series import touches
from devbench.history.state import State

NEAR_NIGHTS = 3  # the first night of a change is known about so well
_FEELS = 0.5  # of a wider change, that one series may feel more or less
_ALL = 0.8  # of what has something in common: a few more may hide in their own noise
_FEWEST = 2
_Z95 = 1.96
# What a group may have in common besides its device (and, of one board, its place), the widest first.
_COMMON: tuple[tuple[str, ...], ...] = (("runtime",), ("precision",), ("runtime", "precision"), ("model",))


def grouped(changes: Sequence[LevelChange], state: State) -> list[LevelChange]:
    """The same changes, those that are one put together; the ones that touch most series first."""
    left, done = list(changes), []
    for common in _COMMON:
        for change in list(left):
            if change not in left or not change.key.model:
                continue
            key = _shared(change, common)
            inside = [one for one in left if _goes_with(one, change) and touches(key, one.key)]
            if len(inside) < _FEWEST or sum(one.series for one in inside) < _ALL * _all(key, state):
                continue
            done.append(_together(key, inside))
            left = [one for one in left if one not in inside]
    whole = sorted([*done, *left], key=lambda one: -one.series)
    own = [one for one in whole if not any(belongs_to(one, other) for other in whole)]
    return [_beside(change, own) for change in own]


def belongs_to(change: LevelChange, wider: LevelChange) -> bool:
    """Whether an odd one out is only what a case feels more, or less, of a wider change of the same nights."""
    return (
        change.kind == "odd one out" != wider.kind
        and touches(wider.key, change.key)
        and nights_apart(wider.first_night, change.first_night) <= NEAR_NIGHTS
        and abs(math.log(change.ratio)) <= _FEELS * abs(math.log(wider.ratio))
    )


def nights_apart(one: str, other: str) -> int:
    """Days between two nights."""
    first, second = (date.fromisoformat(night_order(night)[0]) for night in (one, other))
    return abs(first.toordinal() - second.toordinal())


def _shared(change: LevelChange, common: Sequence[str]) -> SeriesKey:
    key = change.key
    return replace(SeriesKey(device=key.device, place=key.place), **{name: getattr(key, name) for name in common})


def _goes_with(one: LevelChange, other: LevelChange) -> bool:
    return (
        one.kind == other.kind
        and bool(one.key.model)
        and one.first_night == other.first_night
        and (one.ratio > 1) == (other.ratio > 1)
    )


def _all(key: SeriesKey, state: State) -> int:
    tonight = np.isfinite(state.values[:, -1])
    return sum(bool(there) and touches(key, name) for name, there in zip(state.keys, tonight, strict=True))


def _together(key: SeriesKey, changes: Sequence[LevelChange]) -> LevelChange:
    """One change with the mean of their sizes, weighted by how well each is known."""
    logs = np.array([math.log(one.ratio) for one in changes])
    sds = np.array([max(math.log(one.high / one.low) / (2 * _Z95), 1e-6) for one in changes])
    weight = 1 / sds**2
    mean, sd = float((weight * logs).sum() / weight.sum()), float(1 / math.sqrt(weight.sum()))
    first = max(changes, key=lambda one: one.series)
    return replace(
        first,
        key=key,
        ratio=math.exp(mean),
        low=math.exp(mean - _Z95 * sd),
        high=math.exp(mean + _Z95 * sd),
        series=sum(one.series for one in changes),
        last_night=min((one.last_night for one in changes), key=night_order),
        why="; ".join(f"{one.key.text} {100 * (one.ratio - 1):+.1f} %" for one in changes),
    )


def _beside(change: LevelChange, others: Sequence[LevelChange]) -> LevelChange:
    """With the number of changes of the same night and way that could not be put together with it."""
    count = sum(_goes_with(one, change) for one in others if one is not change)
    more = f"{count} more {'change' if count == 1 else 'changes'} of this kind since the same night"
    return replace(change, why=f"{change.why}; {more}") if count else change
