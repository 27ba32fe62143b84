"""How much nights differ from each other, beyond what their own errors explain."""

from __future__ import annotations

import numpy as np

from devbench.stats.huber import Floats, row_medians, row_quantiles

FEWEST_NIGHTS = 8
PRIOR_NIGHTS = 4.0  # what the spread of the other series counts for
_CLIP = 3.0
_QUANTILES_APART = 2.563  # those at 10 % and 90 % of a normal, in standard deviations
_MAD = 1.4826


def prior_nights(series: int) -> float:
    """How many nights all of so many series count for."""
    return PRIOR_NIGHTS if series > PRIOR_NIGHTS else 0.0


def spread_of(residual: Floats, error: Floats, least_sd: float, *, related: bool) -> Floats:
    """The standard deviation between nights, beyond what the nights' own errors explain.

    Of nights whose error is not unusual. Clipped at three times a robust one, so that it uses nearly all there is in
    the nights and yet no single one decides. That of the other series counts for a few nights.
    """
    usual = row_medians(error)
    plain = np.where(error <= 1.5 * usual[:, None], residual, np.nan)
    low, high = row_quantiles(plain, 0.1, 0.9)
    rough = np.maximum(_MAD * row_medians(np.abs(plain)), (high - low) / _QUANTILES_APART)
    clipped = np.clip(plain, -_CLIP * rough[:, None], _CLIP * rough[:, None])
    count = np.isfinite(clipped).sum(axis=1)
    square = np.nansum(clipped**2, axis=1) / np.maximum(count - 1, 1)
    found = np.maximum(square - np.nan_to_num(usual) ** 2, least_sd**2)
    enough = count >= FEWEST_NIGHTS
    if related and prior_nights(len(found)) and enough.any():
        prior = float(np.median(found[enough]))
        found = (count * found + PRIOR_NIGHTS * prior) / (count + PRIOR_NIGHTS)
    spread: Floats = np.sqrt(found)
    return spread
