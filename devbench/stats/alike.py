"""How much nights resemble the nights before them, and how much less their mean tells because of that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from devbench.stats.huber import Floats

_LAGS = 10
_CLIP = 3.0
_NIGHTS_OF_ALL = 35  # that each of up to three other series counts for

# Of a series that stands alone: what is thought of it before it has shown anything, and how sure one must be.
_FADES = 0.7  # a state of a board is weaker by this from night to night
_LAGS_OF_STATE = 3
_BEFOREHAND, _BEFOREHAND_NIGHTS = 0.5, 15.0
_SURE = 2.0  # standard errors that it may well be higher by


def alike_of_all(residual: Floats, variance: Floats, *, related: bool) -> Floats:
    """Correlation of each series with itself 1, 2… nights before, series × lags; never below 0.

    residual: series × nights, NaN where there is none. variance: of each. related: those of all series count as well.
    """
    u, nights = _standard(residual, variance)
    products, power = _products(u)
    own = products / power[:, None]
    common = products.sum(axis=0) / max(float(power.sum()), 1e-12)
    others = min(len(u) - 1, 3) * _NIGHTS_OF_ALL if related else 0
    mixed = (own * nights[:, None] + common * others) / (nights[:, None] + others)
    found: Floats = np.clip(mixed + 1 / nights[:, None], 0.0, 0.95)  # taking out a mean has made them smaller by this
    return found


def alike_alone(residual: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The same of series of which no other tells anything; and what the first of them may well be.

    A single series tells little of how long its states last, and where that is thought too short, they look like
    changes. So states are taken to fade as usual, which leaves one number to estimate, and that one begins at what
    boards that have states may show (Kendall 1954, Biometrika 41, 403-404, on the bias of the estimate).
    """
    u, nights = _standard(residual, variance)
    products, power = _products(u)
    fades = _FADES ** np.arange(products.shape[1])
    own = (products / power[:, None])[:, :_LAGS_OF_STATE].sum(axis=1) / fades[:_LAGS_OF_STATE].sum()
    own = own + (1 + 3 * np.clip(own, 0.0, 0.9)) / nights
    mixed = (own * nights + _BEFOREHAND * _BEFOREHAND_NIGHTS) / (nights + _BEFOREHAND_NIGHTS)
    first = np.clip(mixed, 0.0, 0.95)
    return first[:, None] * fades, np.clip(first + _SURE / np.sqrt(nights), 0.0, 1.0)


def widened(correlations: Floats, nights: npt.NDArray[np.int64]) -> Floats:
    """By how much the variance of a mean of so many nights is larger than of independent ones."""
    lag = np.arange(1, correlations.shape[1] + 1)
    share = np.clip(1 - lag / np.maximum(nights, 1)[:, None], 0.0, None)
    found: Floats = 1 + 2 * (share * correlations).sum(axis=1)
    return found


def _standard(residual: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """In standard deviations, 0 where there is none; and how many there are of each series."""
    u = np.clip(residual / np.sqrt(variance), -_CLIP, _CLIP)
    u = np.where(np.isfinite(u), u, 0.0)
    return u, np.maximum((u != 0).sum(axis=1), 1).astype(np.float64)


def _products(u: Floats) -> tuple[Floats, Floats]:
    """Sums of the products with what was 1, 2… nights before, series × lags; and of the squares."""
    lags = min(_LAGS, max(u.shape[1] - 2, 1))
    products = [
        (u[:, lag:] * u[:, :-lag]).sum(axis=1) if lag < u.shape[1] else np.zeros(len(u)) for lag in range(1, lags + 1)
    ]
    return np.stack(products, axis=1), np.maximum((u**2).sum(axis=1), 1e-12)
