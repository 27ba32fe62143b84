"""What the physical limits of a report's figures say together.

Which figure is nearest to its limit, which are below it, and why some models gain much less than others from a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.grid import Cell, Grid, Row, System
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit, Wall

_CLEARLY = 1.2  # times as long on the device as on the baseline
_MOSTLY = 0.4  # of the time, at least, is what the link takes


@dataclass(frozen=True, kw_only=True)
class LimitAt:
    """A figure of a grid, with its limit."""

    row: Row
    system: System
    figure: Figure
    limit: Limit


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How near figures are to what their hardware allows.

    known: each figure whose limit is known, in the order of the grids. total: of all figures.
    nearest: the one that is nearest to its limit and not below it; None if there is none.
    below: those that cannot be right.
    """

    known: tuple[LimitAt, ...] = ()
    total: int = 0
    nearest: LimitAt | None = None
    below: tuple[LimitAt, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lag:
    """On `system`, `slow` takes more times as long as `fast` than it does on `baseline`, because of the link.

    times, times_before: how many times as long, there and on the baseline. slow_ms: the time of `slow`.
    link: its wall. compute_ms: what the chip alone would take at least; None if that is not known.
    others: models of which the same holds.
    """

    system: System
    baseline: System
    slow: Row
    fast: Row
    times: float
    times_before: float
    slow_ms: float
    link: Wall
    compute_ms: float | None
    others: tuple[Row, ...] = ()


def standing_of(grids: Sequence[Grid], limits: Mapping[Figure, Limit]) -> Standing:
    """How near the figures of these grids are to their limits."""
    cells = [
        (row, system, cell.figure)
        for grid in grids
        for row in grid.rows
        for system, cell in grid.row(row).items()
        if cell.figure.has_value
    ]
    known = tuple(
        LimitAt(row=row, system=system, figure=figure, limit=limits[figure])
        for row, system, figure in cells
        if figure in limits and limits[figure].walls
    )
    near = [one for one in known if one.limit.share is not None and not one.limit.below]
    return Standing(
        known=known,
        total=len(cells),
        nearest=max(near, key=lambda one: one.limit.share or 0, default=None),
        below=tuple(one for one in known if one.limit.below),
    )


def lags_of(grid: Grid, limits: Mapping[Figure, Limit], asked: Sequence[tuple[Row, Row]] = ()) -> Iterator[Lag]:
    """One for each system whose link holds some models up and not others, over the grid's baseline.

    asked: pairs of models that somebody asked for, the slow one first; taken before any other.
    """
    if grid.baseline is None:
        return
    for system in grid.systems:
        if system != grid.baseline and (found := _lag(grid, system, grid.baseline, limits, asked)):
            yield found


def _lag(
    grid: Grid,
    system: System,
    baseline: System,
    limits: Mapping[Figure, Limit],
    asked: Sequence[tuple[Row, Row]],
) -> Lag | None:
    rows = [row for row in grid.rows if _time(grid, row, system) and _time(grid, row, baseline)]
    held = [row for row in rows if _held_up(grid.cells[row, system], limits)]
    free = [row for row in rows if _keeps_all(grid.cells[row, system], limits)]
    if not held or not free:
        return None

    def gain(row: Row) -> float:
        return _time(grid, row, baseline) / _time(grid, row, system)

    # One that gains most may do so by a fault of the baseline; so the one in the middle.
    others = (min(held, key=gain), sorted(free, key=gain)[len(free) // 2])
    slow, fast = next(((slow, fast) for slow, fast in asked if slow in held and fast in free), others)
    times = _time(grid, slow, system) / _time(grid, fast, system)
    before = _time(grid, slow, baseline) / _time(grid, fast, baseline)
    figure = grid.cells[slow, system].figure
    link = limits[figure].named("link")
    if times < _CLEARLY * before or link is None:
        return None
    compute = limits[figure].named("compute")
    return Lag(
        system=system,
        baseline=baseline,
        slow=slow,
        fast=fast,
        times=times,
        times_before=before,
        slow_ms=_time(grid, slow, system),
        link=link,
        compute_ms=compute.least_ms if compute else None,
        others=tuple(row for row in held if row != slow),
    )


def _time(grid: Grid, row: Row, system: System) -> float:
    """Milliseconds; 0 where there is no time, or none that counts."""
    cell = grid.cells.get((row, system))
    if cell is None or cell.figure.latency_ms is None or cell.figure.contaminated:
        return 0
    return cell.figure.latency_ms.estimate


def _held_up(cell: Cell, limits: Mapping[Figure, Limit]) -> bool:
    """Weights travel each time, and that takes most of the time; a figure below its limit proves nothing."""
    limit = limits.get(cell.figure)
    if limit is None or limit.wall is None or limit.share is None or limit.below:
        return False
    return limit.wall.name == "link" and limit.wall.weight_bytes > 0 and limit.share >= _MOSTLY


def _keeps_all(cell: Cell, limits: Mapping[Figure, Limit]) -> bool:
    limit = limits.get(cell.figure)
    link = limit.named("link") if limit else None
    return link is not None and link.weight_bytes == 0
