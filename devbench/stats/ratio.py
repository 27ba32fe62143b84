"""The ratio of two medians and its interval, from two runs or from interleaved rounds."""

import math

import numpy as np

from devbench.stats.interval import Interval, LogEstimate, check_level, log_estimate, mean_over_rounds
from devbench.stats.round_median import Medians, RoundMedian, round_medians


def ratio_interval(numerator: Medians, denominator: Medians, *, paired: bool, level: float = 0.95) -> Interval:
    """Return the ratio of two medians with its interval; swapping the sides inverts all three numbers.

    The caller says "no difference shown" when `interval.holds(1.0)`.
    Source: Kalibera & Jones 2013 and arXiv 2007.10899, on logarithms; Welch-Satterthwaite when unpaired.

    Args:
        numerator: as for `median_interval`.
        denominator: the same.
        paired: True when round i of both sides ran next to each other (interleaved in one run): what both
            rounds share, such as a slow drift of the machine, then cancels. False for two separate runs.
            Pairing rounds that share nothing costs some width, and is still honest.
        level: between 0 and 1.

    Raises:
        ValueError: as for `median_interval`, or paired sides with different numbers of rounds.

    """
    check_level(level)
    return ratio_estimate(round_medians(numerator), round_medians(denominator), paired=paired).interval(level)


def divide(numerator: Interval, denominator: Interval) -> Interval:
    """Return the ratio of two intervals by their worst cases, for sides that have no samples.

    For published figures, which carry only their rounding ("2.2" is 2.15 to 2.25): an interval that follows
    from the ends, wider than needed when both sides were measured.

    Raises:
        ValueError: the denominator reaches zero.

    """
    if denominator.low <= 0:
        raise ValueError("the denominator's interval must lie above zero")
    return Interval(
        estimate=numerator.estimate / denominator.estimate,
        low=numerator.low / denominator.high,
        high=numerator.high / denominator.low,
        level=min(numerator.level, denominator.level),
        between_rounds=numerator.between_rounds and denominator.between_rounds,
        degrees_of_freedom=min(numerator.degrees_of_freedom, denominator.degrees_of_freedom),
        method="ends divided by ends",
    )


def ratio_estimate(numerator: list[RoundMedian], denominator: list[RoundMedian], *, paired: bool) -> LogEstimate:
    """Return the log ratio of two lists of round medians; the arithmetic behind `ratio_interval`."""
    if paired and len(numerator) != len(denominator):
        raise ValueError(f"paired sides need equal rounds, not {len(numerator)} and {len(denominator)}")
    if not paired or len(numerator) == 1:
        return subtract(log_estimate(numerator), log_estimate(denominator))
    pairs = list(zip(numerator, denominator, strict=True))
    return mean_over_rounds(
        np.array([one.log_median - other.log_median for one, other in pairs]),
        np.array([one.log_variance + other.log_variance for one, other in pairs]),
        max(one.log_tick for one in numerator) + max(one.log_tick for one in denominator),
    )


def subtract(one: LogEstimate, other: LogEstimate) -> LogEstimate:
    """Return the difference of two independent estimates (Welch-Satterthwaite degrees of freedom)."""
    variance = one.variance + other.variance
    spent = one.variance**2 / one.degrees_of_freedom + other.variance**2 / other.degrees_of_freedom
    fewest = min(one.degrees_of_freedom, other.degrees_of_freedom)
    return LogEstimate(
        value=one.value - other.value,
        variance=variance,
        degrees_of_freedom=variance**2 / spent if spent > 0 and math.isfinite(spent) else fewest,
        inside_variance=one.inside_variance + other.inside_variance,
        log_tick=one.log_tick + other.log_tick,
        between_rounds=one.between_rounds and other.between_rounds,
    )
