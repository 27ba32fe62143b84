"""The Allan deviation: it falls where samples are independent, and rises where a machine wanders."""

import numpy as np
import pytest

from devbench.stats.allan import allan_deviation


def test_independent_samples_average_out() -> None:
    points = allan_deviation(np.random.default_rng(1).normal(1e6, 1e4, 4096).astype(np.int64))
    assert points[0].deviation == pytest.approx(0.01, rel=0.05)
    assert points[8].deviation < points[0].deviation / 8
    assert points[-1].blocks == 4
    assert points[3].seconds == pytest.approx(8e-3, rel=0.01)


def test_slow_phases_show_at_their_own_length() -> None:
    level = np.repeat(1 + 0.05 * (np.random.default_rng(2).random(64) < 0.5), 64)
    points = allan_deviation((1e6 * level).astype(np.int64))
    worst = max(points, key=lambda point: point.deviation)
    assert 32e-3 <= worst.seconds <= 130e-3


def test_a_series_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        allan_deviation(np.zeros((2, 2), dtype=np.int64))
