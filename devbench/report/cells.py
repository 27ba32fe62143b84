"""A figure as lines of a cell: what it is, how it compares, and what is wrong with it."""

from __future__ import annotations

from devbench.compare.grid import Cell
from devbench.domain.figure import Figure
from devbench.report.numbers import figure_text
from devbench.report.table import CellLine, TableCell
from devbench.report.words import ratio_text


def figure_line(figure: Figure, *, wins: bool) -> CellLine:
    """The figure itself. wins: whether it is the best of its row."""
    return CellLine(text=figure_text(figure), kind="winner" if wins else "" if figure.has_value else figure["status"])


def ratio_lines(cell: Cell) -> list[CellLine]:
    """How many times faster or slower than the baseline; nothing where that is not known."""
    text = ratio_text(cell.faster)
    if not text:
        return []
    kind = {"more": "faster", "less": "slower", "undecided": "undecided"}.get(cell.faster.shown or "", "")
    lines = [CellLine(text=text, kind=kind)]
    return [*lines, CellLine(text="answers not confirmed")] if cell.faster.unconfirmed else lines


def doubt_lines(figure: Figure) -> list[CellLine]:
    """`suspect: busy, steal`, or nothing."""
    verdict = figure["verdict"]
    if verdict in ("", "clean"):
        return []
    return [CellLine(text=f"{verdict}: {figure['verdict_reasons'].replace(';', ', ')}", kind=verdict)]


def figure_cell(figure: Figure, *lines: CellLine) -> TableCell:
    """A cell with these lines, which is sorted by the figure."""
    value = figure.latency_ms or figure.throughput_per_s
    unit = "ms" if figure.latency_ms else "per s" if figure.throughput_per_s else ""
    return TableCell(lines=lines, sort=value.estimate if value else None, unit=unit)
