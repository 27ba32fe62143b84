"""How much a figure varies when it is measured again at another time, and the interval that covers it.

Inside a run rounds are minutes apart at most. From one run to the next a machine drifts further: neighbours on a shared
host, temperature, memory layout. No number of rounds in one run shows that, so it is learned from earlier runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from devbench.stats.interval import Interval, LogEstimate, check_level
from devbench.stats.student import t_quantile

METHOD = "Student t over rounds, with the spread between runs"
DEFAULT_DEGREES_OF_FREEDOM = 3.0
LEAST_DEGREES_OF_FREEDOM = 1.0
"""How many earlier runs, less one, the default counts for: at first, and from eight on. It must not widen for
ever what a quiet place has shown, and a little of it stays, as all of these runs may be of one quiet hour."""
_FADES_BY = 0.25


@dataclass(frozen=True)
class Spread:
    """The spread between runs at one place.

    log_sd: standard deviation of the logarithm of a figure from run to run, beyond what one run shows: 0.02 is 2 %.
    degrees_of_freedom: what it is worth. runs: earlier runs that it was learned from; 0 is a default.
    """

    log_sd: float
    degrees_of_freedom: float
    runs: int


@dataclass(frozen=True)
class RunEstimate:
    """One case of one earlier run: the logarithm of its figure, and the variance of that as this run alone shows it."""

    log_value: float
    inside_variance: float


def spread_between_runs(cases: Sequence[Sequence[RunEstimate]], default_sd: float) -> Spread:
    """Return the spread between runs, learned from earlier ones; while they are few, a default counts as well.

    The variance of each case over its runs, less what the runs themselves explain, pooled over cases. The cases of a
    run share what happened to the machine, so they count for one when it comes to degrees of freedom. Default and
    learned variance are weighted by theirs (a scaled inverse chi-squared prior), and the default's weight falls.

    Args:
        cases: for each case its figure in every earlier run, one or more.
        default_sd: what to assume of a place that nothing is known of.

    Raises:
        ValueError: a default that is not positive.

    """
    if not default_sd > 0:
        raise ValueError(f"the default spread must be positive, not {default_sd}")
    excess, degrees, most = 0.0, 0, 0
    for runs in cases:
        count = len(runs)
        if count < 2:  # noqa: PLR2004 - one run varies from nothing
            continue
        mean = sum(one.log_value for one in runs) / count
        squares = sum((one.log_value - mean) ** 2 for one in runs)
        explained = sum(one.inside_variance for one in runs) * (1 - 1 / count)
        excess += squares - explained
        degrees += count - 1
        most = max(most, count - 1)
    learned = max(excess, 0.0) / degrees if degrees else 0.0
    default = max(DEFAULT_DEGREES_OF_FREEDOM - _FADES_BY * most, LEAST_DEGREES_OF_FREEDOM)
    total = default + most
    variance = (default * default_sd**2 + most * learned) / total
    return Spread(log_sd=math.sqrt(variance), degrees_of_freedom=total, runs=most + 1 if most else 0)


def measured_again(estimate: LogEstimate, spreads: Sequence[Spread], level: float = 0.95) -> Interval:
    """Return the interval of exp(value) that covers measuring again at another time.

    Args:
        estimate: what one run shows, or the ratio of two.
        spreads: one for each run that is in it: one for a figure, two for a ratio of two runs.
        level: between 0 and 1.

    Raises:
        ValueError: a level outside its range.

    """
    check_level(level)
    inside = max(estimate.variance, estimate.inside_variance)
    between = sum(one.log_sd**2 for one in spreads)
    spent = inside**2 / estimate.degrees_of_freedom
    if spreads:  # two runs of one place share what is known of it: their spreads are one estimate, not two
        spent += between**2 / min(one.degrees_of_freedom for one in spreads)
    variance = inside + between
    degrees = variance**2 / spent if spent > 0 else estimate.degrees_of_freedom
    reach = t_quantile((1 + level) / 2, max(degrees, 1.0)) * math.sqrt(variance) + estimate.log_tick
    # With few rounds that disagree much, the added degrees of freedom narrow more than the added variance widens.
    reach = max(reach, estimate.log_reach(level))
    return Interval(
        estimate=math.exp(estimate.value),
        low=math.exp(estimate.value - reach),
        high=math.exp(estimate.value + reach),
        level=level,
        between_rounds=estimate.between_rounds,
        degrees_of_freedom=degrees,
        method=METHOD,
    )


def smallest_visible(spreads: Sequence[Spread], inside_variance: float = 0.0, level: float = 0.95) -> float:
    """Return the smallest difference that two such runs can show: 0.06 is 6 %. inside_variance: of their ratio."""
    estimate = LogEstimate(0.0, inside_variance, 4.0, inside_variance, 0.0, True)
    return measured_again(estimate, spreads, level).high - 1
