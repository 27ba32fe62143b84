"""What one round says: the median of its samples, and how precisely these samples alone determine it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.dependence import inefficiency
from devbench.stats.student import t_quantile

FASTEST_PERCENT = 1


@dataclass(frozen=True, eq=False)
class RoundMedian:
    """The median of one round.

    middle_ns: those of the samples, ascending, that any interval of the median can reach.
    first: the rank of the first of them. samples: how many there were in all.
    median_ns: their median.
    effective_samples: how many independent samples these consecutive ones are worth.
    tick_ns: the smallest step seen between two different samples: an upper guess of the clock's resolution.
    fastest_ns: the first percentile of the samples: what an inference takes that nothing disturbs.
    """

    middle_ns: NDArray[np.int64]
    first: int
    samples: int
    median_ns: float
    effective_samples: float
    tick_ns: float
    fastest_ns: float

    @property
    def log_median(self) -> float:
        """Natural logarithm of the median."""
        return math.log(self.median_ns)

    @property
    def log_tick(self) -> float:
        """Half a tick, relative to the median: no median is known better than this."""
        return self.tick_ns / 2 / self.median_ns

    @property
    def degrees_of_freedom(self) -> float:
        """What `log_variance` is worth, at least 1."""
        return max(self.effective_samples - 1.0, 1.0)

    @property
    def log_variance(self) -> float:
        """Variance of `log_median` if this same process went on: speaks of nothing outside the round."""
        if 1 < self.samples < _FEWEST_FOR_RANKS:
            return math.pi / 2 * float(np.log(np.maximum(self.middle_ns, 1)).var(ddof=1)) / self.samples
        low, high = self._order_statistics(1.0)
        return (math.log(max(high, 1.0) / max(low, 1.0)) / 2) ** 2

    def bounds_ns(self, level: float) -> tuple[float, float]:
        """Interval of the median of this process: order statistics, as for independent samples but fewer.

        Source: Hoefler & Belli 2015 (doi 10.1145/2807591.2807644) for the order statistics; the effective
        number of samples stands in for the number of samples. Of two to five samples even the outermost hold the
        truth less than 95 % of the time: there it is Student's t over their logarithms.
        """
        errors = t_quantile((1 + level) / 2, self.degrees_of_freedom)
        if self.samples < _FEWEST_FOR_RANKS:
            factor = math.exp(errors * math.sqrt(self.log_variance) + self.log_tick)
            return self.median_ns / factor, self.median_ns * factor
        low, high = self._order_statistics(errors)
        return max(low - self.tick_ns / 2, 0.0), high + self.tick_ns / 2

    def _order_statistics(self, standard_errors: float) -> tuple[float, float]:
        low, high = _ranks(self.samples, self.effective_samples, standard_errors)
        return float(self.middle_ns[low - self.first]), float(self.middle_ns[high - self.first])


# No quantile of Student's t that a level under 99.9999 % asks for is larger, at the degrees of freedom from which
# on the middle is less than everything (256 effective samples).
_FARTHEST, _FEW = 8.0, 256
_FEWEST_FOR_RANKS = 6  # from smallest to largest of six holds the median in 97 of 100 cases, of five in 94


def _ranks(samples: int, effective_samples: float, standard_errors: float) -> tuple[int, int]:
    """Ranks, from 0, of the order statistics so many standard errors below and above the median."""
    reach = standard_errors * 0.5 / math.sqrt(effective_samples)
    low = max(math.floor(samples * (0.5 - reach)), 1) - 1
    return low, min(math.ceil(samples * (0.5 + reach)) + 1, samples) - 1


def round_median(samples_ns: NDArray[np.int64]) -> RoundMedian:
    """Return the median of one round with what its samples say of its uncertainty.

    Raises:
        ValueError: no samples, more than one dimension, or a median that is not positive.

    """
    if samples_ns.ndim != 1 or samples_ns.size == 0:
        raise ValueError(f"a round is one dimension with at least one sample, not {samples_ns.shape}")
    ordered = np.sort(samples_ns)
    n = ordered.size
    median = (float(ordered[(n - 1) // 2]) + float(ordered[n // 2])) / 2
    if median <= 0:
        raise ValueError(f"the median latency of a round must be positive, not {median} ns")
    steps = np.diff(ordered)
    steps = steps[steps > 0]
    # Only which side of the median a sample fell matters for the median, so only that is correlated.
    dependence = inefficiency(np.sign(samples_ns - median))
    effective = max(n / dependence, 1.0)
    low, high = _ranks(n, effective, _FARTHEST) if effective >= _FEW else (0, n - 1)
    return RoundMedian(
        middle_ns=ordered[low : high + 1].copy(),
        first=low,
        samples=n,
        median_ns=median,
        effective_samples=effective,
        tick_ns=float(steps.min()) if steps.size else 1.0,
        fastest_ns=max(float(np.percentile(ordered, FASTEST_PERCENT)), 1.0),
    )


RoundSamples = Sequence[NDArray[np.int64]]
"""One array of latencies in nanoseconds per round, each shape (n,) and in the order measured."""

Medians = Sequence[NDArray[np.int64]] | Sequence[RoundMedian]
"""Rounds, or what `round_medians` made of them: for those who compare one case with many others."""


def round_medians(rounds: Medians) -> list[RoundMedian]:
    """Return `round_median` of each; at least one round, or ValueError."""
    if not rounds:
        raise ValueError("there must be at least one round")
    return [one if isinstance(one, RoundMedian) else round_median(one) for one in rounds]
