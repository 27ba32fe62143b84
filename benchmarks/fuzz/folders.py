"""Run folders to damage: three cases with samples and outputs, finished or not, made in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from devbench.domain.measure import PROFILES
from devbench.domain.outcome import Failed, OutputTensor, Round, RoundFacts
from devbench.domain.run import ArtifactRecord, CaseRecord, Compare, Request, Run
from devbench.run.summary import outcome_of
from devbench.store.folder import RunFolder

CASES, ROUNDS, SAMPLES = ("slow@one", "fast@one", "slow@other"), 3, 40


def make_folder(path: Path, *, finished: bool = True, rounds: int = ROUNDS) -> RunFolder:
    """A run folder at `path`, with all its rounds."""
    random = np.random.default_rng(0)
    folder = RunFolder(path)
    with folder:
        run = _run(path.name, rounds)
        folder.save(run)
        for case_id in CASES:
            for number in range(rounds):
                run = folder.add_round(run, case_id, _round(random, number))
        run = run.with_case(replace(run.case(CASES[2]), outcome=Failed(error="it broke", phase="load")))
        if finished:
            for case in run.cases[:2]:
                outcome = outcome_of(case, partial(folder.samples, run, case.id))
                run = run.with_case(replace(case, outcome=outcome))
            folder.finish(run)
        else:
            folder.save(run)
    return folder


def _run(name: str, rounds: int) -> Run:
    return Run(
        id=name,
        suite="to-damage",
        suite_sha256="ab" * 32,
        started_utc="2026-01-01T00:00:00+00:00",
        devbench_version="0",
        seed=0,
        request=Request(suite_text="name: to-damage\n", suite_dir="/"),
        compare=Compare(baseline="one", between_models=("slow", "fast")),
        order=CASES * rounds,
        extended=True,
        host={"python": "3.11.7"},
        absent=(),
        cases=tuple(map(_case, CASES)),
    )


def _case(case_id: str) -> CaseRecord:
    model, _, device = case_id.partition("@")
    return CaseRecord(
        id=case_id,
        model=model,
        precision="int8",
        device=device,
        place="local",
        runtime="simulated",
        options={"threads": 2},
        region="invoke",
        input="random, seed 0",
        measure=PROFILES["quick"],
        artifact=ArtifactRecord(
            sha256="cd" * 32,
            size_bytes=1000,
            format="tflite",
            source="a.tflite",
            weights="random",
            precision="int8",
            inputs=(),
            outputs=(),
        ),
    )


def _round(random: np.random.Generator, number: int) -> Round:
    ns = random.lognormal(14, 0.02, (3, SAMPLES)).astype(np.int64)
    about = RoundFacts(
        index=number,
        started_utc=f"2026-01-01T00:00:{number:02d}+00:00",
        duration_s=1.5,
        load_ns=1000,
        first_ns=2000,
        warmup_samples=SAMPLES,
        samples=SAMPLES,
        compute_samples=SAMPLES,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1000,
        peak_memory_bytes=2**25,
        facts={"cpu": "simulated"},
    )
    output = OutputTensor(name="y", dtype="int8", shape=(1, 8), sha256="ef" * 32, data=bytes(8), scale=0.5)
    return Round(about=about, warmup_ns=ns[0], samples_ns=ns[1], compute_ns=ns[2], outputs=(output,))
