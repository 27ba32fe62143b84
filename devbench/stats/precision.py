"""How precise the median is, where the uncertainty comes from, and what halving it would cost."""

import math
from dataclasses import dataclass

import numpy as np

from devbench.stats.interval import check_level, interval_of
from devbench.stats.round_median import RoundSamples, round_medians
from devbench.stats.student import t_quantile

_WORTH_IT = 0.9
_MOST_ROUNDS = 1000


@dataclass(frozen=True)
class MedianPrecision:
    """What was reached and what more would bring. Shares and widths are relative: 0.01 is 1 %.

    relative_half_width: of the interval of the median.
    inside_spread: standard deviation of a round's median that its own samples explain.
    between_spread: standard deviation from round to round beyond that; None with one round.
    samples_help: whether twice the samples in every round would narrow the interval by 10 % or more.
    samples_factor_to_halve: times the present samples in every round; None: no number would.
    rounds_to_halve: rounds in all that halve it, if the spread stays; None with one round.
    """

    relative_half_width: float
    inside_spread: float
    between_spread: float | None
    samples_help: bool
    samples_factor_to_halve: float | None
    rounds_to_halve: int | None


def precision(rounds: RoundSamples, level: float = 0.95) -> MedianPrecision:
    """Split the variance of the rounds' medians and price a narrower interval.

    With few rounds the split is itself rough (two degrees of freedom with three rounds): advice, not a
    measurement. Source: Kalibera & Jones 2013, section 6: spend repetitions where the variance is.

    Args:
        rounds: as for `median_interval`.
        level: between 0 and 1.

    Raises:
        ValueError: as for `median_interval`.

    """
    check_level(level)
    medians = round_medians(rounds)
    reached = interval_of(medians, level).relative_half_width
    inside = float(np.mean([one.log_variance for one in medians]))
    if len(medians) == 1:
        return MedianPrecision(reached, math.sqrt(inside), None, inside > 0, 4.0 if inside > 0 else None, None)
    total = float(np.var([one.log_median for one in medians], ddof=1))
    between = max(total - inside, 0.0)
    all_together = between + inside
    left = all_together / 4 - between
    return MedianPrecision(
        relative_half_width=reached,
        inside_spread=math.sqrt(inside),
        between_spread=math.sqrt(between),
        samples_help=between + inside / 2 <= _WORTH_IT**2 * all_together and inside > 0,
        samples_factor_to_halve=inside / left if left > 0 else None,
        rounds_to_halve=_rounds_to_halve(len(medians), level),
    )


def _rounds_to_halve(rounds: int, level: float) -> int | None:
    """Fewest rounds whose factor t / sqrt(rounds) is half the present one."""

    def factor(count: int) -> float:
        return t_quantile((1 + level) / 2, count - 1) / math.sqrt(count)

    target = factor(rounds) / 2 * (1 + 1e-9)
    return next((count for count in range(rounds + 1, _MOST_ROUNDS) if factor(count) <= target), None)
