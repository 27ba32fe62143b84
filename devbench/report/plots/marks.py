"""The marks of a grid's plots: what each figure looks like, and what is written beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.answer import Answer
from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.overview import Overview
from devbench.domain.intervals import Interval
from devbench.report.numbers import bare_figure_text
from devbench.report.plots.data import CaseTrace, Mark, SeriesStyle
from devbench.report.words import UNDECIDED, ratio_text, short_row_names


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A grid to be drawn.

    looks, names: of its systems and rows. traces: samples by case id. name: of its file; "" if it is of several.
    publishers: who published latencies that are drawn, in the order of the numbers that stand for them.
    """

    grid: Grid
    answer: Answer
    looks: Mapping[System, SeriesStyle]
    names: Mapping[Row, str]
    traces: Mapping[str, CaseTrace]
    name: str
    publishers: tuple[str, ...]


def scene_of(
    grid: Grid, answer: Answer, looks: Mapping[System, SeriesStyle], traces: Mapping[str, CaseTrace], name: str
) -> Scene:
    """What the plots of this grid are made of."""
    figures = [cell.figure for cell in grid.cells.values()]
    publishers = tuple(dict.fromkeys(one["source"] for one in figures if not one.ours and one.latency_ms))
    alone = len(publishers) == 1 and not any(system.ours for system in grid.systems)
    return Scene(
        grid=grid,
        answer=answer,
        looks=looks,
        names=short_row_names(grid.rows),
        traces=traces,
        name=name,
        publishers=() if alone else publishers,
    )


def looks_of(overview: Overview) -> Mapping[System, SeriesStyle]:
    """A look for each system: a device has the same colour in every plot, whoever has figures of it.

    A published device is one of ours if both are the only ones of their kind at their source.
    """
    grids = (overview.grid, *overview.files.values())
    systems = list(dict.fromkeys(system for grid in grids for system in grid.systems))
    keys = {one: one.device if _only_one_of_its_kind(one, systems) else one.name for one in systems}
    colours = {key: number for number, key in enumerate(dict.fromkeys(keys.values()))}
    looks = {}
    for one, key in keys.items():
        sources = list(dict.fromkeys(other.source for other in systems if keys[other] == key and not other.ours))
        looks[one] = SeriesStyle(colours[key], 0 if one.ours else sources.index(one.source))
    return looks


def _only_one_of_its_kind(system: System, systems: Sequence[System]) -> bool:
    alike = [one for one in systems if (one.device, one.ours) == (system.device, system.ours)]
    return len(alike if system.ours else [one for one in alike if one.source == system.source]) == 1


def latency_marks(scene: Scene) -> list[Mark]:
    """A mark for each latency."""
    found = []
    for row, system, cell in _cells(scene.grid):
        trace = scene.traces.get(cell.figure["case"]) if cell.figure.case else None
        rounds = tuple(one.median_ms for one in trace.rounds if not one.superseded) if trace else ()
        if cell.figure.latency_ms:
            text = _text(scene, bare_figure_text(cell.figure), cell)
            found.append(_mark(scene, row, system, cell, cell.figure.latency_ms, text, rounds))
    return found


def speedup_marks(scene: Scene) -> list[Mark]:
    """A mark for each ratio over the baseline. Undecided ones are drawn, and marked: nothing follows from them."""
    found = []
    for row, system, cell in _cells(scene.grid):
        if cell.faster.interval:
            undecided = cell.faster.shown == "undecided"
            text = _text(scene, UNDECIDED if undecided else ratio_text(cell.faster, ends=False), cell)
            found.append(_mark(scene, row, system, cell, cell.faster.interval, text, undecided=undecided))
    return found


def _cells(grid: Grid) -> list[tuple[Row, System, Cell]]:
    """Row by row, ours first."""
    systems = sorted(grid.systems, key=lambda system: not system.ours)
    return [(row, system, cell) for row in grid.rows for system in systems if (cell := grid.cells.get((row, system)))]


def _text(scene: Scene, text: str, cell: Cell) -> str:
    """With what is to be known of the figure: its verdict, or who published it."""
    verdict, numbers = cell.figure["verdict"], scene.publishers
    parts = [text]
    if verdict not in ("", "clean") and text != UNDECIDED:
        parts.append(verdict)
    if not cell.figure.ours and numbers:
        known = cell.figure["source"] in numbers
        parts.append(f"published [{numbers.index(cell.figure['source']) + 1}]" if known else "published")
    return ", ".join(parts)


def _mark(
    scene: Scene,
    row: Row,
    system: System,
    cell: Cell,
    value: Interval,
    text: str,
    rounds: tuple[float, ...] = (),
    *,
    undecided: bool = False,
) -> Mark:
    return Mark(
        model=scene.names[row],
        device=system.name,
        look=scene.looks[system],
        value=value.estimate,
        low=value.low,
        high=value.high,
        text=text,
        published=not cell.figure.measured,
        rounds=rounds,
        undecided=undecided,
        fastest=scene.answer.wins(row, system),
        row_text=_row_text(scene, row),
    )


def _row_text(scene: Scene, row: Row) -> str:
    """Which system is the fastest of a row; its time or its ratio stands in the table."""
    fastest = scene.answer.fastest_in(row)
    if fastest is None or not scene.answer.contest:
        return ""
    if not scene.answer.wins(row, fastest.system):
        return "" if fastest.alone else "no difference shown"
    faster = scene.grid.cells[row, fastest.system].faster
    ratio = ratio_text(faster, ends=False) if faster.shown == "more" else "is fastest"
    return f"{fastest.system.name} {ratio}"
