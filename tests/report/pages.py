"""Pages to be tested: of a run with everything in it, and published figures beside it."""

from __future__ import annotations

import base64
from pathlib import Path

from devbench.compare.figures import FileSource
from devbench.compare.overview import Overview
from devbench.report.html import html_report
from devbench.report.plots import CaseTrace, overview_plots
from tests.report.runs import STEAL, case_of, overview_of_run, published, run_of, samples_of, traces_of

PUBLISHED = Path(__file__).parents[2] / "results" / "published"

THEIRS = FileSource(
    name="theirs",
    figures=(
        published("zebra", "gpu", "Their GPU", latency_ms="3", low_ms="2.5", high_ms="3.5"),
        published("zebra", "rate", "Their rate", throughput_per_s="36"),
        published("ant", "gpu", "Their GPU", latency_ms="20"),
        published("ant", "gpu", "Their other GPU", latency_ms="20", input_shape="300x300"),
    ),
    notes=("Nobody checked these.",),
)
CSV = "model,device\nzebra,cpu\n"
CSV_LINK = f"data:text/csv;base64,{base64.b64encode(CSV.encode()).decode()}"


def page_of(overview: Overview, traces: dict[str, CaseTrace] | None = None) -> str:
    """The page of this overview."""
    return html_report(overview, overview_plots(overview, traces or {}), traces or {}, CSV, run_sha256="ef" * 32)


def many(models: int, *devices: str) -> tuple[Overview, dict[str, CaseTrace]]:
    """A run of so many models on each device, and its samples."""
    samples, cases = {}, []
    for number in range(models):
        for at, device in enumerate(devices):
            rounds = [samples_of((number + 1) * 5_000_000 // (at + 1), seed, 40) for seed in range(2)]
            cases.append(case_of(f"network_{number}", device, rounds, *((STEAL,) if number % 3 else ())))
            samples[cases[-1].id] = rounds
    overview = overview_of_run(run_of(*cases, baseline=devices[0]), samples)
    return overview, traces_of(overview, samples)
