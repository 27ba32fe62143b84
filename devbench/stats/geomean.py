"""The geometric mean of ratios over several models, with a joint interval and its range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.between_runs import Spread, measured_again
from devbench.stats.interval import Interval, LogEstimate, check_level, mean_over_rounds
from devbench.stats.ratio import ratio_estimate, subtract
from devbench.stats.round_median import Medians, RoundMedian, round_medians


@dataclass(frozen=True)
class GeometricMean:
    """How many times faster over these models, and how much that hides.

    interval: of the geometric mean, for exactly these models: they are chosen, not drawn from all models.
    smallest, largest: the range of the models' ratios. models: how many.
    """

    interval: Interval
    smallest: float
    largest: float
    models: int


def geometric_mean_ratio(
    numerators: Sequence[Medians],
    denominators: Sequence[Medians],
    *,
    paired: bool,
    level: float = 0.95,
    spreads: Sequence[Spread] = (),
) -> GeometricMean:
    """Return the geometric mean over models of the ratio of medians, with its joint interval.

    Round i of all models of one side is taken to share what happened to the machine during round i, so the
    models are averaged round by round first and the rounds are the units that vary: models that are slow
    together cannot pass for independent evidence. Where models have different numbers of rounds that is not
    possible, and their errors are added as if fully shared (wider, never too narrow).
    Source: Fleming & Wallace 1986 (doi 10.1145/5666.5673) for the geometric mean.

    Args:
        numerators: one element per model, each as for `median_interval`.
        denominators: the same models in the same order.
        paired: as for `ratio_interval`.
        level: between 0 and 1.
        spreads: between runs, one for each side, where the two are of different runs; () inside one run.

    Raises:
        ValueError: no models, sides of different lengths, or what `ratio_interval` raises.

    """
    check_level(level)
    if not numerators or len(numerators) != len(denominators):
        raise ValueError(f"need the same models on both sides, not {len(numerators)} and {len(denominators)}")
    above = [round_medians(rounds) for rounds in numerators]
    below = [round_medians(rounds) for rounds in denominators]
    singles = [ratio_estimate(a, b, paired=paired) for a, b in zip(above, below, strict=True)]
    joint = _joint(above, below, paired=paired) or _as_if_fully_shared(singles)
    ratios = [math.exp(one.value) for one in singles]
    interval = measured_again(joint, spreads, level) if spreads else joint.interval(level)
    return GeometricMean(interval, min(ratios), max(ratios), len(ratios))


def _joint(above: list[list[RoundMedian]], below: list[list[RoundMedian]], *, paired: bool) -> LogEstimate | None:
    """Average over models round by round; None where the rounds do not line up or there is only one."""
    counts = {len(rounds) for rounds in above}, {len(rounds) for rounds in below}
    if any(len(count) > 1 or 1 in count for count in counts):
        return None
    a, b = _average(above), _average(below)
    if not paired:
        return subtract(mean_over_rounds(*a), mean_over_rounds(*b))
    return mean_over_rounds(a[0] - b[0], a[1] + b[1], a[2] + b[2])


def _average(models: list[list[RoundMedian]]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return, averaged over models: log median and its inside variance, shape (rounds,), and the tick."""
    logs = np.array([[one.log_median for one in rounds] for rounds in models])
    inside = np.array([[one.log_variance for one in rounds] for rounds in models])
    ticks = [max(one.log_tick for one in rounds) for rounds in models]
    return logs.mean(axis=0), inside.sum(axis=0) / len(models) ** 2, sum(ticks) / len(models)


def _as_if_fully_shared(singles: list[LogEstimate]) -> LogEstimate:
    """Average estimates whose errors may be one and the same: standard errors add, not variances."""
    models = len(singles)
    return LogEstimate(
        value=sum(one.value for one in singles) / models,
        variance=(sum(math.sqrt(one.variance) for one in singles) / models) ** 2,
        degrees_of_freedom=min(one.degrees_of_freedom for one in singles),
        inside_variance=(sum(math.sqrt(one.inside_variance) for one in singles) / models) ** 2,
        log_tick=sum(one.log_tick for one in singles) / models,
        between_rounds=all(one.between_rounds for one in singles),
    )


def geometric_mean_of_intervals(ratios: Sequence[Interval]) -> GeometricMean:
    """Return the geometric mean of ratios that have no samples: of the estimates, of the lower and of the upper ends.

    For published figures. It holds whatever the ratios share, and is wider than needed if they share nothing.

    Raises:
        ValueError: no ratios, or an end that is not above zero.

    """
    if not ratios or min(one.low for one in ratios) <= 0:
        raise ValueError("need one ratio or more, each above zero")
    ends = [[math.log(getattr(one, name)) for one in ratios] for name in ("estimate", "low", "high")]
    estimate, low, high = (math.exp(sum(logs) / len(logs)) for logs in ends)
    joint = Interval(
        estimate=estimate,
        low=low,
        high=high,
        level=min(one.level for one in ratios),
        between_rounds=all(one.between_rounds for one in ratios),
        degrees_of_freedom=min(one.degrees_of_freedom for one in ratios),
        method="means of the ends",
    )
    estimates = [one.estimate for one in ratios]
    return GeometricMean(joint, min(estimates), max(estimates), len(ratios))
