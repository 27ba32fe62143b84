"""Marks for figures that stand in results CSVs: published ones beside a run's own, or files of their own."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.compare.beside import Beside, Group
from devbench.compare.comparison import Comparison
from devbench.compare.grid import Grid
from devbench.domain.figure import Figure
from devbench.report.plots.data import Mark
from devbench.stats import Interval


def beside_marks(beside: Beside, comparison: Comparison | None) -> tuple[list[Mark], list[Mark]]:
    """Latencies and speedups of what was joined, without what `comparison` has itself.

    A speedup is left out unless it is over the same case as those of the run.
    """
    latencies: list[Mark] = []
    speedups: list[Mark] = []
    numbers = {name: number for number, name in enumerate(sources_of(beside), 1)}
    for group in beside.groups:
        model = _model(group, beside)
        base = _baseline_case(comparison, model)
        for line in group.lines:
            if comparison and line.figure.measured:
                continue
            note = f"published [{numbers.get(line.figure['source'], 0)}]"
            latencies += _mark(model, line.figure, line.figure.latency_ms, note=note)
            if group.baseline and (not comparison or (base and group.baseline["case"] == base)):
                speedups += _mark(model, line.figure, line.faster, note=note)
    return latencies, speedups


def grid_marks(grid: Grid) -> tuple[list[Mark], list[Mark]]:
    """Latencies and speedups of one file's figures."""
    latencies: list[Mark] = []
    speedups: list[Mark] = []
    for (row, index), figure in grid.cells.items():
        latencies += _mark(str(row), figure, figure.latency_ms, grid.columns[index])
        speedups += _mark(str(row), figure, grid.over_baseline.get((row, index)), grid.columns[index])
    return latencies, speedups


def sources_of(beside: Beside) -> list[str]:
    """Who published the latencies that were joined, in the order of the numbers that stand in the plots."""
    figures = [line.figure for group in beside.groups for line in group.lines]
    return list(dict.fromkeys(one["source"] for one in figures if not one.measured and one.latency_ms))


def _mark(model: str, figure: Figure, value: Interval | None, device: str = "", note: str = "") -> Sequence[Mark]:
    if value is None:
        return ()
    ours = figure.measured
    verdict = figure["verdict"] if figure["verdict"] not in ("", "clean") else ""
    return (
        Mark(
            model=model,
            device=device or figure.device,
            value=value.estimate,
            low=value.low,
            high=value.high,
            kind="measured" if ours else "published",
            note=verdict if ours else note,
        ),
    )


def _model(group: Group, beside: Beside) -> str:
    """As the run's own table calls it; with the size of the input only where there are several."""
    name = f"{group.work.model} {group.work.precision}"
    several = sum(f"{one.work.model} {one.work.precision}" == name for one in beside.groups) > 1
    return f"{name} {group.work.input_size.replace('x', '×')}" if several else name


def _baseline_case(comparison: Comparison | None, model: str) -> str:
    if comparison is None or comparison.baseline is None:
        return ""
    cell = comparison.cells.get((model, comparison.baseline))
    return cell.case.id if cell else ""
