"""An overview as tables of text, whatever they will be drawn with: every figure, every ratio, every note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from devbench.compare.between import Between
from devbench.compare.findings import Finding
from devbench.compare.grid import Cell, Grid, Mean, Row, System
from devbench.compare.overview import Overview
from devbench.domain.figure import Figure
from devbench.domain.outcome import Measured, Summary
from devbench.domain.run import CaseRecord
from devbench.report.cells import doubt_lines, figure_cell, figure_line, ratio_lines
from devbench.report.covered import WITHIN, covered, what_is_covered
from devbench.report.notes import note_of
from devbench.report.numbers import count_of, factor, milliseconds
from devbench.report.sources_tables import OF_FILES, apart_table, side_by_side_table
from devbench.report.table import CellLine, Table, TableCell, text_cell
from devbench.report.words import limit_word, ratio_text, row_name


def tables_of(overview: Overview) -> list[Table]:
    """All tables: the grid, the ratios between models, what others published beside it, and what was set apart."""
    tables = []
    if overview.runs:
        tables.append(_measured(overview))
    elif overview.only_file:
        tables.append(_published(overview, overview.only_file, overview.findings))
    else:
        tables += [replace(_published(overview, name, ()), source=name) for name in overview.files]
    tables += _between(overview)
    if overview.runs + len(overview.files) > 1:
        tables.append(side_by_side_table(overview))
    if overview.apart:
        tables.append(apart_table(overview.apart))
    return tables


def _measured(overview: Overview) -> Table:
    grid = overview.grid
    systems = [system for system in grid.systems if system.ours]
    rows = []
    for row in grid.rows:
        cells = {system: cell for system, cell in grid.row(row).items() if system.ours}
        rows.append((_row_cell(row, cells.values()), *(_cell(overview, row, one, cells.get(one)) for one in systems)))
    about = overview.about
    rounds = f" ({_rounds(about.rounds)})" if about and about.rounds else ""
    figures = [cell.figure for cell in grid.cells.values()]
    interval = f"95 % interval {name}" if (name := covered(figures)) else "95 % interval"
    return Table(
        title=f"{overview.title}: time of one inference, median with {interval}{rounds}",
        header=("model", *(system.name for system in systems)),
        rows=tuple(rows),
        foot=_mean_row(grid, systems),
        notes=(
            *_baseline_note(grid, systems),
            *map(note_of, _of_run(overview.findings)),
            *([text] if (text := what_is_covered(figures)) else []),
        ),
    )


def _published(overview: Overview, name: str, findings: Sequence[Finding]) -> Table:
    grid, answer = overview.files[name], overview.answers[name]
    rows = [
        (
            text_cell(row_name(row)),
            *(_published_cell(grid.cells.get((row, one)), wins=answer.wins(row, one)) for one in grid.systems),
        )
        for row in grid.rows
    ]
    return Table(
        title=f"{name}: time or rate of one inference, {_kinds(grid)}",
        header=("model", *(system.name for system in grid.systems)),
        rows=tuple(rows),
        foot=_mean_row(grid, grid.systems),
        notes=(
            *_baseline_note(grid, grid.systems),
            *map(note_of, findings),
            *([text] if (text := what_is_covered(cell.figure for cell in grid.cells.values())) else []),
        ),
    )


def _kinds(grid: Grid) -> str:
    kinds = {"measured" if cell.figure.measured else "published" for cell in grid.cells.values()}
    return " and ".join(sorted(kinds))


def _of_run(findings: Iterable[Finding]) -> list[Finding]:
    """Those of the table of what was measured; the others stand below what they are of."""
    return [one for one in findings if one.cause not in OF_FILES]


def _row_cell(row: Row, cells: Iterable[Cell]) -> TableCell:
    """Model and precision; below them the size of its input where the file says it."""
    cases = [cell.figure.case for cell in cells if cell.figure.case]
    artifact = next((case.artifact for case in cases if case.artifact), None)
    shapes = ", ".join("×".join(str(size) for size in spec.shape) for spec in artifact.inputs) if artifact else ""
    return text_cell(" ".join(part for part in (row.model, row.precision) if part), shapes)


def _cell(overview: Overview, row: Row, system: System, cell: Cell | None) -> TableCell:
    if cell is None:
        return TableCell()
    figure, case = cell.figure, cell.figure.case
    if not figure.has_value:
        status = case.outcome.status if case else figure["status"]
        return TableCell(lines=(CellLine(text=status, kind=status),))
    lines = [figure_line(figure, wins=overview.answer.wins(row, system))]
    if case and isinstance(case.outcome, Measured):
        lines += [CellLine(text=text) for text in _more(case, case.outcome)]
    lines += ratio_lines(cell)
    lines += _limit_lines(overview, figure)
    if case and isinstance(case.outcome, Measured) and (seen := case.outcome.prediction):
        lines.append(CellLine(text=str(seen)))
    lines += doubt_lines(figure)
    return figure_cell(figure, *lines)


def _more(case: CaseRecord, outcome: Measured) -> list[str]:
    """Percentiles, the compute alone and the energy, as far as there are."""
    lines = [f"{name} {milliseconds(value_ms)} ms" for name, value_ms in _percentiles(case, outcome.summary)]
    if outcome.compute:
        lines.append(f"compute {milliseconds(outcome.compute.median_ms)} ms")
    if (energy_mj := case.energy_mj) is not None:
        lines.append(f"{energy_mj:.3g} mJ")
    return lines


def _percentiles(case: CaseRecord, summary: Summary) -> list[tuple[str, float]]:
    """p90 always, others where the suite asks for them; those it asks for with the bound it asks for."""
    asked = case.measure.percentiles if case.measure else ()
    figures = {90: (summary.p90_ms, summary.p90_bound_ms), 99: (summary.p99_ms, summary.p99_bound_ms)}
    found = []
    for percent, (value_ms, bound_ms) in figures.items():
        if value_ms is not None and (percent == 90 or percent in asked):  # noqa: PLR2004
            found.append((f"p{percent}", value_ms))
        if bound_ms is not None and percent in asked:
            found.append((f"p{percent} at most", bound_ms))
    return found


def _limit_lines(overview: Overview, figure: Figure) -> list[CellLine]:
    """The wall and how near it is, as one word and a percentage."""
    limit = overview.limits.get(figure)
    text = limit_word(limit)
    return [CellLine(text=text, kind="failed" if limit and limit.below else "")] if text else []


def _published_cell(cell: Cell | None, *, wins: bool) -> TableCell:
    if cell is None:
        return TableCell()
    figure = cell.figure
    lines = [figure_line(figure, wins=wins), *ratio_lines(cell), *doubt_lines(figure)]
    return figure_cell(figure, *lines)


def _mean_row(grid: Grid, systems: Sequence[System]) -> tuple[tuple[TableCell, ...], ...]:
    if not any(system in grid.means for system in systems):
        return ()
    return ((text_cell("geometric mean"), *(text_cell(*mean_lines(grid.means.get(one))) for one in systems)),)


def mean_lines(mean: Mean | None) -> tuple[str, ...]:
    """How many times faster over several models, and from where to where the models go."""
    if mean is None:
        return ()
    if mean.ratio.shown == "less":
        ends = f"{factor(1 / mean.largest)} to {factor(1 / mean.smallest)} slower"
    else:
        ends = f"{factor(mean.smallest)} to {factor(mean.largest)}"
    return (ratio_text(mean.ratio), count_of(mean.models, "model"), ends)


def _baseline_note(grid: Grid, systems: Sequence[System]) -> list[str]:
    if grid.baseline is None or len(systems) == 1:
        return []
    note = f"faster, slower: than {grid.baseline.name}"
    rounding = all(not cell.figure.measured for cell in grid.cells.values())
    return [f"{note}; [ ] is what the rounding of the published figures allows." if rounding else f"{note}."]


def _between(overview: Overview) -> list[Table]:
    """How many times as long one model takes as another; every system that has such a ratio is a column."""
    if not overview.between:
        return []
    systems = list(dict.fromkeys(system for one in overview.between for system in one.ratios))
    rows = [(text_cell(_pair(one)), *(_between_cell(one, system) for system in systems)) for one in overview.between]
    published = {system.source for system in systems if not system.ours}
    names = [_heading(system, several=len(published) > 1 or bool(overview.run)) for system in systems]
    allowed = "; of published figures what rounding allows" if published else ""
    within = f" {WITHIN}" if overview.run else ""
    return [
        Table(
            title=f"How many times as long, with 95 % interval{within}{allowed}",
            header=("models", *names),
            rows=tuple(rows),
        )
    ]


def _pair(between: Between) -> str:
    return f"{row_name(between.slow)} / {row_name(between.fast)}"


def _heading(system: System, *, several: bool) -> str:
    return f"{system.name} (published: {system.source})" if not system.ours and several else system.name


def _between_cell(between: Between, system: System) -> TableCell:
    ratio = between.ratios.get(system)
    if ratio is None or ratio.interval is None:
        return TableCell()
    text = ratio_text(ratio, more="", less="faster")
    return TableCell(lines=(CellLine(text=text),), sort=ratio.interval.estimate, unit="×")


def _rounds(counts: Sequence[int]) -> str:
    """`1 round`, `3 rounds`, `3–5 rounds`."""
    least, most = min(counts), max(counts)
    return count_of(most, "round") if least == most else f"{least}–{most} rounds"
