"""What a narrower interval of the median would cost."""

import math

from devbench.stats.interval import check_level
from devbench.stats.student import t_quantile

_MOST_ROUNDS = 1000


def rounds_to_halve(rounds: int, level: float = 0.95) -> int | None:
    """Return how many rounds in all halve the interval of the median that so many have given, if their spread stays.

    The interval is Student's t over the rounds: the fewest whose factor t / sqrt(rounds) is half the present one.
    None: one round cannot tell, or it takes more than a thousand.

    Args:
        rounds: that there are.
        level: of the interval, between 0 and 1.

    Raises:
        ValueError: another level.

    """
    check_level(level)
    if rounds == 1:
        return None

    def factor(count: int) -> float:
        return t_quantile((1 + level) / 2, count - 1) / math.sqrt(count)

    target = factor(rounds) / 2 * (1 + 1e-9)
    return next((count for count in range(rounds + 1, _MOST_ROUNDS) if factor(count) <= target), None)
