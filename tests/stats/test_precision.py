"""What a narrower interval would cost."""

import pytest

from devbench.stats import rounds_to_halve


@pytest.mark.parametrize(("rounds", "needed"), [(1, None), (2, 3), (3, 5), (5, 13)])
def test_rounds_that_halve_the_interval(rounds: int, needed: int | None) -> None:
    """t(2)/sqrt(3) = 2.484 and t(4)/sqrt(5) = 1.2415; t(12)/sqrt(13) = 0.604."""
    assert rounds_to_halve(rounds) == needed
