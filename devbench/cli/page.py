"""The HTML page of a report, for `devbench report` and for the end of a run."""

from __future__ import annotations

from devbench.compare.overview import Overview
from devbench.files import sha256_of
from devbench.report.drawing import drawing_of
from devbench.report.html import html_report
from devbench.sources.sources import Sources
from devbench.store import RUN_FILE
from devbench.store.results_file import write_results


def page_of(sources: Sources, overview: Overview) -> str:
    """The HTML page."""
    drawing = drawing_of(sources, overview)
    csv = write_results(sources.rows())
    return html_report(overview, drawing.plots, drawing.traces, csv, run_sha256=_run_sha256(sources, overview))


def _run_sha256(sources: Sources, overview: Overview) -> str:
    """Of run.json, which names every other file of the run by its own."""
    return sha256_of(sources.runs[0][0].path / RUN_FILE) if overview.run else ""
