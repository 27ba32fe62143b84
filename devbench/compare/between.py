"""How many times as long one model takes as another, system by system: measured, and as others published it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.grid import Grid, Row, System
from devbench.compare.ratios import Ratio, times_as_long
from devbench.domain.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Between:
    """How many times as long `slow` takes as `fast`, by system; only where there is such a ratio."""

    slow: Row
    fast: Row
    ratios: Mapping[System, Ratio]


def between_models(grid: Grid, models: Sequence[str], files: Sequence[Grid]) -> tuple[Between, ...]:
    """The first of `models` over each of the others, at every precision that both have.

    files: what others published of the same two, each source's figures over its own: that needs nobody else's.
    """
    found = []
    for fast_model in models[1:]:
        for slow in [row for row in grid.rows if row.model == models[0]]:
            for fast in [row for row in grid.rows if (row.model, row.precision) == (fast_model, slow.precision)]:
                ours = _in_grid(grid, slow, fast)
                theirs = [pair for file in files for pair in _in_file(file, slow, fast)]
                found.append(Between(slow=slow, fast=fast, ratios={**ours, **dict(theirs)}))
    return tuple(one for one in found if one.ratios)


def over_reference(grid: Grid, reference: Row) -> tuple[Between, ...]:
    """Every other model of one file over `reference`."""
    rows = [row for row in grid.rows if row != reference]
    found = [Between(slow=row, fast=reference, ratios=_in_grid(grid, row, reference)) for row in rows]
    return tuple(one for one in found if one.ratios)


def _in_grid(grid: Grid, slow: Row, fast: Row) -> dict[System, Ratio]:
    """The systems of the grid that are ours, or all of them where none is: published ones are taken from their file."""
    ours = [system for system in grid.systems if system.ours]
    found = {}
    for system in ours or grid.systems:
        pair = [grid.cells.get((row, system)) for row in (slow, fast)]
        if pair[0] and pair[1]:
            ratio = times_as_long(pair[0].figure, pair[1].figure)
            if ratio.interval:
                found[system] = ratio
    return found


def _in_file(file: Grid, slow: Row, fast: Row) -> Iterator[tuple[System, Ratio]]:
    for system in file.systems:
        above, below = (_the_one(file, system, row) for row in (slow, fast))
        if above and below and above["precision"] == below["precision"]:
            ratio = times_as_long(above, below)
            if ratio.interval:
                yield system, ratio


def _the_one(file: Grid, system: System, row: Row) -> Figure | None:
    """The figure of the row's network on a system; None where there is none, or several and none of the same size.

    A precision or a size that the source leaves unsaid agrees with any.
    """
    figures = [cell.figure for (other, at), cell in file.cells.items() if at == system and other.model == row.model]
    fitting = [one for one in figures if one["precision"] in ("", row.precision)]
    sized = [one for one in fitting if one.input_size == row.size]
    unsized = [one for one in fitting if not one.input_size]
    return next(iter(sized or (unsized if len(unsized) == 1 else [])), None)
