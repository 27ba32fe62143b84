"""Steadiness of a series."""

import numpy as np
import pytest

from devbench.stats import check_steady


def with_change(series: np.ndarray, change: np.ndarray) -> np.ndarray:
    return np.rint(series * (1 + change)).astype(np.int64)


@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("samples", [100, 1000])
def test_rarely_cries_wolf(rho: float, samples: int, draw) -> None:
    alarms = sum(not check_steady(draw(seed, samples, rho=rho, spread=0.05)).steady for seed in range(200))
    assert alarms <= 6


@pytest.mark.parametrize("place", [0.1, 0.2, 0.5, 0.8])
def test_finds_a_step_and_where(place: float, draw) -> None:
    at = round(400 * place)
    found = check_steady(with_change(draw(1, 400, rho=0.3), -0.05 * (np.arange(400) >= at)))
    assert not found.steady
    assert found.step_is_real
    assert abs(found.change_at - at) <= 5
    assert found.step == pytest.approx(-0.05, abs=0.006)


@pytest.mark.parametrize("samples", [60, 400, 20_000])
def test_finds_a_drift(samples: int, draw) -> None:
    found = check_steady(with_change(draw(2, samples, rho=0.3), np.linspace(0, 0.05, samples)))
    assert not found.steady
    assert found.drift_is_real
    assert found.drift == pytest.approx(0.05, abs=0.01)


def test_the_place_is_told_in_samples_not_batches(draw) -> None:
    found = check_steady(with_change(draw(3, 10_000), 0.05 * (np.arange(10_000) >= 4000)))
    assert abs(found.change_at - 4000) <= 100


def test_a_real_change_that_does_not_matter_is_steady(draw) -> None:
    found = check_steady(with_change(draw(4, 1000, spread=0.002), 0.01 * (np.arange(1000) >= 500)))
    assert found.step_is_real
    assert found.steady
    assert not check_steady(
        with_change(draw(4, 1000, spread=0.002), 0.01 * (np.arange(1000) >= 500)), tolerance=0.005
    ).steady


def test_outliers_are_not_a_step(draw) -> None:
    series = draw(5, 300)
    series[250:256] *= 20
    assert check_steady(series).steady


def test_too_few_samples_cannot_tell(draw) -> None:
    found = check_steady(draw(6, 19))
    assert not found.enough
    assert not found.steady


@pytest.mark.parametrize("samples", [20, 1000])
def test_a_constant_series_is_steady(samples: int) -> None:
    found = check_steady(np.full(samples, 1000))
    assert found.steady
    assert (found.step, found.drift) == (0.0, 0.0)


def test_a_clean_step_without_any_noise_is_found() -> None:
    found = check_steady(np.repeat([1_000_000, 1_050_000], 50))
    assert not found.steady
    assert found.change_at == 50


def test_a_sticky_series_is_worth_fewer_samples(draw) -> None:
    assert check_steady(draw(7, 2000, rho=0.99)).effective_samples < 300


def test_scale_does_not_matter(draw) -> None:
    series = draw(8, 200, rho=0.5)
    small, large = check_steady(series), check_steady(1000 * series)
    assert (small.steady, small.change_at) == (large.steady, large.change_at)
    assert small.drift == pytest.approx(large.drift, rel=1e-6)


def test_refuses_more_than_one_dimension() -> None:
    with pytest.raises(ValueError, match="shape"):
        check_steady(np.ones((5, 5), np.int64))
