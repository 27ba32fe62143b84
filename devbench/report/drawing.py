"""Everything that is drawn of opened sources: for the page, for files, and for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from devbench.compare.overview import Overview
from devbench.report.origin import origin_of
from devbench.report.plots import CaseTrace, Plot, Plots, case_plot, looks_of, overview_plots, trace_of
from devbench.report.words import short_row_names
from devbench.sources.sources import Sources


@dataclass(frozen=True)
class Drawing:
    """What is drawn of a report: the plots over all cases, and the samples of each case, by its id."""

    plots: Plots
    traces: Mapping[str, CaseTrace]
    origin: str

    def all_plots(self) -> list[Plot]:
        """Those over all cases, then one for each case."""
        traces = enumerate(self.traces.values(), 1)
        return [*self.plots.all(), *(case_plot(trace, number, self.origin) for number, trace in traces)]


def drawing_of(sources: Sources, overview: Overview) -> Drawing:
    """The plots of one run with whatever is beside it, or of each file, or of several sources side by side."""
    traces = _traces(sources, overview) if overview.run else {}
    return Drawing(overview_plots(overview, traces), traces, origin_of(overview))


def _traces(sources: Sources, overview: Overview) -> dict[str, CaseTrace]:
    """The samples of one case at a time are in memory, never all."""
    folder, run = sources.runs[0]
    grid, names, looks = overview.grid, short_row_names(overview.grid.rows), looks_of(overview)
    found = {}
    for row in grid.rows:
        for system, cell in grid.row(row).items():
            case = cell.figure.case
            if case and case.rounds:
                trace = trace_of(case, names[row], system.name, looks[system], partial(folder.samples, run))
                if trace:
                    found[case.id] = trace
    return found
