"""How much longer a run goes on: rounds that are not planned yet, by what the rounds so far vary by.

A run to a precision ends when its rounds agree, so nobody knows beforehand how many there will be. Here one draws what
the next look may find, many times, and tells the middle of what it would then call for.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from devbench.stats.planning import rounds_planned

_DRAWS = 200
_USUAL_COUNTS_FOR = 4  # rounds: two or three of a case's own say little of their variance
_ASSUMED_SPREAD, _ASSUMED_COUNTS_FOR = 0.01, 1  # of the medians of rounds, while none shows it
_EARLIER_COUNTS_FOR = 8  # rounds: what earlier runs at the place showed


@dataclass(frozen=True, kw_only=True)
class Open:
    """A case that is not as precise as wanted yet.

    logs: log medians of its rounds that count. look_at: how many there will be when one looks next. most: how many
    there may be. wanted: half of its interval, relative. round_s: seconds of one round. usual_variance: of the log
    medians of such rounds.
    """

    logs: Sequence[float]
    look_at: int
    most: int
    wanted: float
    round_s: float
    usual_variance: float


def unplanned_s(cases: Iterable[Open]) -> float:
    """Seconds of the rounds that the next looks will probably add to those that are planned, of all these cases.

    The draws are the same each time: what is told changes with what was seen, and with nothing else.
    """
    random, seconds = np.random.default_rng(0), np.zeros(_DRAWS)
    for one in cases:
        degrees = max(len(one.logs) - 1, 0)
        squares = statistics.variance(one.logs) * degrees if degrees else 0.0
        known = degrees + _USUAL_COUNTS_FOR
        true = (squares + _USUAL_COUNTS_FOR * one.usual_variance) / random.chisquare(known, _DRAWS)
        more = one.look_at - 1 - degrees
        seen = (squares + true * (random.chisquare(more, _DRAWS) if more > 0 else 0.0)) / (one.look_at - 1)
        final = rounds_planned(seen, one.look_at, one.wanted, one.most)
        seconds += (final - one.look_at) * one.round_s
    return float(np.median(seconds))


def usual_variance(cases: Iterable[Sequence[float]], earlier: float | None) -> float:
    """Of the log medians of a case's rounds, by those of all `cases` at its place: what disturbs one disturbs others.

    By the median of their standard deviations: one case that varies much more says nothing of the others.
    earlier: variance that earlier runs showed; None if there were none. For the time left alone, and for no plan.
    """
    known = [logs for logs in cases if len(logs) > 1]
    degrees = sum(len(logs) - 1 for logs in known)
    middle = statistics.median(statistics.stdev(logs) for logs in known) if known else 0.0
    before, counts_for = (
        (_ASSUMED_SPREAD**2, _ASSUMED_COUNTS_FOR) if earlier is None else (earlier, _EARLIER_COUNTS_FOR)
    )
    return (degrees * middle**2 + counts_for * before) / (degrees + counts_for)
