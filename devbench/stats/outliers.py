"""Counts of outliers by Tukey's fences. They are counted, classified and kept: nothing is dropped."""

from dataclasses import dataclass

import numpy as np

from devbench.stats.round_median import RoundSamples

_MILD, _SEVERE = 1.5, 3.0


@dataclass(frozen=True)
class OutlierCounts:
    """How many samples lie beyond the fences; mild ones are not counted again as severe.

    Mild: over 1.5 interquartile ranges outside the quartiles. Severe: over 3.
    """

    low_severe: int
    low_mild: int
    high_mild: int
    high_severe: int
    samples: int

    @property
    def total(self) -> int:
        """All four kinds."""
        return self.low_severe + self.low_mild + self.high_mild + self.high_severe

    @property
    def share(self) -> float:
        """Their part of all samples, 0 to 1."""
        return self.total / self.samples if self.samples else 0.0


def count_outliers(rounds: RoundSamples) -> OutlierCounts:
    """Count outliers in each round by its own fences, and add up: a slow process is not an outlier.

    Samples exactly on a fence are inside. A round whose quartiles agree (a coarse clock) has no width to
    judge by: every other value there counts as severe.
    Source: Tukey 1977, "Exploratory Data Analysis"; quartiles by linear interpolation.

    Args:
        rounds: one array per round, shape (n_i,), nanoseconds; empty rounds count nothing.

    """
    kinds = np.zeros(4, dtype=np.int64)
    for samples_ns in rounds:
        if not samples_ns.size:
            continue
        low, high = np.percentile(samples_ns, [25, 75])
        width = high - low
        kinds += [
            np.count_nonzero(samples_ns < low - _SEVERE * width),
            np.count_nonzero((samples_ns < low - _MILD * width) & (samples_ns >= low - _SEVERE * width)),
            np.count_nonzero((samples_ns > high + _MILD * width) & (samples_ns <= high + _SEVERE * width)),
            np.count_nonzero(samples_ns > high + _SEVERE * width),
        ]
    low_severe, low_mild, high_mild, high_severe = (int(kind) for kind in kinds)
    return OutlierCounts(low_severe, low_mild, high_mild, high_severe, sum(one.size for one in rounds))
