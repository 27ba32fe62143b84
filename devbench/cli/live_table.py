"""The table of a run that goes on: each figure as soon as a round of it is done. Made between rounds, never in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from devbench.compare.figures import RunSource, figure_of_case
from devbench.compare.grid import Grid, System, grid_of
from devbench.compare.placing import place_side_by_side
from devbench.domain.figure import Figure
from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import Run
from devbench.report.compact_table import table_lines
from devbench.report.screen import ScreenLine, plain

Samples = Callable[[str], Mapping[int, Nanoseconds]]


class LiveTable:
    """Keeps a figure for each case, and makes only that of the case that changed again."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}
        self._newest = ""
        self._baseline = ""

    def update(self, run: Run, case_id: str, samples: Samples) -> None:
        """A round of this case is done, or it is given up."""
        source = RunSource(name=run.id, run=run, samples=samples, outputs=lambda _: ())
        wanted = [run.case(case_id)] if self._figures else run.cases
        self._figures |= {case.id: figure_of_case(source, case) for case in wanted}
        self._figures = {case.id: self._figures[case.id] for case in run.cases}
        self._newest = run.case(case_id).model
        self._baseline = run.compare.baseline

    def lines(self, width: int, height: int) -> list[ScreenLine]:
        """The table, or the part of it around the newest figure that fits."""
        if not self._figures:
            return []
        lines = table_lines(self._grid(), width)
        if len(lines) <= height:
            return lines
        at = next((number for number, line in enumerate(lines) if self._newest in plain(line)), 0)
        first = max(0, min(at - height // 2, len(lines) - height))
        return lines[first : first + height]

    def _grid(self) -> Grid:
        placed = place_side_by_side(list(self._figures.values())).placed
        return grid_of(placed, lambda _: (), self._is_baseline(next((system for _, system, _ in placed), None)))

    def _is_baseline(self, first: System | None) -> Callable[[System], bool]:
        if self._baseline:
            return lambda one: one.is_called(self._baseline)
        return lambda one: one == first
