"""Quantiles of Student's t: numpy has none, and scipy is too heavy a dependency for one function."""

import functools
import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NEARLY_NORMAL = 1e6


@functools.lru_cache(maxsize=1024)  # few different arguments, asked again for every cell of a table
def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the value below which Student's t lies with `probability`.

    Args:
        probability: between 0 and 1, both excluded.
        degrees_of_freedom: 0.5 or more; fractions come from Welch-Satterthwaite; `math.inf` is the normal.

    Raises:
        ValueError: an argument is outside its range.

    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must lie between 0 and 1, not {probability}")
    if not degrees_of_freedom >= 0.5:  # noqa: PLR2004 - also catches nan
        raise ValueError(f"degrees_of_freedom must be 0.5 or more, not {degrees_of_freedom}")
    if probability < 0.5:  # noqa: PLR2004
        return -t_quantile(1.0 - probability, degrees_of_freedom)
    if degrees_of_freedom > _NEARLY_NORMAL:
        return NormalDist().inv_cdf(probability)
    low, high = 0.0, math.pi / 2
    for _ in range(60):  # halving an angle sixty times reaches the last bit of a double
        middle = (low + high) / 2
        if _mass_up_to_angle(middle, degrees_of_freedom) < probability - 0.5:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees_of_freedom) * math.tan((low + high) / 2)


def _mass_up_to_angle(angle: float, degrees_of_freedom: float) -> float:
    """Probability between 0 and t = sqrt(df) * tan(angle): the density becomes a power of the cosine."""
    nodes, weights = _legendre()
    theta = angle * (nodes + 1) / 2
    log_scale = math.lgamma((degrees_of_freedom + 1) / 2) - math.lgamma(degrees_of_freedom / 2)
    powers = np.exp(log_scale + (degrees_of_freedom - 1) * np.log(np.cos(theta)))
    return float(weights @ powers) * angle / 2 / math.sqrt(math.pi)


@functools.cache  # at first use: importing polynomials takes as long as the rest of numpy
def _legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights to integrate a smooth function from -1 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return nodes, weights
