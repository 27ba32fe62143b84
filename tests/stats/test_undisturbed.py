"""The ratio of the fastest percent."""

import math

import numpy as np
import pytest

from devbench.stats import ratio_interval, undisturbed_ratio
from devbench.stats.undisturbed import _REACH


def busy(base_ns: float, seed: int, rounds: int = 3) -> list[np.ndarray]:
    """Rounds of a shared machine: a fixed time, a little jitter, and seconds in which everything takes a quarter more."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        slow = np.repeat(rng.random(20) < rng.uniform(0.1, 0.9), 25)
        noise = rng.exponential(0.002, 500) + 0.001 * rng.random(500)
        found.append((base_ns * (1 + 0.25 * slow + noise)).astype(np.int64))
    return found


def test_finds_two_percent_where_the_medians_show_nothing() -> None:
    found = {"undisturbed": 0, "medians": 0}
    for seed in range(100):
        a, b = busy(1e6, seed, rounds=5), busy(1.02e6, seed + 1000, rounds=5)
        fastest = undisturbed_ratio(b, a)
        assert fastest is not None
        found["undisturbed"] += fastest.low > 1
        found["medians"] += ratio_interval(b, a, paired=False).low > 1
    assert found["undisturbed"] >= 95
    assert found["medians"] <= 15


@pytest.mark.parametrize("slow_processes", [0, 0.3])
@pytest.mark.parametrize("rounds", [(5, 5), (4, 7), (3, 20)])
def test_holds_one_where_there_is_no_difference(rounds: tuple[int, int], slow_processes: float) -> None:
    """Also where three processes in ten are 3 % slower for their whole life."""
    rng = np.random.default_rng(1)
    alarms = 0
    for seed in range(500):
        sides = [busy(1e6, seed + 1000 * which, count) for which, count in enumerate(rounds)]
        slowed = [[one * (1.03 if rng.random() < slow_processes else 1) for one in side] for side in sides]
        found = undisturbed_ratio(*slowed)
        assert found is not None
        alarms += not found.holds(1)
    assert alarms <= 11  # 5 are expected; more than 11 would be chance once in 190 times


def test_one_slow_process_of_five_changes_little() -> None:
    a, b = busy(1e6, 1, 5), busy(1.02e6, 2, 5)
    before = undisturbed_ratio(b, a)
    b[3] = b[3] * 1.3
    after = undisturbed_ratio(b, a)
    assert before is not None
    assert after is not None
    assert after.low > 1.01
    assert after.estimate == pytest.approx(before.estimate, rel=0.002)


@pytest.mark.parametrize("rounds", [2, 5, 8, 21])
def test_the_factors_are_those_of_normal_rounds(rounds: int) -> None:
    """Of 40,000 pairs of sides that are alike 1 % lie outside, give or take three standard errors (0.05 %)."""
    rng = np.random.default_rng(rounds)
    logs = np.sort(rng.standard_normal((2, 40_000, rounds)), axis=2)[..., : rounds // 2 + 1]
    means, spreads = logs.mean(axis=2), logs.std(axis=2, ddof=1)
    outside = abs(means[0] - means[1]) > _REACH[rounds - 2] * np.hypot(spreads[0], spreads[1])
    assert outside.mean() == pytest.approx(0.01, abs=0.0015)


def test_by_hand() -> None:
    """Of log times 0, d, 2d, 9d and 9d the faster half has the mean d and the standard deviation d."""
    level, d = 10**9, 0.01
    a = [np.full(5, level)] * 5
    b = [np.full(5, round(level * math.exp(x * d))) for x in (9, 1, 0, 2, 9)]
    found = undisturbed_ratio(b, a)
    assert found is not None
    assert found.estimate == pytest.approx(math.exp(d), rel=1e-8)
    assert found.high == pytest.approx(math.exp(d + 3.563 * d), rel=1e-7)
    turned = undisturbed_ratio(a, b)
    assert turned is not None
    assert turned.low == pytest.approx(1 / found.high, rel=1e-12)


def test_a_coarse_clock_is_allowed_for() -> None:
    """A clock of 1 us: rounds that all agree at 100 us are known to half a percent on each side, no better."""
    a = [np.array([100_000] * 400 + [101_000] * 100)] * 5
    found = undisturbed_ratio(a, a)
    assert found is not None
    assert found.high == pytest.approx(math.exp(0.01))


def test_it_is_not_decided_by_one_odd_sample() -> None:
    a = [np.full(500, 10**6, dtype=np.int64) for _ in range(3)]
    b = [samples.copy() for samples in a]
    for samples in b:
        samples[7] = 10
    found = undisturbed_ratio(b, a)
    assert found is not None
    assert found.estimate == pytest.approx(1)


def test_one_round_cannot_say() -> None:
    one = [np.full(5, 10**6)]
    assert undisturbed_ratio(one, one * 2) is None
