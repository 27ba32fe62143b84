"""The median of a case and its interval: rounds are the units that vary, samples inside a round are not.

Why not a two-level bootstrap (rounds, then blocks): with three rounds it has three values to draw from, and
its 95 % intervals cover the true value too rarely (benchmarks/coverage.md). Student's t over the medians of the
rounds needs no model of what happens inside a round: no autocorrelation, mode or outlier there can fool it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.round_median import Medians, RoundMedian, round_medians
from devbench.stats.student import t_quantile

OVER_ROUNDS = "Student t over the log medians of the rounds"
INSIDE_ROUNDS = "order statistics at the effective number of samples"


@dataclass(frozen=True)
class Interval:
    """An estimate with a confidence interval: it covers the true value `level` of the time.

    estimate, low, high: in the unit of what was estimated: nanoseconds for a median, none for a ratio.
    level: 0.95 for 95 %.
    between_rounds: False when a side had one round only: the interval then speaks of those processes alone,
        and a fresh process may well fall outside it.
    degrees_of_freedom: what the estimated variance is worth.
    method: one line for the reader of a table.
    """

    estimate: float
    low: float
    high: float
    level: float
    between_rounds: bool
    degrees_of_freedom: float
    method: str

    @property
    def relative_half_width(self) -> float:
        """Half the width over the estimate: 0.01 is plus or minus 1 %."""
        return (self.high - self.low) / 2 / self.estimate

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class LogEstimate:
    """The mean over rounds of something logarithmic, with what is known of its variance.

    value: the mean. variance: of that mean. degrees_of_freedom: what the variance is worth.
    inside_variance: the part of it that the samples inside the rounds explain.
    log_tick: half a clock tick, relative. between_rounds: as in `Interval`.
    """

    value: float
    variance: float
    degrees_of_freedom: float
    inside_variance: float
    log_tick: float
    between_rounds: bool

    def log_reach(self, level: float) -> float:
        """Return the half width of the interval of `value`.

        Two floors keep a lucky agreement of few rounds from looking exact: one standard error as known
        inside the rounds, and half a clock tick.
        """
        reach = t_quantile((1 + level) / 2, self.degrees_of_freedom) * math.sqrt(self.variance)
        return max(reach, math.sqrt(self.inside_variance)) + self.log_tick

    def interval(self, level: float) -> Interval:
        """Return the interval of exp(value)."""
        reach = self.log_reach(level)
        return Interval(
            estimate=math.exp(self.value),
            low=math.exp(self.value - reach),
            high=math.exp(self.value + reach),
            level=level,
            between_rounds=self.between_rounds,
            degrees_of_freedom=self.degrees_of_freedom,
            method=OVER_ROUNDS if self.between_rounds else INSIDE_ROUNDS,
        )


def median_interval(rounds: Medians, level: float = 0.95) -> Interval:
    """Return the median latency of a case in nanoseconds with its interval.

    The estimate is the geometric mean of the medians of the rounds: each process counts the same, however
    many samples it gave, and ratios of estimates equal estimates of ratios exactly. It may differ from the
    pooled p50 by a part of the spread between rounds. The interval is Student's t on the logarithms of the
    round medians. With one round the interval can speak of that process only (`between_rounds` is False).
    Source: Kalibera & Jones 2013 (doi 10.1145/2464157.2464160): repeat, and compute, at the highest level
    that varies.

    Args:
        rounds: one array per round, shape (n_i,), nanoseconds, in the order measured.
        level: between 0 and 1.

    Raises:
        ValueError: no rounds, an empty round, a median that is not positive, a level outside its range.

    """
    check_level(level)
    return interval_of(round_medians(rounds), level)


def interval_of(medians: list[RoundMedian], level: float) -> Interval:
    """Return `median_interval` of rounds that were already sorted and weighed."""
    if len(medians) > 1:
        return log_estimate(medians).interval(level)
    only = medians[0]
    low, high = only.bounds_ns(level)
    return Interval(only.median_ns, low, high, level, False, only.degrees_of_freedom, INSIDE_ROUNDS)


def check_level(level: float) -> None:
    """Raise ValueError unless 0 < level < 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level}")


def log_estimate(medians: list[RoundMedian]) -> LogEstimate:
    """Return the mean log median over the rounds; with one round, its inside variance is all there is."""
    values = np.array([one.log_median for one in medians])
    inside = np.array([one.log_variance for one in medians])
    tick = max(one.log_tick for one in medians)
    if len(medians) == 1:
        degrees = medians[0].degrees_of_freedom
        return LogEstimate(float(values[0]), float(inside[0]), degrees, float(inside[0]), tick, False)
    return mean_over_rounds(values, inside, tick)


def mean_over_rounds(
    values: NDArray[np.float64],
    inside: NDArray[np.float64],
    log_tick: float,
) -> LogEstimate:
    """Return the mean of two or more values, one per round, each with its inside variance."""
    count = values.size
    return LogEstimate(
        value=float(values.mean()),
        variance=float(values.var(ddof=1)) / count,
        degrees_of_freedom=count - 1.0,
        inside_variance=float(inside.sum()) / count**2,
        log_tick=log_tick,
        between_rounds=True,
    )
