"""Two cases side by side: many short rounds in pairs, and the interval of their ratio after any number of looks.

The order inside each pair is drawn at random. So, where there is no difference, a pair's log ratio is as likely to be
positive as negative, whatever the noise is like: slow phases, outliers and drift included. The signed-rank interval
needs no more than that.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from devbench.stats.interval import Interval, check_level

METHOD = "Hodges-Lehmann over pairs of rounds"
LOOKS = (8, 16, 32, 64, 128, 256)
"""After how many pairs one looks whether it is decided; each look may err in a sixth of what is allowed in all.

Signed ranks of a few pairs come in steps, so the looks err in 0.8, 0.4, 0.5, 0.6, 0.6 and 0.7 of 100 where 0.67 are
allowed each (4 of 100 in all): that of eight pairs a little more often, all together in 3.6.
"""


def paired_ratio(log_ratios: Sequence[float], level: float = 0.95) -> Interval:
    """Return the ratio of two cases from the log ratios of their pairs, with its interval.

    The estimate is the median of all means of two pairs (Hodges & Lehmann 1963), which one disturbed pair in five moves
    little; the interval holds those that the Wilcoxon signed-rank test does not reject.

    Args:
        log_ratios: one for each pair of rounds, five or more.
        level: between 0 and 1. With few pairs no interval reaches a high level: then it is all there is.

    Raises:
        ValueError: fewer than five pairs, or a level outside its range.

    """
    check_level(level)
    count = len(log_ratios)
    if count < 5:  # noqa: PLR2004
        raise ValueError(f"a paired ratio needs five pairs or more, not {count}")
    values = np.asarray(log_ratios, dtype=float)
    above, below = np.triu_indices(count)
    averages = np.sort((values[above] + values[below]) / 2)
    spread = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    rank = max(math.floor(count * (count + 1) / 4 - spread), 0)
    return Interval(
        estimate=math.exp(float(np.median(averages))),
        low=math.exp(float(averages[rank])),
        high=math.exp(float(averages[-1 - rank])),
        level=level,
        between_rounds=True,
        degrees_of_freedom=count - 1.0,
        method=METHOD,
    )


def level_of_a_look(level: float = 0.95) -> float:
    """Return the level at which each of `LOOKS` is taken, so that all of them together keep `level` (Bonferroni)."""
    return 1 - (1 - level) / len(LOOKS)


def pairs_to_show(log_ratios: Sequence[float], difference: float, level: float = 0.95) -> int:
    """Return how many pairs it takes, if all are like these, until the interval is as narrow as `difference` each way.

    difference: 0.02 is 2 %. Raises ValueError as `paired_ratio`.
    """
    found = paired_ratio(log_ratios, level)
    reach = math.log(found.high / found.low) / 2
    return math.ceil(len(log_ratios) * (reach / math.log1p(difference)) ** 2)
