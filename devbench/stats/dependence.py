"""How much consecutive samples repeat each other: the count that one independent sample is worth."""

import numpy as np
from numpy.typing import NDArray

_CONSTANT = 1e-24  # what rounding leaves of a variance
_MOST_HIDDEN = 0.75


def inefficiency(scores: NDArray[np.float64], fitted: int = 1) -> float:
    """Return how many consecutive values carry as much about the mean as one independent value would.

    1 for independent values, about (1 + rho) / (1 - rho) for a first-order autoregression. Never under 1:
    alternation could earn a narrower interval, but a harness should not bank on it. The sum of the
    autocorrelations stops by itself (Geyer 1992, "Practical Markov chain Monte Carlo", initial monotone
    sequence), so there is no block length to choose.

    Args:
        scores: shape (n,), in the order measured, n at least 1. A constant series gives 1.
        fitted: how many parameters were fitted to the series and taken out; 1 for its mean.

    """
    n = scores.size
    centred = scores - scores.mean()
    padded = 1 << (2 * n - 1).bit_length()  # zeros, so that the end does not meet the start
    spectrum = np.fft.rfft(centred, padded)
    covariances = np.fft.irfft(spectrum * spectrum.conj(), padded)[:n]
    if covariances[0] <= _CONSTANT * n * np.max(np.abs(scores)) ** 2:
        return 1.0
    correlations = covariances / covariances[0]
    pairs = correlations[: n - n % 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0)
    pairs = pairs[: ends[0]] if ends.size else pairs
    if not pairs.size:
        return 1.0
    raw = max(2.0 * float(np.minimum.accumulate(pairs).sum()) - 1.0, 1.0)
    # What was fitted came from the same values, and hides about raw / n of the dependence each time.
    return raw / (1.0 - min(fitted * raw / n, _MOST_HIDDEN))
