"""How many samples one independent sample is worth."""

import numpy as np
import pytest

from devbench.stats.dependence import inefficiency


def test_a_constant_series_has_no_dependence() -> None:
    assert inefficiency(np.full(10, 0.3)) == 1.0


def test_one_value_is_one_value() -> None:
    assert inefficiency(np.array([2.0])) == 1.0


def test_alternation_earns_no_credit() -> None:
    assert inefficiency(np.tile([-1.0, 1.0], 50)) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_finds_the_known_value_of_an_autoregression(rho: float, draw) -> None:
    series = np.log(draw(1, 200_000, rho=rho))
    assert inefficiency(series) == pytest.approx((1 + rho) / (1 - rho), rel=0.1)


def test_independent_values_are_near_one(draw) -> None:
    assert 1.0 <= inefficiency(np.log(draw(2, 100_000))) < 1.1


def test_neither_scale_nor_shift_matters(draw) -> None:
    series = draw(3, 1000, rho=0.7).astype(float)
    assert inefficiency(5 * series - 7) == pytest.approx(inefficiency(series), rel=1e-6)


def test_each_repeat_of_a_sample_counts_for_nothing(draw) -> None:
    series = np.log(draw(4, 5000))
    assert inefficiency(np.repeat(series, 10)) == pytest.approx(10 * inefficiency(series), rel=0.15)


def test_more_fitted_parameters_hide_more(draw) -> None:
    series = np.log(draw(5, 200, rho=0.9))
    assert inefficiency(series, fitted=4) > inefficiency(series)
