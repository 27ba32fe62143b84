"""Do samples agree with what run.json says of them? Their numbers always; where there is no checksum, their figures."""

from __future__ import annotations

import math
from collections.abc import Mapping

from devbench.domain.outcome import Measured, Nanoseconds, RoundFacts, Summary
from devbench.domain.run import CaseRecord

PHASES = ("warmup", "steady", "compute")
_SAME = 1e-12  # as far as two sums of the same numbers may differ


def counts(rounds: tuple[RoundFacts, ...], phase: str) -> dict[int, int]:
    """How many samples of a phase each round has; without the rounds that have none."""
    found = {
        about.index: {"warmup": about.warmup_samples, "steady": about.samples, "compute": about.compute_samples}[phase]
        for about in rounds
    }
    return {index: count for index, count in found.items() if count}


def disagreement(rounds: tuple[RoundFacts, ...], phase: str, samples: Mapping[int, Nanoseconds]) -> str:
    """In which round the number of samples is not the one that run.json says; "" if in none."""
    said = counts(rounds, phase)
    for index in sorted(said.keys() | samples.keys()):
        there = len(samples.get(index, ()))
        if there != said.get(index, 0):
            return f"round {index} has {there} {phase} samples, and run.json says {said.get(index, 0)}"
    return ""


def other_figures(case: CaseRecord, phase: str, samples: Mapping[int, Nanoseconds]) -> str:
    """Which figure in run.json was not made of these samples; "" if none is known to be from others."""
    summary = _summary(case, phase)
    counting = [samples[about.index] for about in case.counting if about.index in samples]
    if summary is None or not counting:
        return ""
    told = {
        "min_ms": min(ns.min() for ns in counting),
        "max_ms": max(ns.max() for ns in counting),
        "mean_ms": sum(ns.mean() for ns in counting) / len(counting),
    }
    for name, ns in told.items():
        if not math.isclose(getattr(summary, name), ns / 1e6, rel_tol=_SAME):
            return f"{name} in run.json is not that of these {phase} samples"
    return ""


def _summary(case: CaseRecord, phase: str) -> Summary | None:
    if not isinstance(case.outcome, Measured) or phase == "warmup":
        return None
    return case.outcome.summary if phase == "steady" else case.outcome.compute
