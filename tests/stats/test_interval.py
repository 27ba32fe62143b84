"""The interval of a median."""

import math

import numpy as np
import pytest

from devbench.stats import median_interval


def rounds_at(*medians: int) -> list[np.ndarray]:
    return [np.full(9, median) for median in medians]


def test_three_rounds_by_hand() -> None:
    """Medians e^-d, 1, e^d around m: t(2) = 4.3027 times d / sqrt(3), plus half a tick."""
    level = 10**9
    d = 0.01
    medians = [round(level * math.exp(-d)), level, round(level * math.exp(d))]
    interval = median_interval(rounds_at(*medians))
    reach = 4.302653 * d / math.sqrt(3)
    assert interval.estimate == pytest.approx(level, rel=1e-9)
    assert interval.low == pytest.approx(level * math.exp(-reach), rel=1e-7)
    assert interval.high == pytest.approx(level * math.exp(reach), rel=1e-7)
    assert interval.degrees_of_freedom == 2
    assert interval.between_rounds


def test_the_estimate_is_the_geometric_mean_of_the_round_medians() -> None:
    assert median_interval(rounds_at(1000, 4000)).estimate == pytest.approx(2000)


def test_a_longer_round_counts_no_more() -> None:
    short_and_long = [np.full(10, 1000), np.full(10_000, 4000)]
    assert median_interval(short_and_long).estimate == pytest.approx(2000)


def test_one_round_says_so(draw) -> None:
    interval = median_interval([draw(1, 500)])
    assert not interval.between_rounds
    assert interval.holds(interval.estimate)


def test_one_sticky_round_is_wider_than_an_independent_one(draw) -> None:
    independent, sticky = (median_interval([draw(1, 2000, rho=rho)]) for rho in (0.0, 0.9))
    assert sticky.relative_half_width > 2.5 * independent.relative_half_width


def test_rounds_that_agree_by_luck_are_no_narrower_than_their_samples_allow(draw) -> None:
    same = draw(1, 100)
    interval = median_interval([same, same, same])
    assert interval.relative_half_width > 0.01 * 1.25 / math.sqrt(300) / 2


def test_a_coarse_clock_is_never_exact() -> None:
    interval = median_interval([np.array([1000, 1000, 1000, 2000])] * 3)
    assert interval.low < 550
    assert interval.high > 1490


def test_a_higher_level_is_wider(draw) -> None:
    rounds = [draw(seed, 100) for seed in range(3)]
    assert median_interval(rounds, 0.99).low < median_interval(rounds, 0.95).low


def test_scale_changes_nothing_but_the_scale(draw) -> None:
    rounds = [draw(seed, 100, rho=0.5) for seed in range(3)]
    small, large = median_interval(rounds), median_interval([1000 * one for one in rounds])
    assert (large.estimate, large.low, large.high) == pytest.approx(
        (1000 * small.estimate, 1000 * small.low, 1000 * small.high)
    )


def test_the_order_of_rounds_does_not_matter(draw) -> None:
    rounds = [draw(seed, 100) for seed in range(4)]
    forth, back = median_interval(rounds), median_interval(rounds[::-1])
    assert (forth.low, forth.high) == pytest.approx((back.low, back.high), rel=1e-12)


def test_the_same_samples_give_the_same_interval_and_stay_as_they_were(draw) -> None:
    rounds = [draw(seed, 100) for seed in range(3)]
    kept = [one.copy() for one in rounds]
    assert median_interval(rounds) == median_interval(rounds)
    assert all(np.array_equal(one, copy) for one, copy in zip(rounds, kept, strict=True))


@pytest.mark.parametrize("rounds", [3, 5])
def test_holds_the_truth_about_as_often_as_it_says(rounds: int, draw) -> None:
    """Rounds 0.6 % apart, samples sticky inside: 300 trials, 95 % within four standard errors."""
    rng = np.random.default_rng(99)
    hits = 0
    for trial in range(300):
        levels = np.exp(0.006 * rng.standard_normal(rounds))
        series = [draw(1000 * trial + i, 60, rho=0.8, level=level) for i, level in enumerate(levels)]
        hits += median_interval(series).holds(1e6)
    assert 0.90 <= hits / 300 <= 0.99


def test_refuses_a_level_that_is_none() -> None:
    with pytest.raises(ValueError, match="level"):
        median_interval([np.array([1])], 95)
