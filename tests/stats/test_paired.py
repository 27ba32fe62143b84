"""Pairs of rounds: what is shown after several looks, on machines with slow phases and drift."""

import math

import numpy as np
import pytest

from devbench.stats.paired import LOOKS, level_of_a_look, paired_ratio, pairs_to_show


def _pairs(count: int, difference: float, rng: np.random.Generator) -> list[float]:
    """A shared machine: drift that both see, phases that hit one of the two, and now and then a slow process."""
    order = rng.random(count) < 0.5
    drift = rng.normal(0, 0.004, count) * np.where(order, 1, -1)
    phase = 0.2 * ((rng.random(count) < 0.15).astype(float) - (rng.random(count) < 0.15))
    return list(math.log1p(difference) + drift + phase + rng.normal(0, 0.015, count))


def test_looking_again_and_again_gives_at_most_five_alarms_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    alarms, trials = 0, 400
    for _ in range(trials):
        pairs = _pairs(LOOKS[4], 0.0, rng)
        looks = (paired_ratio(pairs[:count], level_of_a_look()) for count in LOOKS[:5])
        alarms += any(not one.holds(1.0) for one in looks)
    assert alarms / trials <= 0.05


def test_two_percent_are_found() -> None:
    rng = np.random.default_rng(2)
    found = sum(paired_ratio(_pairs(128, 0.02, rng), level_of_a_look()).low > 1 for _ in range(100))
    assert found >= 95


def test_swapping_the_sides_inverts_everything() -> None:
    pairs = _pairs(20, 0.1, np.random.default_rng(3))
    one, other = paired_ratio(pairs), paired_ratio([-value for value in pairs])
    assert (other.estimate, other.low) == pytest.approx((1 / one.estimate, 1 / one.high))


def test_how_many_pairs_it_would_take() -> None:
    pairs = list(np.random.default_rng(4).normal(0, 0.02, 50))
    assert 3 <= pairs_to_show(pairs, 0.01) / pairs_to_show(pairs, 0.02) <= 5


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="five pairs"):
        paired_ratio([0.0] * 4)
