"""The MLPerf early-stopping bound."""

import math

import numpy as np
import pytest

from devbench.stats import minimum_samples, percentile_upper_bound


@pytest.mark.parametrize(("percent", "samples"), [(90, 64), (95, 130), (99, 662), (99.9, 6636)])
def test_needs_as_many_samples_as_mlperf_says(percent: float, samples: int) -> None:
    assert minimum_samples(percent) == samples
    series = np.arange(1, samples + 1)
    assert percentile_upper_bound([series], percent) == samples
    assert percentile_upper_bound([series[:-1]], percent) is None


@pytest.mark.parametrize("samples", [64, 100, 500, 802])
def test_discards_what_the_exact_binomial_tail_allows(samples: int) -> None:
    tails = np.cumsum([math.comb(samples, k) * 0.1**k * 0.9 ** (samples - k) for k in range(samples + 1)])
    allowed = int(np.count_nonzero(tails <= 0.01)) - 1
    bound = percentile_upper_bound([np.arange(1, samples + 1)], 90)
    assert bound == samples - (allowed - 1)


def test_pools_the_rounds_in_any_order() -> None:
    series = np.random.default_rng(1).permutation(np.arange(1, 701))
    assert percentile_upper_bound([series], 90) == percentile_upper_bound([series[:300], series[300:]], 90)


def test_is_never_under_the_sample_percentile(draw) -> None:
    series = draw(1, 2000)
    for percent in (90, 99):
        bound = percentile_upper_bound([series], percent)
        assert bound is not None
        assert bound >= np.percentile(series, percent)


def test_holds_for_99_of_100_independent_series() -> None:
    series = np.random.default_rng(2).integers(0, 10**9, (2000, 200))
    held = np.mean([(percentile_upper_bound([one], 90) or 0) >= 0.9e9 for one in series])
    assert held >= 0.985


def test_nothing_at_all_has_no_bound() -> None:
    assert percentile_upper_bound([], 90) is None


def test_stays_exact_for_very_long_series() -> None:
    """For a million samples the normal approximation of the binomial is good to a few counts."""
    bound = percentile_upper_bound([np.arange(1_000_000)], 99)
    assert bound is not None
    assert 1_000_000 - bound == pytest.approx(10_000 - 2.326 * math.sqrt(9900), abs=5)


@pytest.mark.parametrize(("percent", "confidence"), [(0, 0.99), (100, 0.99), (90, 1.0)])
def test_refuses_what_is_no_percentile(percent: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="between"):
        percentile_upper_bound([np.array([1])], percent, confidence)
