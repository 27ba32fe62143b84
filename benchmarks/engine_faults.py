"""Engines that cheat or are mistaken, each beside what notices it: the contract, and the verdict of every run.

    uv run python -m benchmarks.engine_faults

Prints a Markdown table; exits with 1 if the contract misses one, or finds fault with a sound engine. The second sound
one has threads that spin: it may be told that it uses too many. The engines are in faulty_engines.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faulty_engines import ENGINES, FILES, INPUTS, MODEL, OUTPUTS, Sound, Spins
from devbench.domain.measure import PROFILES
from devbench.domain.outcome import RoundFacts
from devbench.domain.place import Place, Traits
from devbench.places.answers import Result
from devbench.run.honesty import engine_check, engine_reasons
from devbench.testing.engine_file import engine_file_problems
from devbench.testing.judge import Findings, Seen, findings
from devbench.testing.probe import examine, refuses
from devbench.worker import session

MEASURE = replace(PROFILES["quick"], warmup_runs=2, warmup_s=0.0, warmup_cap_s=0.0, min_runs=8, min_s=0.1, cap_s=2.0)


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """contract: what it found. run: what a run says: reasons of the verdict, or the error of the round."""

    contract: Findings
    run: list[str]


def looked_at(engine: type[Sound], folder: Path, threads: int = 1) -> Noticed:
    """What the contract and a run notice of `engine`."""
    artifact, rubbish = folder / "model.tiny", folder / "rubbish.tiny"
    artifact.write_bytes(b"tiny")
    rubbish.write_bytes(b"\x17" * 100)
    request: dict[str, Any] = {
        "artifact": str(artifact),
        "options": {"threads": threads},
        "inputs": [asdict(spec) for spec in INPUTS],
        "outputs": [asdict(spec) for spec in OUTPUTS],
        "feeds": [],
        "seed": 0,
        "settings": asdict(MEASURE),
    }
    report = examine(engine(), session, request)
    run, reasons, error = [], [], ""
    try:
        found = session.measure_case(engine(), request, lambda _: None)
        about, median_ns = _round(found, threads, engine.processor)
        reasons = engine_reasons([about], [median_ns])
        run = [f"{one.code}: {one.text}" for one in reasons]
    except Exception as raised:  # noqa: BLE001 - whatever an engine raises fails its round
        error = " ".join(f"{type(raised).__name__}: {raised}".split())[:200]
        run = [f"fails: {error}"]
    seen = Seen(
        inputs=INPUTS,
        outputs=OUTPUTS,
        report=report,
        arrays=report["arrays"],
        answer=lambda arrays: [MODEL.answer(arrays[0])],
        threads=threads,
        refused=refuses(engine(), str(rubbish), request["options"]),
        reasons=reasons,
        round_error=error,
        checked=not error,
    )
    return Noticed(contract=findings(seen), run=run)


def _round(found: dict[str, Any], threads: int, processor: str) -> tuple[RoundFacts, float]:
    samples = found.pop("samples_ns")
    pieces = ("warmup_ns", "compute_ns", "outputs", "second_outputs")
    message = {"event": "result", **{name: value for name, value in found.items() if name not in pieces}}
    result = Result.model_validate_json(json.dumps(message))
    about = RoundFacts(
        index=0,
        started_utc="2026-01-01T00:00:00+00:00",
        duration_s=1,
        load_ns=1,
        first_ns=result.first_ns,
        warmup_samples=1,
        samples=len(samples),
        inferences_per_sample=result.inferences_per_sample,
        stopped_by="counts",
        cpu_ns_per_inference=result.cpu_ns_per_inference,
        peak_memory_bytes=1,
        loop_s=result.loop_s,
        check=engine_check(
            result, Place(name="local", device="any", traits=Traits(processor=processor)), {"threads": threads}
        ),
    )
    return about, float(np.median(samples))


def main() -> int:
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| engine | the contract says | a run says |\n|---|---|---|")
        for title, engine in {"(a sound engine)": Sound, "(its threads spin)": Spins, **ENGINES}.items():
            noticed = looked_at(engine, folder)
            broken = noticed.contract.broken
            missed += set(broken) > {"threads"} if engine is Spins else bool(broken) == (engine is Sound)
            contract = "; ".join(f"*{rule}*: {text}" for rule, text in broken.items()) or "–"
            print(f"| {title} | {contract} | {'; '.join(noticed.run) or '–'} |", flush=True)
        for title, text in FILES.items():
            path = folder / "engine.py"
            path.write_text(text)
            problems = engine_file_problems(path)
            missed += not problems
            print(f"| {title} | *engine-file*: {problems[0] if problems else '–'} | |")
    total = len(ENGINES) + len(FILES)
    print(f"\n{total} faults and two sound engines; {missed} judged wrongly by the contract.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
