"""Runs made by hand, with everything that a report can show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from devbench.compare.figures import FileSource, RunSource
from devbench.compare.overview import Overview, overview_of
from devbench.domain.columns import NAMES
from devbench.domain.conditions import Conditions, Reason, Verdict
from devbench.domain.figure import Figure
from devbench.domain.measure import PROFILES
from devbench.domain.model import TensorSpec
from devbench.domain.outcome import Failed, Measured, Nanoseconds, OutputTensor, RoundFacts, Skipped
from devbench.domain.place import Absent
from devbench.domain.run import ArtifactRecord, CaseRecord, Compare, Request, Run
from devbench.report.plots import CaseTrace, looks_of, trace_of
from devbench.run.summary import precision_of, summary_of
from devbench.store.results_file import figure_of

STEAL = Reason(code="steal", severity="suspect", text="the hypervisor stole 2 %", remedy="Use a machine of your own.")
BUSY = Reason(code="busy", severity="contaminated", text="others kept 1 core busy", remedy="See `devbench doctor`.")
ANSWERS = (OutputTensor(name="o", dtype="int8", shape=(1,), sha256="to one input", second_sha256="to another"),)
EVIL = '<script>window.broken = 1</script><img src=x onerror="window.broken=2">'


def samples_of(median_ns: int, seed: int, count: int = 200) -> Nanoseconds:
    """A series around a median: noise of 1 %, and a far outlier."""
    made = np.random.default_rng(seed).normal(median_ns, median_ns / 100, count).astype(np.int64)
    made[count // 2] = 3 * median_ns
    return made


def case_of(
    model: str, device: str, rounds: list[Nanoseconds], *reasons: Reason, precision: str = "int8"
) -> CaseRecord:
    """A measured case with a round for each series; its verdict is the worst of `reasons`."""
    severities = {reason.severity for reason in reasons}
    status = next((one for one in ("contaminated", "suspect") if one in severities), "clean")
    return CaseRecord(
        id=f"{model}@{device}",
        model=model,
        precision=precision,
        device=device,
        place="local",
        runtime="litert",
        measure=PROFILES["normal"],
        region="invoke",
        input="random, seed 0",
        artifact=ArtifactRecord(
            sha256="ab" * 32,
            size_bytes=1234,
            format="tflite",
            source="x.tflite",
            weights="random",
            precision="int8",
            inputs=(TensorSpec(name="input", dtype="uint8", shape=(1, 224, 224, 3), scale=0.5, zero_point=3),),
            outputs=(),
        ),
        rounds=tuple(_round(number, ns, reasons) for number, ns in enumerate(rounds)),
        outcome=Measured(
            summary=summary_of(rounds),
            verdict=Verdict(status=status, reasons=reasons),  # type: ignore[arg-type]
            precision=precision_of(rounds, 0.01, 2.0),
        ),
    )


def _round(number: int, ns: Nanoseconds, reasons: tuple[Reason, ...]) -> RoundFacts:
    return RoundFacts(
        index=number,
        started_utc=f"2026-01-02T03:04:{number * 7:02d}.000+00:00",
        duration_s=2.5,
        load_ns=3_000_000,
        first_ns=2_000_000,
        warmup_samples=10,
        samples=ns.size,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1_000_000,
        peak_memory_bytes=2**25,
        conditions=Conditions(seconds=1.0, others_cores=0.01, canary_ns=(10, 11)),
        reasons=reasons,
        facts={"cpu": "A CPU", "os": "An OS", "clock": "monotonic", "runtime_version": f"2.{number // 9}"},
    )


def run_of(*cases: CaseRecord, baseline: str = "cpu", between: tuple[str, ...] = ()) -> Run:
    """A run of these cases."""
    return Run(
        id="a-run",
        suite="a-suite",
        suite_sha256="cd" * 32,
        started_utc="2026-01-02T03:04:05+00:00",
        finished_utc="2026-01-02T03:09:05+00:00",
        devbench_version="0",
        seed=7,
        request=Request(suite_text="name: a-suite\n", suite_dir=""),
        compare=Compare(baseline=baseline, between_models=between),
        order=(),
        host={"python": "3.11"},
        absent=(Absent(device="coral-usb", reason="none is plugged in", hint="Plug one in."),),
        cases=cases,
    )


def published(model: str, device: str, place: str, **values: str) -> Figure:
    """A figure of somebody else, of the same work as `case_of` claims; values: of columns, such as latency_ms."""
    known = {"source": "theirs", "model": model, "device": device, "place": place, "status": "published"}
    known |= {"precision": "int8", "input_shape": "224x224", "batch": "1", "statistic": "mean"}
    return figure_of({**dict.fromkeys(NAMES, ""), **known, **values}, "theirs.csv")


def overview_of_run(run: Run, samples: dict[str, list[Nanoseconds]], *files: FileSource) -> Overview:
    """What a report of the run says, with published figures beside it."""
    source = RunSource(
        name=run.id, run=run, samples=lambda case_id: dict(enumerate(samples[case_id])), outputs=lambda _: ANSWERS
    )
    return overview_of([source], files)


def overview_of_cases(*cases: CaseRecord, samples: dict[str, list[Nanoseconds]], baseline: str = "cpu") -> Overview:
    """What a report of a run of these cases says."""
    return overview_of_run(run_of(*cases, baseline=baseline), samples)


def traces_of(overview: Overview, samples: dict[str, list[Nanoseconds]]) -> dict[str, CaseTrace]:
    """The traces of its measured cases, with ten samples of warm-up in each round."""

    def rounds(case_id: str, phase: str) -> dict[int, Nanoseconds]:
        found = dict(enumerate(samples[case_id]))
        return found if phase == "steady" else {number: ns[:10] * 2 for number, ns in found.items()}

    made = {}
    looks = looks_of(overview)
    for (row, system), cell in overview.grid.cells.items():
        case = cell.figure.case
        if case and isinstance(case.outcome, Measured):
            trace = trace_of(case, row.model, system.name, looks[system], rounds)
            assert trace
            made[case.id] = trace
    return made


def rich_run(*files: FileSource) -> tuple[Overview, dict[str, CaseTrace]]:
    """Two devices and five models: clean, suspect, contaminated, failed and skipped, under names that bite."""
    series = {
        "zebra": (8_000_000, 2_000_000),
        "ant": (90_000_000, 30_000_000),
        f"bee {EVIL} $x_1$": (1_000_000, 400_000),
    }
    samples: dict[str, list[Nanoseconds]] = {}
    cases = []
    for number, (model, medians) in enumerate(series.items()):
        for device, median_ns in zip(("cpu", "tpu"), medians, strict=True):
            rounds = [samples_of(median_ns, 10 * number + one) for one in range(3)]
            reasons = {("zebra", "tpu"): (STEAL,), ("ant", "cpu"): (BUSY, STEAL)}.get((model, device), ())
            cases.append(case_of(model, device, rounds, *reasons))
            samples[cases[-1].id] = rounds
    blank = replace(cases[0], rounds=(), artifact=None)
    for device in ("cpu", "tpu"):
        failed = Failed(error=f"it broke: {EVIL}", hint="Mend `it`.", phase="load", log_tail=f"last words\n{EVIL}")
        cases.append(replace(blank, id=f"broken@{device}", model="broken", device=device, outcome=failed))
    skipped = Skipped(reason="no runtime is here", hint="Install one.")
    cases.append(replace(blank, id="skipped@tpu", model="skipped", device="tpu", outcome=skipped))
    overview = overview_of_run(run_of(*cases), samples, *files)
    return overview, traces_of(overview, samples)
