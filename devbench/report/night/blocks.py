"""What the pages over nights show: changes with their plots, and each case on all its places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from devbench.domain.history import Series, night_order
from devbench.domain.night import LevelChange
from devbench.printable import one_line
from devbench.report.html.filled import our_markup
from devbench.report.night.junit import of_series
from devbench.report.night.sparkline import NARROW, WIDE, Days, large, sparkline
from devbench.report.night.words import change_text, place_of, sentence, what_of, worst_first
from devbench.report.numbers import milliseconds

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST_LARGE = 3  # plots of one change; all are among the small ones
_MOST_LARGE_ALL = 60


@dataclass(frozen=True, kw_only=True)
class ChangeBlock:
    """A change in words, and the series that show it best, each with its name and its plots, wide and narrow."""

    text: str
    slower: bool
    then: tuple[str, ...]
    reproduce: str
    why: str
    plots: tuple[tuple[str, Markup, Markup, tuple[str, ...]], ...]
    more: int


@dataclass(frozen=True, kw_only=True)
class CaseBlock:
    """A case on all its places. small: name, last figure, mark ("up", "down" or "") and plot of each.

    open: whether it is shown at once: the case itself changed somewhere, and not only a board that runs it.
    """

    name: str
    changed: int
    open: bool
    range: str
    small: tuple[tuple[str, str, str, Markup], ...]


def change_blocks(
    told: Sequence[LevelChange], series: Sequence[Series], days: Days
) -> Iterator[tuple[str, ChangeBlock]]:
    """The changes and their kinds, what is slower by most first."""
    drawn = 0
    for change in sorted(told, key=worst_first):
        found = [one for one in series if of_series(change, one.key)]
        found.sort(key=lambda one: -abs(_shift(one, change.first_night)))
        shown = found[: min(_MOST_LARGE, max(_MOST_LARGE_ALL - drawn, 0))]
        drawn += len(shown)
        block = ChangeBlock(
            text=sentence(change_text(change)),
            slower=change.ratio > 1,
            then=change.changed_then,
            reproduce=change.reproduce,
            why=change.why,
            plots=tuple(
                (
                    f"{what_of(one.key)} on {place_of(one.key)}",
                    our_markup(large(one, [change], days, WIDE)),
                    our_markup(large(one, [change], days, NARROW)),
                    tuple(f"{at}: {one_line(text)}" for at, text in one.versions),
                )
                for one in shown
            ),
            more=len(found) - len(shown),
        )
        yield change.kind, block


def _shift(series: Series, first_night: str) -> float:
    """How far the level after a night is from that before, relative; 0 where one of them is not known."""
    first = night_order(first_night)
    after = np.array([night_order(night) >= first for night in series.nights], dtype=bool)
    known = np.isfinite(series.undisturbed_ms) & ~series.doubtful
    before, later = series.undisturbed_ms[known & ~after], series.undisturbed_ms[known & after]
    return float(np.median(later) / np.median(before)) - 1 if before.size and later.size else 0.0


def case_blocks(
    told: Sequence[LevelChange], series: Sequence[Series], days: Days, last_night: str
) -> Iterator[CaseBlock]:
    """The cases, those that changed first; the places of each likewise. last_night: other figures say their date."""
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(what_of(one.key), []).append(one)
    blocks = []
    for name, members in groups.items():
        small, last, kinds = [], [], set[str]()
        for one in sorted(members, key=lambda one: place_of(one.key)):
            own = [change for change in told if of_series(change, one.key)]
            kinds |= {change.kind for change in own}
            marked = {each.first_night: each for each in (*one.changes, *own) if each.status == "confirmed"}
            known = np.flatnonzero(np.isfinite(one.undisturbed_ms) & ~one.doubtful)
            if known.size:
                value = float(one.undisturbed_ms[known[-1]])
                last.append(value)
                figure = f"{milliseconds(value)} ms{_not_of(last_night, one, int(known[-1]))}"
            else:
                figure = "no figure"
            mark = "" if not own else "up" if own[0].ratio > 1 else "down"
            small.append((place_of(one.key), figure, mark, our_markup(sparkline(one, list(marked.values()), days))))
        changed = sum(bool(mark) for _, _, mark, _ in small)
        small.sort(key=lambda one: not one[2])
        shown = bool(kinds - {"board"}) or len(groups) == 1
        blocks.append(CaseBlock(name=name, changed=changed, open=shown, range=_range(last), small=tuple(small)))
    yield from sorted(blocks, key=lambda one: (not one.open, -one.changed, one.name))


def _not_of(last_night: str, series: Series, index: int) -> str:
    """Says of which night a figure is that is not of the last one."""
    return "" if series.nights[index] == last_night else f" ({series.nights[index]})"


def _range(values: Sequence[float]) -> str:
    if not values:
        return "no figure"
    low, high = milliseconds(min(values)), milliseconds(max(values))
    return f"{low} ms" if low == high else f"{low} to {high} ms"
