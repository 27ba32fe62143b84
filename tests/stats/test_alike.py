"""How much nights resemble those before them."""

from __future__ import annotations

import numpy as np
import pytest

from devbench.stats.alike import alike_alone, alike_of_all, widened


def _states(series: int, nights: int, from_night_to_night: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    state = np.zeros((series, nights))
    for night in range(1, nights):
        state[:, night] = from_night_to_night * state[:, night - 1] + rng.normal(0, 1, series)
    return state - np.median(state, axis=1)[:, None]


def test_of_many_nights_both_find_what_is_there() -> None:
    for true in (0.0, 0.6):
        state = _states(200, 400, true)
        variance = np.full_like(state, state.var())
        assert alike_of_all(state, variance, related=True)[:, 0].mean() == pytest.approx(true, abs=0.05)
        assert alike_alone(state, variance)[0][:, 0].mean() == pytest.approx(true, abs=0.08)


def test_a_short_series_alone_is_believed_little() -> None:
    short, long = _states(100, 10, 0.0), _states(100, 200, 0.0)
    (first, most), (later, most_later) = (alike_alone(one, np.full_like(one, one.var())) for one in (short, long))
    assert first[:, 0].mean() > later[:, 0].mean() + 0.15
    assert most.min() > 0.5
    assert most_later.mean() < 0.3


def test_nights_that_are_not_known_count_for_nothing() -> None:
    state = _states(5, 40, 0.6)
    with_gaps = np.concatenate([np.full((5, 20), np.nan), state], axis=1)
    for one, other in zip(
        alike_alone(state, np.ones_like(state)), alike_alone(with_gaps, np.ones_like(with_gaps)), strict=True
    ):
        np.testing.assert_allclose(one, other)


def test_the_variance_of_a_mean_is_that_of_nights_which_resemble_each_other() -> None:
    correlations = 0.5 ** np.arange(1, 11)[None, :].repeat(2, axis=0)
    np.testing.assert_allclose(widened(correlations, np.array([1, 2])), [1.0, 1.5])
    rho, nights = 0.5, 14
    lag = np.arange(1, nights)
    exact = 1 + 2 * ((1 - lag / nights) * rho**lag).sum()
    assert widened(correlations, np.array([nights, nights]))[0] == pytest.approx(exact, abs=0.01)
