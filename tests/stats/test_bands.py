"""Bands: few stretches that hide no sample."""

import numpy as np
import pytest

from devbench.stats import bands


def test_every_stretch_has_its_extremes_and_its_median() -> None:
    found = bands(np.array([5, 1, 3, 9, 7, 2, 4]), 3)
    assert found.each == 3
    assert found.low_ns.tolist() == [1, 2, 4]
    assert found.median_ns.tolist() == [3.0, 7.0, 4.0]
    assert found.high_ns.tolist() == [5, 9, 4]


def test_few_samples_are_kept_as_they_are() -> None:
    found = bands(np.array([5, 1, 3]), 10)
    assert found.each == 1
    assert found.low_ns.tolist() == found.high_ns.tolist() == found.median_ns.tolist() == [5, 1, 3]


def test_one_odd_sample_among_a_million_is_not_hidden() -> None:
    samples = np.full(1_000_003, 1000)
    samples[654_321] = 9999
    found = bands(samples, 160)
    assert found.high_ns.size <= 160
    assert found.high_ns.max() == 9999
    assert found.median_ns.max() == 1000


def test_no_samples_are_no_stretches_and_no_stretches_an_error() -> None:
    assert bands(np.array([], dtype=np.int64), 5).median_ns.size == 0
    with pytest.raises(ValueError, match="one stretch or more"):
        bands(np.array([1]), 0)
