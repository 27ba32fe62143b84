"""How many rounds, and how long ones: from what the rounds so far varied by, and from what a start costs.

Source: Kalibera & Jones 2013 (doi 10.1145/2464157.2464160), section 6: repeat where the variance is, at the length at
which a second brings most.
"""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from devbench.stats.round_median import RoundMedian
from devbench.stats.student import t_quantile

MOST_ROUNDS = 10_000
SURE = 1.5
"""Times the variance that rounds have shown, for which their number is planned: most cases are then there when one
looks next, and how long that takes is known."""
_NARROWER = 0.9
_USUAL_COUNTS_FOR = 4  # rounds
_NEARLY_NORMAL = 30  # degrees of freedom, from which on a series for the quantile is right to five digits


@dataclass(frozen=True)
class Variation:
    """Where the medians of rounds vary.

    within_s: variance of a round's log median that its own samples explain, times the seconds of its loop: a loop of
        twice the length has half of that variance. Autocorrelation is in it.
    between: variance from process to process beyond that.
    """

    within_s: float
    between: float

    def of_a_round(self, loop_s: float) -> float:
        """Variance of the log median of one more round with a loop of `loop_s` seconds."""
        return self.between + self.within_s / loop_s

    def drawn_to(self, usual_between: float, rounds: int) -> Variation:
        """The same, the variance between processes drawn to the usual one of a place while rounds are few."""
        degrees = rounds - 1
        between = (degrees * self.between + _USUAL_COUNTS_FOR * usual_between) / (degrees + _USUAL_COUNTS_FOR)
        return replace(self, between=between)


def variation(medians: Sequence[RoundMedian], loops_s: Sequence[float]) -> Variation:
    """Split the variance of the log medians of rounds whose loops took `loops_s` seconds.

    Raises ValueError for fewer than two rounds, or a loop that took no time.
    """
    if len(medians) < 2 or min(loops_s) <= 0:  # noqa: PLR2004
        raise ValueError("a variation needs two rounds or more, and loops that took some time")
    inside = np.array([one.log_variance for one in medians])
    total = float(np.var([one.log_median for one in medians], ddof=1))
    return Variation(
        within_s=float(np.median(inside * np.array(loops_s))),  # one disturbed round says little of the others
        between=max(total - float(inside.mean()), 0.0),
    )


def best_loop_s(found: Variation, start_s: float, least_s: float, most_s: float) -> float:
    """Return the length of loop at which a second narrows the interval most.

    A round costs `start_s + loop_s` and brings a variance of `between + within_s / loop_s`; their product is smallest
    where loop_s is sqrt(start_s * within_s / between). Where processes do not differ, that is as long as may be.
    """
    best = math.sqrt(start_s * found.within_s / found.between) if found.between > 0 else math.inf
    return min(max(best, least_s), most_s)


def half_width(variance: float, rounds: int, level: float = 0.95) -> float:
    """Return half of the interval, relative, of so many rounds whose log medians have this variance; inf of one."""
    if rounds < 2:  # noqa: PLR2004
        return math.inf
    return t_quantile((1 + level) / 2, rounds - 1) * math.sqrt(variance / rounds)


def variance_behind(half_width: float, rounds: int, level: float = 0.95) -> float:
    """Return the variance of the log medians of two rounds or more whose interval is so wide; undoes `half_width`."""
    return rounds * (half_width / t_quantile((1 + level) / 2, rounds - 1)) ** 2


def rounds_to_reach(variance: float, wanted: float, level: float = 0.95) -> int:
    """Return how many rounds in all make half of the interval as narrow as `wanted`; `MOST_ROUNDS` at most."""
    low, high = 2, MOST_ROUNDS
    while low < high:  # it narrows with each round
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(variance, middle, level) <= wanted else (middle + 1, high)
    return low


def rounds_planned(variances: NDArray[np.float64], rounds: int, wanted: float, most: int) -> NDArray[np.int64]:
    """Return how many rounds there will be in all, where so many show these variances of their log medians.

    As `shares` plans them: none is added where they are as narrow as `wanted`, else as many as `SURE` asks for. A lap
    that is cut short is not looked at. Shape (n,) as `variances`; `most` at most, and no fewer than there are.
    """
    most = max(min(most, MOST_ROUNDS), rounds)
    reach = _reach(max(most, 2))  # of n rounds, at place n - 2
    there = np.sqrt(variances) <= wanted * reach[max(rounds, 2) - 2]
    needed = 2 + np.searchsorted(reach, np.sqrt(SURE * variances) / wanted)
    return np.where(there, rounds, np.clip(needed, min(rounds + 1, most), most))


@functools.lru_cache(maxsize=64)
def _reach(most: int) -> NDArray[np.float64]:
    """For 2 to `most` rounds: the standard deviation of their log medians at which half of the interval is 1."""
    counts = np.arange(2, most + 1)
    degrees, z = np.maximum(counts - 1.0, 1.0), t_quantile(0.975, math.inf)
    t = z + (z**3 + z) / 4 / degrees + (5 * z**5 + 16 * z**3 + 3 * z) / 96 / degrees**2
    few = counts[:_NEARLY_NORMAL]
    t[: few.size] = [t_quantile(0.975, float(count - 1)) for count in few]
    reach: NDArray[np.float64] = np.sqrt(counts) / t
    return reach


def no_longer_narrows(medians: Sequence[RoundMedian], fewest: int) -> bool:
    """Whether the level itself moves, so that more rounds do not help: `medians` in the order measured.

    Seen by two things: the second half of the rounds, `fewest` or more, has narrowed the interval by less than a tenth,
    where rounds that vary about one level narrow it by four; and neighbours are alike, their mean square difference
    less than the variance (von Neumann 1941: twice the variance where rounds are independent).
    """
    half = len(medians) // 2
    if half < fewest:
        return False
    logs = np.array([one.log_median for one in medians])
    first, both = (half_width(float(part.var(ddof=1)), part.size) for part in (logs[:half], logs))
    neighbours = float((np.diff(logs) ** 2).mean())
    return both > _NARROWER * first and neighbours < float(logs.var(ddof=1))


@dataclass(frozen=True)
class Candidate:
    """A case that may get more rounds.

    rounds: those that count so far. seen_variance: of their log medians. variance: of that of one more, whose loop may
        be longer. wanted: half of the interval asked for. most: how many more it may have. round_s: seconds of one.
    until_there: whether it stops when it is as narrow as wanted; else `wanted` says only how it compares with others.
    """

    name: str
    rounds: int
    seen_variance: float
    variance: float
    wanted: float
    most: int
    round_s: float
    until_there: bool = True

    def relative_width(self, more: int) -> float:
        """Half of the interval after so many more rounds, over what was asked for."""
        count = self.rounds + more
        variance = (self.rounds * self.seen_variance + more * self.variance) / count
        return half_width(variance, count) / self.wanted


def shares(candidates: Sequence[Candidate], seconds: float) -> dict[str, int]:
    """Return how many more rounds each case gets in `seconds`, which may be without end.

    One round after the other goes to the case whose interval will be the widest, compared with what was asked, among
    those that still fit.
    """
    given = dict.fromkeys((one.name for one in candidates), 0)
    heap = [(-one.relative_width(0), place) for place, one in enumerate(candidates)]
    heapq.heapify(heap)
    while heap:
        width, place = heapq.heappop(heap)
        one = candidates[place]
        if given[one.name] >= one.most or one.round_s > seconds or (one.until_there and -width <= 1):
            continue  # for good: seconds only become fewer
        given[one.name] += 1
        seconds -= one.round_s
        heapq.heappush(heap, (-one.relative_width(given[one.name]), place))
    return given
