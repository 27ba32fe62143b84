"""The figures of a case from the samples of its rounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from devbench.domain.outcome import Nanoseconds, Summary
from devbench.stats import median_interval, summarise

_FEWEST_FOR_P90 = 10
_FEWEST_FOR_P99 = 100


def summary_of(rounds: Sequence[Nanoseconds]) -> Summary:
    """Milliseconds from nanoseconds; a percentile that would be no more than the largest sample is left out."""
    figures = summarise(rounds)
    interval = median_interval(rounds)
    everything = np.concatenate(rounds)
    return Summary(
        rounds=len(rounds),
        samples=figures.samples,
        median_ms=_ms(interval.estimate),
        low_ms=_ms(interval.low),
        high_ms=_ms(interval.high),
        between_rounds=interval.between_rounds,
        mean_ms=_ms(figures.mean_ns),
        min_ms=_ms(figures.min_ns),
        max_ms=_ms(figures.max_ns),
        stdev_ms=_ms(float(everything.std(ddof=1))) if everything.size > 1 else None,
        p90_ms=_ms(figures.p90_ns) if figures.samples >= _FEWEST_FOR_P90 else None,
        p99_ms=_ms(figures.p99_ns) if figures.samples >= _FEWEST_FOR_P99 else None,
    )


def _ms(ns: float) -> float:
    return ns / 1e6
