"""An overview as tables of text, whatever they will be drawn with: every figure, every ratio, every note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from devbench.compare.between import Between
from devbench.compare.findings import Finding
from devbench.compare.grid import Cell, Grid, Mean, Row, System
from devbench.compare.overview import Overview
from devbench.compare.placing import Apart
from devbench.domain.figure import Figure
from devbench.domain.outcome import Measured, Summary
from devbench.domain.run import CaseRecord
from devbench.printable import one_line
from devbench.report.covered import WITHIN, covered, what_is_covered
from devbench.report.notes import note_of
from devbench.report.numbers import count_of, factor, figure_text, milliseconds
from devbench.report.words import limit_word, ratio_text, row_name

_MOST_LINES = 40


@dataclass(frozen=True, kw_only=True)
class CellLine:
    """One line of a cell. kind: the verdict, status or result that it tells of; "" for any other line."""

    text: str
    kind: str = ""

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal, or the next line: names and answers come from boards and files."""
        object.__setattr__(self, "text", one_line(self.text))


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """A cell. sort, unit: what it is sorted by; None where it holds no number. repeated: its text is that of above."""

    lines: tuple[CellLine, ...] = ()
    sort: float | None = None
    unit: str = ""
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns.

    Whatever makes a table of what boards and files say, it holds only what can be shown.

    foot: rows that stay at the end however the table is sorted. notes: below the table, one line each.
    grouped: rows whose first cell is repeated belong to the row above.
    of_other_work: it holds figures that nothing here is compared with. source: the one file of several that it is of.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    foot: tuple[tuple[TableCell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    grouped: bool = False
    of_other_work: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal."""
        fit = {
            "title": one_line(self.title),
            "header": tuple(map(one_line, self.header)),
            "notes": tuple(map(one_line, self.notes)),
        }
        for name, value in fit.items():
            object.__setattr__(self, name, value)


def text_cell(*lines: str) -> TableCell:
    """A cell of plain text."""
    return TableCell(lines=tuple(CellLine(text=text) for text in lines if text))


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
    if overview.runs + len(overview.files) > 1 and (joined := _side_by_side(overview)):
        tables.append(joined)
    if overview.apart:
        tables.append(_apart(overview.apart))
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
            *(_figure_cell(grid.cells.get((row, one)), wins=answer.wins(row, one)) for one in grid.systems),
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
    return [one for one in findings if one.cause not in _OF_FILES]


_OF_FILES = ("source", "other models", "statistic", "batch not stated", "no figure")


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
    lines = [_figure_line(figure, wins=overview.answer.wins(row, system))]
    if case and isinstance(case.outcome, Measured):
        lines += [CellLine(text=text) for text in _more(case, case.outcome)]
    lines += _ratio_lines(cell)
    lines += _limit_lines(overview, figure)
    if case and isinstance(case.outcome, Measured) and (seen := case.outcome.prediction):
        lines.append(CellLine(text=str(seen)))
    lines += _doubt(figure)
    return TableCell(lines=tuple(lines), sort=_sort(figure), unit=_unit(figure))


def _figure_line(figure: Figure, *, wins: bool) -> CellLine:
    return CellLine(text=figure_text(figure), kind="winner" if wins else "" if figure.has_value else figure["status"])


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


def _ratio_lines(cell: Cell) -> list[CellLine]:
    text = ratio_text(cell.faster)
    if not text:
        return []
    kind = {"more": "faster", "less": "slower", "undecided": "undecided"}.get(cell.faster.shown or "", "")
    lines = [CellLine(text=text, kind=kind)]
    return [*lines, CellLine(text="answers not confirmed")] if cell.faster.unconfirmed else lines


def _doubt(figure: Figure) -> list[CellLine]:
    """`suspect: busy, steal`, or nothing."""
    verdict = figure["verdict"]
    if verdict in ("", "clean"):
        return []
    return [CellLine(text=f"{verdict}: {figure['verdict_reasons'].replace(';', ', ')}", kind=verdict)]


def _limit_lines(overview: Overview, figure: Figure) -> list[CellLine]:
    """The wall and how near it is, as one word and a percentage."""
    limit = overview.limits.get(figure)
    text = limit_word(limit)
    return [CellLine(text=text, kind="failed" if limit and limit.below else "")] if text else []


def _figure_cell(cell: Cell | None, *, wins: bool) -> TableCell:
    if cell is None:
        return TableCell()
    figure = cell.figure
    lines = [_figure_line(figure, wins=wins), *_ratio_lines(cell), *_doubt(figure)]
    return TableCell(lines=tuple(lines), sort=_sort(figure), unit=_unit(figure))


def _sort(figure: Figure) -> float | None:
    value = figure.latency_ms or figure.throughput_per_s
    return value.estimate if value else None


def _unit(figure: Figure) -> str:
    return "ms" if figure.latency_ms else "per s" if figure.throughput_per_s else ""


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


def _side_by_side(overview: Overview) -> Table | None:
    """What several sources have figures of; None if nothing."""
    rows: list[tuple[TableCell, ...]] = []
    for row in overview.grid.rows:
        rows += _group(overview, row)
    notes = [
        "faster, slower: than the baseline; [ ] takes the intervals of both at their worst where one is published."
    ]
    notes += [note_of(one) for one in overview.findings if one.cause in _OF_FILES]
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
            TableCell(
                lines=(_figure_line(cell.figure, wins=wins(row, system)),),
                sort=_sort(cell.figure),
                unit=_unit(cell.figure),
            ),
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
    lines = _ratio_lines(cell)
    if not lines and grid.baseline and not cell.figure.latency_ms:
        return text_cell("no ratio: a rate")
    return TableCell(lines=tuple(lines), sort=cell.faster.interval.estimate if cell.faster.interval else None, unit="×")


def _whose(figure: Figure) -> TableCell:
    """Who says so; a published figure always says `published`."""
    if not figure.ours:
        return TableCell(lines=(CellLine(text=f"published: {figure['source']}", kind="published"),))
    return TableCell(
        lines=(CellLine(text=f"measured: {figure['run']}" if figure["run"] else "measured"), *_doubt(figure))
    )


def _apart(apart: Sequence[Apart]) -> Table:
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
                TableCell(lines=(CellLine(text=figure_text(figure)),), sort=_sort(figure), unit=_unit(figure)),
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


def _rounds(counts: Sequence[int]) -> str:
    """`1 round`, `3 rounds`, `3–5 rounds`."""
    least, most = min(counts), max(counts)
    return count_of(most, "round") if least == most else f"{least}–{most} rounds"
