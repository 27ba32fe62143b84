"""Grids of figures, and figures side by side, as tables of text. `published` stands wherever it is not ours."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.compare.beside import Beside, Group, Line
from devbench.compare.grid import Alike, Grid, RowKey
from devbench.domain.figure import Figure
from devbench.report.figures import milliseconds, ratio
from devbench.report.tables import Table, mean_lines

_MOST_LINES = 40
_STATISTICS = {"median": "Median", "mean": "Mean", "unspecified": "Statistic not stated"}


def grid_tables(grid: Grid, about: Sequence[str] = ()) -> list[Table]:
    """The figures of one file with their ratios over the baseline, and those over the reference model. about: notes."""
    tables = [_figures(grid, about)]
    if grid.over_reference:
        tables.append(_over_reference(grid))
    return tables


def beside_tables(beside: Beside) -> list[Table]:
    """One table of what was joined, and one of what was not."""
    tables = [_joined(beside)] if beside.groups else []
    if beside.apart:
        tables.append(_apart(beside))
    return tables


def value(figure: Figure) -> str:
    """`16.20 ms ± 0.4 %` where measured, `2.4 ms [2.35, 2.45]` or `36 per s [35.5, 36.5]` where published."""
    if figure.latency_ms and figure.measured:
        return f"{milliseconds(figure.latency_ms.estimate)} ms ± {figure.latency_ms.relative_half_width:.1%}".replace(
            "%", " %"
        )
    if figure.latency_ms:
        return f"{_published(figure['latency_ms'])} ms{_ends(figure, 'low_ms', 'high_ms')}"
    if figure.throughput_per_s:
        ends = _ends(figure, "throughput_low_per_s", "throughput_high_per_s")
        return f"{_published(figure['throughput_per_s'])} per s{ends}"
    return figure["status"]


_PRINTED_DIGITS = 8


def _published(printed: str) -> str:
    """As printed, unless a program printed all the digits of a float."""
    return printed if len(printed) <= _PRINTED_DIGITS else f"{float(printed):.6g}"


def _ends(figure: Figure, low: str, high: str) -> str:
    short = figure[low] and len(figure[low]) <= _PRINTED_DIGITS
    return f" [{figure[low]}, {figure[high]}]" if short else ""


def _figures(grid: Grid, about: Sequence[str]) -> Table:
    rows = [((str(row),), *(_cell(grid, row, index) for index in range(len(grid.columns)))) for row in grid.rows]
    if grid.means:
        rows.append((("geometric mean",), *(_mean(grid, index) for index in range(len(grid.columns)))))
    kinds = {"measured" if one.measured else "published" for one in grid.cells.values()}
    return Table(
        title=f"{grid.source}: time or rate of one inference, {' and '.join(sorted(kinds))}",
        header=("model", *grid.columns),
        rows=tuple(rows),
        notes=(*_baseline_note(grid), *_alike_notes(grid), *_reasons(grid), *_stated(grid), *about),
    )


def _cell(grid: Grid, row: RowKey, index: int) -> tuple[str, ...]:
    figure = grid.cells.get((row, index))
    if figure is None:
        return ("",)
    times = grid.over_baseline.get((row, index))
    return tuple(line for line in (value(figure), ratio(times) if times else "", doubt(figure)) if line)


def _mean(grid: Grid, index: int) -> tuple[str, ...]:
    if index not in grid.means:
        return ("",)
    return mean_lines(grid.means[index])


def _baseline_note(grid: Grid) -> list[str]:
    if grid.baseline is None or not grid.over_baseline:
        return []
    note = f"× is how many times faster than {grid.columns[grid.baseline]}"
    rounding = all(not one.measured for one in grid.cells.values())
    return [f"{note}; [ ] is what the rounding of the published figures allows." if rounding else f"{note}."]


def _alike_notes(grid: Grid) -> list[str]:
    return [_alike_note(grid, pair) for pair in grid.alike]


def _alike_note(grid: Grid, pair: Alike) -> str:
    names = f"{grid.columns[pair.one]} and {grid.columns[pair.other]}"
    same = f"no difference shown for {len(pair.same)} of {len(pair.same) + len(pair.apart)} models"
    which = f" ({', '.join(row.model for row in pair.same)})"
    apart = "; ".join(
        f"{row.model} {_bare(grid.cells[row, pair.one])} against {_bare(grid.cells[row, pair.other])}"
        for row in pair.apart
    )
    return f"{names}: {same}{which}" + (f"; they differ for {apart}." if apart else ".")


def _bare(figure: Figure) -> str:
    return value(figure).partition(" [")[0].partition(" ±")[0]


def _reasons(grid: Grid) -> list[str]:
    """Why there is no figure: one line for each reason, with how many cells it explains."""
    found: dict[str, list[str]] = {}
    for (row, index), figure in grid.cells.items():
        if not figure.has_value:
            found.setdefault(figure["reason"] or "no reason given", []).append(f"{row.model} on {grid.columns[index]}")
    return [
        f"{reason} ({cells[0]}{f' and {len(cells) - 1} more' if cells[1:] else ''})." for reason, cells in found.items()
    ]


def _stated(grid: Grid) -> list[str]:
    """Which columns do not say at which precision they were measured: ratios with them compare more than devices."""
    silent = [
        column
        for index, column in enumerate(grid.columns)
        if any(key == index and one.has_value and not one["precision"] for (_, key), one in grid.cells.items())
    ]
    several = {one["precision"] for one in grid.cells.values() if one["precision"]}
    notes = [f"Precision not stated: {', '.join(silent)}."] if silent else []
    if len(several) > 1:
        notes.append(f"Precision differs between columns ({', '.join(sorted(several))}): ratios compare that as well.")
    return notes


def _over_reference(grid: Grid) -> Table:
    assert grid.reference
    rows = []
    for row in grid.rows:
        ratios = [grid.over_reference.get((row, index)) for index in range(len(grid.columns))]
        if any(ratios):
            cells = [(ratio(one),) if one else ("",) for one in ratios]
            rows.append(((f"{row} / {grid.reference}",), *cells))
    return Table(
        title=f"{grid.source}: how many times as long as {grid.reference}",
        header=("models", *grid.columns),
        rows=tuple(rows),
    )


def _joined(beside: Beside) -> Table:
    rows = [row for group in beside.groups for row in _group_rows(group)]
    figures = [line.figure for group in beside.groups for line in group.lines]
    notes = []
    if any(group.baseline for group in beside.groups):
        notes.append("× is how many times faster than the baseline; [ ] takes the intervals of both at their worst.")
    if unstated := {one["source"] for one in figures if one.batch is None}:
        notes.append(f"Batch not stated, and taken for 1: {', '.join(sorted(unstated))}.")
    for statistic, name in _STATISTICS.items():
        if sources := {one["source"] for one in figures if one["statistic"] == statistic and not one.measured}:
            notes.append(f"{name}: {', '.join(sorted(sources))}. What devbench measures is a median.")
    notes += [f"{source}: {count} other models, not in this table." for source, count in beside.other_models.items()]
    return Table(
        title="Side by side: same model, input size, precision and batch",
        header=("model", "device", "whose figure", "time of one inference", "times faster"),
        rows=tuple(rows),
        notes=tuple(notes),
        grouped=True,
    )


def _group_rows(group: Group) -> list[tuple[tuple[str, ...], ...]]:
    work = group.work
    name = (f"{work.model} {work.precision}", work.input_size)
    lines = group.lines[:_MOST_LINES]
    rows = [_line(group, line, name if index == 0 else ("",)) for index, line in enumerate(lines)]
    if more := len(group.lines) - len(lines):
        rows.append((("",), (f"… and {more} slower ones: `--format csv` has all",), ("",), ("",), ("",)))
    return rows


def _line(group: Group, line: Line, name: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    figure = line.figure
    without = "" if group.baseline is None else "baseline" if figure is group.baseline else "no ratio: a rate"
    times = ratio(line.faster) if line.faster else without
    return (name, (_device(figure),), whose(figure), (value(figure),), (times,))


def _device(figure: Figure) -> str:
    if not figure.measured:
        return figure.device
    threads = f"{figure['threads']} threads" if figure["threads"] not in ("", "1") else ""
    return " ".join(part for part in (figure.device, figure["runtime"], threads) if part)


def whose(figure: Figure) -> tuple[str, ...]:
    """Who says so; a published figure always says `published`."""
    if figure.measured:
        return tuple(part for part in (f"measured: {figure['run']}", doubt(figure)) if part)
    return (f"published: {figure['source']}",)


def doubt(figure: Figure) -> str:
    """`suspect: busy, canary`, or nothing."""
    verdict = figure["verdict"]
    return f"{verdict}: {figure['verdict_reasons'].replace(';', ', ')}" if verdict not in ("", "clean") else ""


def _apart(beside: Beside) -> Table:
    rows = []
    before = ""
    for figure, why in sorted(beside.apart, key=lambda pair: pair[0]["model"]):
        name = figure["model"] if figure["model"] != before else ""
        rows.append(((name,), (_device(figure),), whose(figure), (value(figure),), (why,)))
        before = figure["model"]
    return Table(
        title="The same models, but not known to be the same work: no ratios",
        header=("model", "device", "whose figure", "figure", "why not"),
        rows=tuple(rows),
        grouped=True,
    )
