"""The plots and the HTML page of a report, for `devbench report` and for the end of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.cli.sources import Sources
from devbench.compare.beside import side_by_side
from devbench.compare.comparison import Comparison
from devbench.compare.grid import grid_of
from devbench.report.html import html_report
from devbench.report.overview import ResultsFile
from devbench.report.plots import CaseTrace, Plot, case_plot, overview_plots, trace_of
from devbench.report.plots.published import beside_marks, grid_marks, sources_of

_MOST_NAMES = 3


@dataclass(frozen=True)
class Drawing:
    """What is drawn of a report: the plots over all cases, and the samples of each case, by its id."""

    plots: Sequence[Plot]
    traces: Mapping[str, CaseTrace]

    def all_plots(self) -> list[Plot]:
        """Those over all cases, then one for each case."""
        return [*self.plots, *(case_plot(trace, number) for number, trace in enumerate(self.traces.values(), 1))]


def page_of(sources: Sources, baseline: str = "", reference: str = "", comparison: Comparison | None = None) -> str:
    """The HTML page. comparison: `sources.comparison(baseline)`, where it is at hand."""
    comparison = comparison or sources.comparison(baseline)
    drawing = drawing_of(sources, baseline, reference, comparison)
    tables = sources.tables(baseline, reference, comparison)
    names = [run.suite for _, run in sources.runs] + [file.name for file in sources.csvs]
    title = ", ".join(names) if len(names) <= _MOST_NAMES else f"{len(names)} sources of figures"
    return html_report(title, tables, drawing.plots, comparison, drawing.traces)


def drawing_of(sources: Sources, baseline: str, reference: str, comparison: Comparison | None) -> Drawing:
    """The plots of one run with whatever stands beside it, or of each file, or of several sources side by side."""
    traces = _traces(sources, comparison) if comparison else {}
    measured = [figure for rows in sources.measured() for figure in rows]
    if not measured:
        return Drawing([plot for file in sources.csvs for plot in _file_plots(file, baseline, reference)], {})
    figures = [*measured, *(figure for file in sources.csvs for figure in file.figures)]
    wanted = baseline or (comparison.run.compare.baseline if comparison else "")
    beside = side_by_side(figures, wanted)
    plots = overview_plots(comparison, traces, *beside_marks(beside, comparison), published=sources_of(beside))
    return Drawing(plots, traces)


def _file_plots(file: ResultsFile, baseline: str, reference: str) -> list[Plot]:
    grid = grid_of(file.figures, file.name, baseline, reference)
    over = grid.columns[grid.baseline] if grid.baseline is not None else ""
    return overview_plots(None, {}, *grid_marks(grid), source=file.name, baseline=over)


def _traces(sources: Sources, comparison: Comparison) -> dict[str, CaseTrace]:
    """The samples of one case at a time are in memory, never all."""
    folder, run = sources.runs[0]
    found = {}
    for row in comparison.rows:
        for index, column in enumerate(comparison.columns):
            cell = comparison.cells.get((row, index))
            if cell and cell.case.rounds:
                trace = trace_of(
                    cell.case, row, column.label, lambda case_id, phase: folder.samples(run, case_id, phase)
                )
                if trace:
                    found[cell.case.id] = trace
    return found
