"""Which plots an overview has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.overview import Overview
from devbench.report.plots.data import CaseTrace, Mark
from devbench.report.plots.drift import drift_figure
from devbench.report.plots.latency import latency_figure
from devbench.report.plots.render import Plot
from devbench.report.plots.samples import samples_figure
from devbench.report.plots.speedup import speedup_figure
from devbench.report.words import short_row_names
from devbench.stats import Interval


def overview_plots(overview: Overview, traces: Mapping[str, CaseTrace]) -> list[Plot]:
    """The plots over all cases that there is something to draw in. traces: samples by case id.

    Where several files stand side by side without a run, each has plots of its own.
    """
    if not overview.runs and not overview.only_file:
        return [plot for name, grid in overview.files.items() for plot in _grid_plots(grid, {}, name)]
    plots = _grid_plots(overview.grid, traces, overview.only_file)
    several = [one for one in traces.values() if _has_a_course(one)]
    return [*plots, _drift_plot(several)] if several else plots


def case_plot(trace: CaseTrace, number: int) -> Plot:
    """The plot of a case's samples; number: of the case in its run."""
    each = max(one.steady.each for one in trace.rounds)
    if each > 1:
        drawn = (
            f"The band goes from the smallest to the largest of up to {each:,} consecutive samples, the line is their "
        )
        drawn += "median"
    else:
        drawn = "The line goes through every sample"
    return Plot(
        name=f"samples-{number:03d}",
        title=f"Samples of {trace.model} on {trace.device}",
        about=f"{drawn}; none is left out. Shaded: warm-up, in no figure. Percentages are from the median; the axis is "
        f"stretched near it. Right: how many samples, on a logarithmic axis (outline: warm-up).",
        draw=lambda theme: samples_figure(trace, theme),
    )


def system_number(grid: Grid, system: System) -> int:
    """What a system's colour, marker and hatch are chosen by: the same in every plot."""
    return grid.systems.index(system)


def _grid_plots(grid: Grid, traces: Mapping[str, CaseTrace], source: str) -> list[Plot]:
    published = _sources(grid)
    latencies = [mark for row in grid.rows for mark in _latency_marks(grid, row, traces, published)]
    speedups = [mark for row in grid.rows for mark in _speedup_marks(grid, row, published)]
    plots = [_latency_plot(latencies, published, source)] if latencies else []
    if speedups and grid.baseline:
        plots.append(_speedup_plot(speedups, published, grid.baseline.name, source))
    return plots


def _sources(grid: Grid) -> tuple[str, ...]:
    """Who published latencies that are drawn, in the order of the numbers that stand for them; () for a file alone."""
    if not any(system.ours for system in grid.systems):
        return ()
    figures = [cell.figure for cell in grid.cells.values()]
    return tuple(dict.fromkeys(one["source"] for one in figures if not one.ours and one.latency_ms))


def _latency_marks(grid: Grid, row: Row, traces: Mapping[str, CaseTrace], published: Sequence[str]) -> list[Mark]:
    found = []
    for system, cell in _ours_first(grid, row):
        trace = traces.get(cell.figure["case"]) if cell.figure.case else None
        rounds = tuple(one.median_ms for one in trace.rounds if not one.superseded) if trace else ()
        if cell.figure.latency_ms:
            found.append(_mark(grid, row, system, cell, cell.figure.latency_ms, published, rounds))
    return found


def _speedup_marks(grid: Grid, row: Row, published: Sequence[str]) -> list[Mark]:
    """Undecided ratios are drawn, and marked: nothing follows from them."""
    return [
        _mark(grid, row, system, cell, cell.faster.interval, published, undecided=cell.faster.shown == "undecided")
        for system, cell in _ours_first(grid, row)
        if cell.faster.interval
    ]


def _mark(
    grid: Grid,
    row: Row,
    system: System,
    cell: Cell,
    value: Interval,
    published: Sequence[str],
    rounds: tuple[float, ...] = (),
    *,
    undecided: bool = False,
) -> Mark:
    verdict = cell.figure["verdict"]
    note = verdict if verdict not in ("", "clean") else ""
    if not cell.figure.ours and published:
        note = f"published [{published.index(cell.figure['source']) + 1}]"
    return Mark(
        model=short_row_names(grid.rows)[row],
        device=system.name,
        number=system_number(grid, system),
        value=value.estimate,
        low=value.low,
        high=value.high,
        kind="measured" if cell.figure.measured else "published",
        rounds=rounds,
        note="undecided: contaminated" if undecided else note,
        undecided=undecided,
    )


def _ours_first(grid: Grid, row: Row) -> list[tuple[System, Cell]]:
    return sorted(grid.row(row).items(), key=lambda pair: not pair[0].ours)


def _has_a_course(trace: CaseTrace) -> bool:
    return len(trace.rounds) > 1 and all(one.started_s is not None for one in trace.rounds)


def _latency_plot(marks: Sequence[Mark], published: Sequence[str], source: str) -> Plot:
    return Plot(
        name=f"latency-{source}" if source else "latency",
        title=f"Time of one inference{f': {source}' if source else ''}",
        about=_about(marks, "Median with 95 % interval; short strokes are the medians of its rounds.", published),
        draw=lambda theme: latency_figure(marks, theme),
    )


def _speedup_plot(marks: Sequence[Mark], published: Sequence[str], baseline: str, source: str) -> Plot:
    return Plot(
        name=f"speedup-{source}" if source else "speedup",
        title=f"How many times faster than {baseline}{f': {source}' if source else ''}",
        about=f"Twice as fast and half as fast are equally far from 1. "
        f"{_about(marks, 'Ratio of medians with 95 % interval.', published)}",
        draw=lambda theme: speedup_figure(marks, baseline, theme),
    )


def _drift_plot(traces: Sequence[CaseTrace]) -> Plot:
    return Plot(
        name="drift",
        title="Drift over the rounds",
        about="Median of each round in the order of time, against the median of its case. If lines move together, the "
        "machine changed; hollow points are rounds in which it was seen to be disturbed.",
        draw=lambda theme: drift_figure(traces, theme),
    )


def _about(marks: Sequence[Mark], measured: str, sources: Sequence[str]) -> str:
    """What the strokes mean, of the kinds of figures that are there."""
    kinds = {mark.kind for mark in marks}
    published = "Hollow: published by others, with the interval that their rounding allows."
    published += "".join(f" [{number}] {name}." for number, name in enumerate(sources, 1))
    return " ".join(text for kind, text in (("measured", measured), ("published", published)) if kind in kinds)
