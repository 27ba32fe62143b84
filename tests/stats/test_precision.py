"""What was reached, and what more would bring."""

import math

import numpy as np
import pytest

from devbench.stats import median_interval, precision


def test_one_round_prices_samples_only(draw) -> None:
    found = precision([draw(1, 500)])
    assert found.between_spread is None
    assert found.rounds_to_halve is None
    assert (found.samples_help, found.samples_factor_to_halve) == (True, 4.0)


def test_reports_the_width_of_the_interval(draw) -> None:
    rounds = [draw(seed, 100) for seed in range(3)]
    assert precision(rounds).relative_half_width == median_interval(rounds).relative_half_width


@pytest.mark.parametrize(("rounds", "needed"), [(3, 5), (5, 13), (2, 3)])
def test_rounds_that_halve_it(rounds: int, needed: int, draw) -> None:
    """t(2)/sqrt(3) = 2.484 and t(4)/sqrt(5) = 1.2415; t(12)/sqrt(13) = 0.604."""
    assert precision([draw(seed, 100) for seed in range(rounds)]).rounds_to_halve == needed


def test_samples_do_not_help_where_rounds_differ(draw) -> None:
    rounds = [draw(seed, 400, spread=0.001, level=level) for seed, level in enumerate((0.99, 1.0, 1.01))]
    found = precision(rounds)
    assert not found.samples_help
    assert found.samples_factor_to_halve is None
    assert found.between_spread == pytest.approx(0.01, rel=0.05)


def test_samples_help_where_rounds_agree(draw) -> None:
    same = draw(1, 100)
    found = precision([same, same, same])
    assert found.between_spread == 0.0
    assert (found.samples_help, found.samples_factor_to_halve) == (True, pytest.approx(4.0))


def test_inside_spread_is_the_error_of_a_rounds_median(draw) -> None:
    """A normal sample's median has the standard error 1.2533 sigma / sqrt(n)."""
    found = precision([draw(seed, 5000) for seed in range(5)])
    assert found.inside_spread == pytest.approx(1.2533 * 0.01 / math.sqrt(5000), rel=0.15)


def test_constant_samples_have_nothing_to_gain() -> None:
    found = precision([np.full(10, 1000)] * 3)
    assert not found.samples_help
    assert found.samples_factor_to_halve is None
