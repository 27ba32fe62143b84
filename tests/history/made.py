"""Run folders as devbench writes them, without measuring: what a history is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from devbench.domain.conditions import Reason, Verdict
from devbench.domain.outcome import Failed, Measured, RoundFacts, Summary
from devbench.domain.run import ArtifactRecord, CaseRecord, Compare, Request, Run
from devbench.store.folder import RunFolder

SHA = "a" * 64
FACTS = {"runtime_version": "2.1.0", "kernel": "6.1.0", "machine_id": "m1", "boot_id": "b1", "os": "Debian 12"}


def made_case(
    model: str,
    ms: float | None,
    *,
    place: str = "attic",
    device: str = "desktop-cpu",
    runtime: str = "litert",
    verdict: Literal["clean", "suspect", "contaminated"] = "clean",
    facts: Mapping[str, str] | None = None,
    sha256: str = SHA,
    reach: float = 0.004,
    started: str = "2026-11-01T02:00:00+00:00",
) -> CaseRecord:
    """A case with an undisturbed figure of `ms`; None: it failed. reach: half of its interval, as a share."""
    reasons = (
        ()
        if verdict == "clean"
        else (Reason(code="steal", severity="contaminated", text="stolen time", remedy="wait"),)
    )
    about = RoundFacts(
        index=0,
        started_utc=started,
        duration_s=1.0,
        load_ns=1,
        first_ns=1,
        warmup_samples=1,
        samples=100,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1,
        peak_memory_bytes=1,
        facts={**FACTS, **(facts or {})},
    )
    outcome: Measured | Failed = Failed(error="the board went away")
    if ms is not None:
        outcome = Measured(
            summary=Summary(
                rounds=2,
                samples=200,
                median_ms=ms * 1.05,
                low_ms=ms,
                high_ms=ms * 1.1,
                covers="run",
                fastest_ms=ms,
                fastest_low_ms=ms * (1 - reach),
                fastest_high_ms=ms * (1 + reach),
                between_rounds=True,
                mean_ms=ms,
                min_ms=ms,
                max_ms=ms,
                stdev_ms=0.0,
                p90_ms=ms,
                p99_ms=ms,
            ),
            verdict=Verdict(status=verdict, reasons=reasons),
        )
    return CaseRecord(
        id=f"{model}/{device}:{place}",
        model=model,
        precision="int8",
        device=device,
        place=place,
        runtime=runtime,
        options={"threads": 1},
        region="invoke",
        artifact=ArtifactRecord(
            sha256=sha256,
            size_bytes=1,
            format="tflite",
            source="x",
            weights="random",
            precision="int8",
            inputs=(),
            outputs=(),
        ),
        rounds=(about,),
        outcome=outcome,
    )


def run_of(
    name: str,
    *cases: CaseRecord,
    night: str = "",
    purpose: Literal["", "again", "gold"] = "",
    started: str = "2026-11-01T02:00:00+00:00",
    finished: str = "2026-11-01T03:00:00+00:00",
) -> Run:
    """A run with these cases."""
    return Run(
        id=name,
        suite="imagenet",
        suite_sha256=SHA,
        started_utc=started,
        finished_utc=finished,
        devbench_version="0.1.0",
        seed=1,
        request=Request(suite_text="", suite_dir=".", night=night, purpose=purpose),
        compare=Compare(),
        order=(),
        host={},
        absent=(),
        cases=cases,
    )


def made_run(folder: Path, *cases: CaseRecord, **about: Any) -> Path:
    """A run folder with these cases; the rest is as for `run_of`."""
    with RunFolder(folder) as kept:
        kept.save(run_of(folder.name, *cases, **about))
    return folder


def night_of(number: int) -> str:
    """The id of a night: number 0 is the first of September."""
    return (date(2026, 9, 1) + timedelta(days=number)).isoformat()
