"""How much longer a run goes on: rounds that are not planned yet, by what the rounds so far vary by.

A run to a precision ends when its rounds agree, so nobody knows beforehand how many there will be. Here one draws what
the next look may find, many times, and tells the middle of what it would then call for, or between what it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from devbench.stats.planning import rounds_planned

_DRAWS = 200
_LIKELY = (0.1, 0.5, 0.9)  # of the draws: eight of ten are between the first and the last
_NEAR = 0.2
_USUAL_COUNTS_FOR = 4  # rounds: two or three of a case's own say little of their variance
_ASSUMED_SPREAD, _ASSUMED_COUNTS_FOR = 0.01, 1  # of the medians of rounds, while none shows it
_LEAST_WORTH = 4  # degrees of freedom
_EARLIER_COUNTS_FOR = 8  # rounds: what earlier runs at the place showed


@dataclass(frozen=True)
class Left:
    """Seconds until a run is over: as far as one knows, and between what they probably are (eight times of ten)."""

    seconds: float
    least_s: float
    most_s: float

    @property
    def known(self) -> bool:
        """Whether one figure is enough: both ends are within a fifth of it."""
        return self.least_s >= (1 - _NEAR) * self.seconds and self.most_s <= (1 + _NEAR) * self.seconds

    @staticmethod
    def exactly(seconds: float) -> Left:
        """Where nothing is to be found out."""
        return Left(seconds, seconds, seconds)

    def longer_by(self, seconds: float) -> Left:
        """The same, and so many seconds more."""
        return Left(self.seconds + seconds, self.least_s + seconds, self.most_s + seconds)

    def within(self, part: float) -> Left:
        """The same, where seconds themselves are known to such a part only; what is known exactly stays so."""
        if self.least_s == self.most_s:
            return self
        return Left(self.seconds, (1 - part) * self.least_s, (1 + part) * self.most_s)

    def at_most(self, limit_s: float) -> Left:
        """The same, if the run ends after `limit_s` whatever there is to do."""
        return Left(min(self.seconds, limit_s), min(self.least_s, limit_s), min(self.most_s, limit_s))


@dataclass(frozen=True, kw_only=True)
class Open:
    """A case that is not as precise as wanted yet.

    logs: log medians of its rounds that count. look_at: how many there will be when one looks next. most: how many
    there may be. wanted: half of its interval, relative. round_s: seconds of one round. earlier_variance: of such log
    medians in earlier runs; None where there were none.
    """

    logs: Sequence[float]
    look_at: int
    most: int
    wanted: float
    round_s: float
    earlier_variance: float | None = None


def unplanned(cases: Iterable[Open], logs_here: Iterable[Sequence[float]]) -> Left:
    """The rounds that the next looks will probably add to those that are planned, of all these cases.

    logs_here: of all cases of this run at their place, also of those that get no more rounds: what disturbs one
    disturbs the others. The draws are the same each time: what is told changes with what was seen, and with nothing
    else.
    """
    here, here_counts_for = _variance_of(logs_here)
    random, seconds = np.random.default_rng(0), np.zeros(_DRAWS)
    worth = max(here_counts_for, _LEAST_WORTH)
    common = worth / random.chisquare(worth, _DRAWS)  # the place may be calmer or wilder than it seemed, for all cases
    for one in cases:
        before, counts_for = _ASSUMED_SPREAD**2, _ASSUMED_COUNTS_FOR
        if one.earlier_variance is not None:
            before, counts_for = one.earlier_variance, _EARLIER_COUNTS_FOR
        usual = (here_counts_for * here + counts_for * before) / (here_counts_for + counts_for)
        degrees = max(len(one.logs) - 1, 0)
        squares = float(np.var(one.logs)) * len(one.logs) if degrees else 0.0
        true = (squares + _USUAL_COUNTS_FOR * usual * common) / random.chisquare(degrees + _USUAL_COUNTS_FOR, _DRAWS)
        more = one.look_at - 1 - degrees
        seen = (squares + true * (random.chisquare(more, _DRAWS) if more > 0 else 0.0)) / (one.look_at - 1)
        final = rounds_planned(seen, one.look_at, one.wanted, one.most)
        seconds += (final - one.look_at) * one.round_s
    least_s, likely_s, most_s = np.quantile(seconds, _LIKELY)
    return Left(float(likely_s), float(least_s), float(most_s))


def _variance_of(cases: Iterable[Sequence[float]]) -> tuple[float, int]:
    """The usual variance of the log medians of rounds, and its degrees of freedom.

    By the median of their standard deviations: one case that varies much more says nothing of the others.
    """
    known = [logs for logs in cases if len(logs) > 1]
    if not known:
        return 0.0, 0
    return statistics.median(float(np.std(logs, ddof=1)) for logs in known) ** 2, sum(len(logs) - 1 for logs in known)
