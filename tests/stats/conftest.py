"""Seeded series for the tests of the statistics."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Draw = Callable[..., NDArray[np.int64]]


@pytest.fixture
def draw() -> Draw:
    """Return a maker of latencies around 1 ms: draw(seed, samples, rho=, spread=, level=)."""

    def make(
        seed: int, samples: int, *, rho: float = 0.0, spread: float = 0.01, level: float = 1.0
    ) -> NDArray[np.int64]:
        rng = np.random.default_rng(seed)
        values = rng.standard_normal(samples)
        values[1:] *= np.sqrt(1 - rho**2)
        for i in range(1, samples):
            values[i] += rho * values[i - 1]
        return np.rint(1e6 * level * np.exp(spread * values)).astype(np.int64)

    return make
