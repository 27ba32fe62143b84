"""Tables of several sources: figures of the same work side by side, and those that were set apart."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.overview import Overview
from devbench.compare.placing import Apart
from devbench.domain.figure import Figure
from devbench.report.cells import doubt_lines, figure_cell, figure_line, ratio_lines
from devbench.report.notes import note_of
from devbench.report.numbers import figure_text
from devbench.report.table import CellLine, Table, TableCell, text_cell

_MOST_LINES = 40  # of one row
OF_FILES = ("source", "other models", "statistic", "batch not stated", "no figure")


def side_by_side_table(overview: Overview) -> Table:
    """What several sources have figures of."""
    rows: list[tuple[TableCell, ...]] = []
    for row in overview.grid.rows:
        rows += _group(overview, row)
    notes = [
        "faster, slower: than the baseline; [ ] takes the intervals of both at their worst where one is published."
    ]
    notes += [note_of(one) for one in overview.findings if one.cause in OF_FILES]
    return Table(
        title="Side by side: same model, input size, precision and batch",
        header=("model", "device", "whose figure", "time of one inference", "over the baseline"),
        rows=tuple(rows),
        notes=tuple(notes),
        grouped=True,
    )


def _group(overview: Overview, row: Row) -> list[tuple[TableCell, ...]]:
    """A row's figures, the fastest first; nothing for a row that only one source has."""
    grid, wins = overview.grid, overview.answer.wins
    cells = sorted((pair for pair in grid.row(row).items() if pair[1].figure.has_value), key=_rank)
    if len({system.source for system, _ in cells}) < 2:  # noqa: PLR2004
        return []
    name = text_cell(f"{row.model} {row.precision}", row.size.replace("x", "×"))
    again = TableCell(lines=name.lines, repeated=True)
    found: list[tuple[TableCell, ...]] = [
        (
            again if number else name,
            text_cell(system.name),
            _whose(cell.figure),
            figure_cell(cell.figure, figure_line(cell.figure, wins=wins(row, system))),
            _over_baseline(grid, system, cell),
        )
        for number, (system, cell) in enumerate(cells[:_MOST_LINES])
    ]
    if (more := len(cells) - _MOST_LINES) > 0:
        rest = text_cell(f"… and {more} slower ones: `--format csv` has all")
        found.append((again, rest, TableCell(), TableCell(), TableCell()))
    return found


def _rank(pair: tuple[System, Cell]) -> float:
    figure = pair[1].figure
    if figure.latency_ms:
        return figure.latency_ms.estimate
    assert figure.throughput_per_s
    return 1000 / figure.throughput_per_s.estimate


def _over_baseline(grid: Grid, system: System, cell: Cell) -> TableCell:
    if system == grid.baseline:
        return text_cell("baseline")
    lines = ratio_lines(cell)
    if not lines and grid.baseline and not cell.figure.latency_ms:
        return text_cell("no ratio: a rate")
    return TableCell(lines=tuple(lines), sort=cell.faster.interval.estimate if cell.faster.interval else None, unit="×")


def _whose(figure: Figure) -> TableCell:
    """Who says so; a published figure always says `published`."""
    if not figure.ours:
        return TableCell(lines=(CellLine(text=f"published: {figure['source']}", kind="published"),))
    return TableCell(
        lines=(CellLine(text=f"measured: {figure['run']}" if figure["run"] else "measured"), *doubt_lines(figure))
    )


def apart_table(apart: Sequence[Apart]) -> Table:
    """Figures of the same models that may be of other work, each with the reason."""
    rows = []
    before = ""
    for one in sorted(apart, key=lambda one: one.figure["model"]):
        figure = one.figure
        model = text_cell(figure["model"])
        rows.append(
            (
                TableCell(lines=model.lines, repeated=figure["model"] == before),
                text_cell(figure.device),
                _whose(figure),
                figure_cell(figure, CellLine(text=figure_text(figure))),
                text_cell(one.reason),
            )
        )
        before = figure["model"]
    return Table(
        title="The same models, but not known to be the same work: no ratios",
        header=("model", "device", "whose figure", "figure", "why not"),
        rows=tuple(rows),
        grouped=True,
        of_other_work=True,
    )
