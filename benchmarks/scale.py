"""How do time and memory of `devbench report` grow with samples and with run folders?

    uv run python benchmarks/scale.py

Makes run folders of eight simulated cases (four models on two devices, five rounds each) with 10^4 to 10^7 samples in
all, and up to 1,000 folders of 10^3 samples, in a temporary folder; reports each in a process of its own.
Prints two Markdown tables.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from devbench.domain.measure import PROFILES
from devbench.domain.outcome import Round, RoundFacts
from devbench.domain.run import CaseRecord, Compare, Request, Run
from devbench.run.summary import outcome_of
from devbench.store.folder import RunFolder

MODELS, DEVICES, ROUNDS = ("a", "b", "c", "d"), ("one", "other"), 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, nargs="*", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--folders", type=int, nargs="*", default=[1, 10, 100, 1000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| samples | samples.parquet, MB | `report`, s | peak memory, MB | `report --format csv`, s |")
        print("|--:|--:|--:|--:|--:|")
        for samples in arguments.samples:
            path = made(Path(folder) / f"samples{samples}", samples)
            size = (path / "samples.parquet").stat().st_size / 1e6
            (seconds, memory), (csv_seconds, _) = report(path), report(path, "--format", "csv")
            print(f"| {samples:,} | {size:.1f} | {seconds:.2f} | {memory:.0f} | {csv_seconds:.2f} |", flush=True)
        print("\n| run folders | `report` of all, s | peak memory, MB |\n|--:|--:|--:|")
        paths = [made(Path(folder) / f"run{number}", 1000) for number in range(max(arguments.folders, default=0))]
        for count in arguments.folders:
            seconds, memory = report(*paths[:count])
            print(f"| {count:,} | {seconds:.2f} | {memory:.0f} |", flush=True)


def report(*arguments: Path | str) -> tuple[float, float]:
    """Seconds and peak resident megabytes of one `devbench report`."""
    start = time.monotonic()
    command = [sys.executable, "-m", "devbench", "report", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"devbench report ended with {process.returncode}")
    return time.monotonic() - start, usage.ru_maxrss / 1000


def made(path: Path, samples: int) -> Path:
    """`make_run` in a process of its own: a child's peak memory counts from what its parent held."""
    process = multiprocessing.get_context("fork").Process(target=make_run, args=(path, samples))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)
    return path


def make_run(path: Path, samples: int) -> Path:
    """A finished run with about so many samples."""
    random = np.random.default_rng(0)
    per_round = max(samples // (len(MODELS) * len(DEVICES) * ROUNDS), 1)
    cases = tuple(
        CaseRecord(
            id=f"{model}@{device}",
            model=model,
            precision="int8",
            device=device,
            place="local",
            runtime="simulated",
            region="invoke",
            measure=PROFILES["normal"],
        )
        for model in MODELS
        for device in DEVICES
    )
    run = Run(
        id=path.name,
        suite="scale",
        suite_sha256="",
        started_utc="2026-01-01T00:00:00+00:00",
        devbench_version="0",
        seed=0,
        request=Request(suite_text="", suite_dir=""),
        compare=Compare(baseline="one", between_models=("a", "b", "c", "d")),
        order=(),
        host={},
        absent=(),
        cases=cases,
    )
    with RunFolder(path) as folder:
        folder.save(run)
        for case in cases:
            for number in range(ROUNDS):
                ns = random.lognormal(14, 0.02, per_round).astype(np.int64)
                done = Round(about=facts(number, per_round), warmup_ns=ns[:10], samples_ns=ns)
                run = folder.add_round(run, case.id, done)
            record = run.case(case.id)
            outcome = outcome_of(record, partial(folder.samples, run, case.id))
            run = run.with_case(replace(record, outcome=outcome))
        folder.finish(run)
    return path


def facts(number: int, samples: int) -> RoundFacts:
    return RoundFacts(
        index=number,
        started_utc="2026-01-01T00:00:00+00:00",
        duration_s=1,
        load_ns=1,
        first_ns=1,
        warmup_samples=min(samples, 10),
        samples=samples,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1,
        peak_memory_bytes=1,
    )


if __name__ == "__main__":
    main()
