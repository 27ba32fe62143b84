"""One round: its median and what its samples say of it."""

import numpy as np
import pytest

from devbench.stats.round_median import round_median, round_medians


def test_the_median_of_an_even_count_is_the_middle() -> None:
    assert round_median(np.array([40, 10, 30, 20])).median_ns == 25.0


def test_the_tick_is_the_smallest_step_seen() -> None:
    assert round_median(np.array([3000, 1000, 9000, 1000, 4000])).tick_ns == 1000.0


def test_equal_samples_leave_only_the_tick() -> None:
    same = round_median(np.full(50, 1000))
    assert same.log_variance == 0.0
    assert same.bounds_ns(0.95) == (999.5, 1000.5)


def test_one_sample_is_a_round() -> None:
    one = round_median(np.array([700]))
    assert (one.median_ns, one.effective_samples, one.log_variance) == (700.0, 1.0, 0.0)


def test_independent_samples_give_the_textbook_order_statistics() -> None:
    """For 100 samples the binomial interval of the median is the 40th to the 61st, here plus half a tick."""
    one = round_median(np.stack([np.arange(1001, 1051), np.arange(1051, 1101)], axis=1).ravel())
    assert one.effective_samples == pytest.approx(99.0)
    assert one.bounds_ns(0.95) == (1039.5, 1061.5)


def test_repeated_samples_widen_the_bounds(draw) -> None:
    samples = draw(1, 300)
    single, tenfold = round_median(samples), round_median(np.repeat(samples, 10))
    assert tenfold.median_ns == single.median_ns
    assert tenfold.log_variance == pytest.approx(single.log_variance, rel=0.4)


@pytest.mark.parametrize("bad", [np.array([], dtype=np.int64), np.ones((2, 2), np.int64), np.array([0, 0, 5])])
def test_refuses_what_has_no_positive_median(bad) -> None:
    with pytest.raises(ValueError, match=r"round"):
        round_median(bad)


def test_refuses_no_rounds() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        round_medians([])


@pytest.mark.parametrize("samples", [2, 3, 5])
def test_a_few_samples_hold_their_median_as_often_as_they_say(samples: int) -> None:
    """From the smallest to the largest of two it would be half of the time; two standard errors are 0.9 %."""
    rng = np.random.default_rng(samples)
    held = 0
    for _ in range(2500):
        low, high = round_median((1e6 * np.exp(0.02 * rng.standard_normal(samples))).astype(np.int64)).bounds_ns(0.95)
        held += low <= 1e6 <= high
    assert held / 2500 >= 0.94
