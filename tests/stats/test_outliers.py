"""Tukey's fences."""

import numpy as np
import pytest

from devbench.stats import count_outliers

# Quartiles 3 and 7: width 4, mild fences -3 and 13, severe fences -9 and 19.
INSIDE = [1, 2, 3, 3, 3, 5, 5, 5, 7, 7, 7, 8, 9]


@pytest.mark.parametrize(
    ("pair", "kinds"),
    [
        ((-3, 13), (0, 0, 0, 0)),
        ((-4, 14), (0, 1, 1, 0)),
        ((-9, 19), (0, 1, 1, 0)),
        ((-10, 20), (1, 0, 0, 1)),
    ],
)
def test_counts_by_kind(pair: tuple[int, int], kinds: tuple[int, ...]) -> None:
    counts = count_outliers([np.array([*INSIDE, *pair])])
    assert (counts.low_severe, counts.low_mild, counts.high_mild, counts.high_severe) == kinds
    assert counts.total == sum(kinds)
    assert counts.samples == 15


def test_a_slow_round_is_not_an_outlier(draw) -> None:
    rounds = [draw(1, 50, spread=1e-4), draw(2, 50, spread=1e-4), draw(3, 3, spread=1e-4, level=2.0)]
    assert count_outliers(rounds).high_severe == 0


def test_rounds_add_up() -> None:
    one = np.array([*INSIDE, 100])
    assert count_outliers([one, one]).high_severe == 2 * count_outliers([one]).high_severe == 2


def test_nothing_counts_nothing() -> None:
    assert count_outliers([]).share == 0.0
    assert count_outliers([np.array([], dtype=np.int64)]).total == 0
