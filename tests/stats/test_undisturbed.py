"""The ratio of the fastest percent."""

import math

import numpy as np
import pytest

from devbench.stats import ratio_interval, undisturbed_ratio


def busy(base_ns: float, seed: int, rounds: int = 3) -> list[np.ndarray]:
    """Rounds of a shared machine: a fixed time, a little jitter, and seconds in which everything takes a quarter more."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        slow = np.repeat(rng.random(20) < rng.uniform(0.1, 0.9), 25)
        noise = rng.exponential(0.002, 500) + 0.001 * rng.random(500)
        found.append((base_ns * (1 + 0.25 * slow + noise)).astype(np.int64))
    return found


@pytest.mark.parametrize("paired", [True, False])
def test_finds_two_percent_where_the_medians_show_nothing(paired: bool) -> None:
    found = {"undisturbed": 0, "medians": 0}
    for seed in range(100):
        a, b = busy(1e6, seed), busy(1.02e6, seed + 1000)
        fastest = undisturbed_ratio(b, a, paired=paired)
        assert fastest is not None
        found["undisturbed"] += fastest.low > 1
        found["medians"] += ratio_interval(b, a, paired=paired).low > 1
    assert found["undisturbed"] >= 95
    assert found["medians"] <= 15


@pytest.mark.parametrize("paired", [True, False])
def test_holds_one_where_there_is_no_difference(paired: bool) -> None:
    alarms = 0
    for seed in range(400):
        found = undisturbed_ratio(busy(1e6, seed), busy(1e6, seed + 1000), paired=paired)
        assert found is not None
        alarms += not found.holds(1)
    assert alarms <= 28  # 20 are expected; more than 28 would be chance once in 27 times


def test_by_hand() -> None:
    """Log ratios -d, 0, d: t(2) = 4.3027 times d / sqrt(3)."""
    level, d = 10**9, 0.01
    a = [np.full(5, level)] * 3
    b = [np.full(5, round(level * math.exp(x))) for x in (-d, 0.0, d)]
    found = undisturbed_ratio(b, a, paired=True)
    assert found is not None
    assert found.estimate == pytest.approx(1, rel=1e-8)
    assert found.high == pytest.approx(math.exp(4.302653 * d / math.sqrt(3)), rel=1e-7)
    turned = undisturbed_ratio(a, b, paired=True)
    assert turned is not None
    assert turned.low == pytest.approx(1 / found.high, rel=1e-12)


def test_it_is_not_decided_by_one_odd_sample() -> None:
    a = [np.full(500, 10**6, dtype=np.int64) for _ in range(3)]
    b = [samples.copy() for samples in a]
    b[0][7] = 10
    found = undisturbed_ratio(b, a, paired=True)
    assert found is not None
    assert found.estimate == pytest.approx(1)


def test_one_round_cannot_say() -> None:
    one = [np.full(5, 10**6)]
    assert undisturbed_ratio(one, one, paired=False) is None
    with pytest.raises(ValueError, match="paired sides need equal rounds, not 2 and 3"):
        undisturbed_ratio(one * 2, one * 3, paired=True)
