"""Descriptive figures of a case: mean and percentiles of its raw samples, every round counting the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.round_median import RoundSamples

_SAME = 1e-6  # of one average sample: far above rounding, far below a weight that matters


@dataclass(frozen=True)
class SampleSummary:
    """What was seen, in nanoseconds; no claim about what will be seen."""

    rounds: int
    samples: int
    mean_ns: float
    p90_ns: float
    p99_ns: float
    min_ns: int
    max_ns: int


def summarise(rounds: RoundSamples) -> SampleSummary:
    """Return the descriptive figures of all rounds together.

    Rounds may have different lengths, because sampling stops when it is precise enough. Each round gets the
    same total weight: a round that needed more samples was noisier, not more typical.

    Raises:
        ValueError: no rounds, or an empty one.

    """
    values, weights = _pool(rounds)
    p90, p99 = (_weighted_percentile(values, weights, percent) for percent in (90, 99))
    return SampleSummary(
        rounds=len(rounds),
        samples=int(values.size),
        mean_ns=float(np.mean([samples_ns.mean() for samples_ns in rounds])),
        p90_ns=p90,
        p99_ns=p99,
        min_ns=int(values[0]),
        max_ns=int(values[-1]),
    )


def percentile(rounds: RoundSamples, percent: float) -> float:
    """Return a percentile in nanoseconds of the pooled samples, every round counting the same.

    The smallest sample with at least this share at or below it; where the share is met exactly, the middle
    between it and the next (numpy's "averaged_inverted_cdf", with weights).

    Raises:
        ValueError: no rounds, an empty one, or percent outside 0 to 100.

    """
    if not 0 <= percent <= 100:  # noqa: PLR2004
        raise ValueError(f"percent must lie in 0 to 100, not {percent}")
    return _weighted_percentile(*_pool(rounds), percent)


def _pool(rounds: RoundSamples) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return all samples ascending, with weights that give each round the same total of 1."""
    if not rounds or any(samples_ns.size == 0 for samples_ns in rounds):
        raise ValueError("need at least one round, each with at least one sample")
    values = np.concatenate(rounds)
    weights = np.repeat([1.0 / one.size for one in rounds], [one.size for one in rounds])
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def _weighted_percentile(values: NDArray[np.int64], weights: NDArray[np.float64], percent: float) -> float:
    reached = np.cumsum(weights)
    wanted = reached[-1] * percent / 100
    slack = _SAME * reached[-1] / values.size  # sums of thirds and sevenths do not meet exactly
    first = min(int(np.searchsorted(reached, wanted - slack)), values.size - 1)
    met = abs(reached[first] - wanted) <= slack
    second = min(first + 1, values.size - 1) if met else first
    return (float(values[first]) + float(values[second])) / 2
