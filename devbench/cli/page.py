"""The plots and the HTML page of a report, for `devbench report` and for the end of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.cli.sources import Sources
from devbench.compare.overview import Overview
from devbench.report.html import html_report
from devbench.report.plots import CaseTrace, Plot, case_plot, overview_plots, system_number, trace_of
from devbench.report.words import short_row_names
from devbench.store.results_file import write_results


@dataclass(frozen=True)
class Drawing:
    """What is drawn of a report: the plots over all cases, and the samples of each case, by its id."""

    plots: Sequence[Plot]
    traces: Mapping[str, CaseTrace]

    def all_plots(self) -> list[Plot]:
        """Those over all cases, then one for each case."""
        return [*self.plots, *(case_plot(trace, number) for number, trace in enumerate(self.traces.values(), 1))]


def page_of(sources: Sources, overview: Overview) -> str:
    """The HTML page."""
    drawing = drawing_of(sources, overview)
    return html_report(overview, drawing.plots, drawing.traces, write_results(sources.rows()))


def drawing_of(sources: Sources, overview: Overview) -> Drawing:
    """The plots of one run with whatever stands beside it, or of each file, or of several sources side by side."""
    traces = _traces(sources, overview) if overview.run else {}
    return Drawing(overview_plots(overview, traces), traces)


def _traces(sources: Sources, overview: Overview) -> dict[str, CaseTrace]:
    """The samples of one case at a time are in memory, never all."""
    folder, run = sources.runs[0]
    grid, names = overview.grid, short_row_names(overview.grid.rows)
    found = {}
    for row in grid.rows:
        for system, cell in grid.row(row).items():
            case = cell.figure.case
            if case and case.rounds:
                number = system_number(grid, system)
                trace = trace_of(
                    case, names[row], system.name, number, lambda case_id, phase: folder.samples(run, case_id, phase)
                )
                if trace:
                    found[case.id] = trace
    return found
