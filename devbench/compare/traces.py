"""The samples of a case as a trace that stays small however many samples there are: what plots are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import CaseRecord
from devbench.stats import Bands, bands

RoundsInPhase = Callable[[str, str], Mapping[int, Nanoseconds]]
"""Samples by round, of a case id and a phase (`warmup` or `steady`)."""

_WARMUP_STRETCHES, _STEADY_STRETCHES = 40, 160
_BINS = 80


@dataclass(frozen=True, kw_only=True)
class RoundTrace:
    """One round, drawable.

    started_s: when it began, seconds since 1970; None if run.json does not say so in a way that can be read.
    disturbed: it has reasons to be doubted. superseded: it was measured again.
    """

    index: int
    started_s: float | None
    disturbed: bool
    superseded: bool
    median_ms: float
    warmup: Bands
    steady: Bands


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """The samples of a case, drawable: rounds in time order, and how often each latency was seen.

    width: a relative change that is small for this case: half the middle half of its counting samples.
    edges: ends of the bins, as samples over the case's median minus 1; counts, warmup_counts: samples in each.
    """

    id: str
    median_ms: float
    samples: int
    width: float
    rounds: tuple[RoundTrace, ...]
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    warmup_counts: npt.NDArray[np.int64]


def trace_of_rounds(case: CaseRecord, rounds: RoundsInPhase) -> Trace | None:
    """The trace of a case's rounds; None if there are none."""
    steady, warmup = rounds(case.id, "steady"), rounds(case.id, "warmup")
    abouts = sorted((one for one in case.rounds if one.index in steady), key=lambda one: one.started_utc)
    counting = [steady[one.index] for one in abouts if not one.superseded]
    if not counting:
        return None
    medians = {one.index: float(np.median(steady[one.index])) for one in abouts}
    median_ns = float(np.exp(np.mean([np.log(medians[one.index]) for one in abouts if not one.superseded])))
    low, high = np.percentile(np.concatenate(counting), [25, 75])
    width = max(float(high - low) / 2 / median_ns, 1e-4)
    early = [warmup.get(one.index, steady[one.index][:0]) for one in abouts]
    late = [steady[one.index] for one in abouts]
    edges = _edges([*early, *late], median_ns, width)
    return Trace(
        id=case.id,
        median_ms=median_ns / 1e6,
        samples=sum(one.size for one in counting),
        width=width,
        rounds=tuple(
            RoundTrace(
                index=one.index,
                started_s=_seconds(one.started_utc),
                disturbed=bool(one.reasons),
                superseded=one.superseded,
                median_ms=medians[one.index] / 1e6,
                warmup=bands(before, _WARMUP_STRETCHES),
                steady=bands(after, _STEADY_STRETCHES),
            )
            for one, before, after in zip(abouts, early, late, strict=True)
        ),
        edges=edges,
        counts=_counts(late, edges, median_ns),
        warmup_counts=_counts(early, edges, median_ns),
    )


def _seconds(started_utc: str) -> float | None:
    try:
        return datetime.fromisoformat(started_utc).timestamp()
    except ValueError:
        return None


def _edges(series: list[Nanoseconds], median_ns: float, width: float) -> npt.NDArray[np.float64]:
    """Bins that are even on the axis of the plot: fine around the median, coarse far out (inverse hyperbolic sine)."""
    ends = [end for one in series if one.size for end in (float(one.min()), float(one.max()))]
    low, high = (np.arcsinh((end / median_ns - 1) / width) for end in (min(ends), max(ends)))
    return np.asarray(np.sinh(np.linspace(low - 1e-6, high + 1e-6, _BINS + 1)) * width, dtype=np.float64)


def _counts(series: list[Nanoseconds], edges: npt.NDArray[np.float64], median_ns: float) -> npt.NDArray[np.int64]:
    counts = np.zeros(edges.size - 1, dtype=np.int64)
    for one in series:
        counts += np.histogram(one / median_ns - 1, edges)[0]
    return counts
