"""Rows of a plot: one per figure under a heading per model, or one per model where there are many figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from devbench.report.plots.data import Mark
from devbench.report.plots.layout import WIDE, Layout, wrapped
from devbench.report.plots.themes import Theme, marker_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS = 30  # one per figure; more are drawn one per model, or closer together
_ROW_INCHES, _CLOSE_ROW_INCHES = 0.25, 0.2
_GAP_INCHES = 0.08  # above a heading
_LINE_INCHES = 0.15  # of text
_MARK_INCHES = 0.13  # from one mark of a model to its next
_MOST_TICKS = 7
_MARKER_PART = 0.03  # of the axis: half a marker
_LONGEST_AXIS = 1e6  # the interval of two rounds that are far apart reaches down to 0, as a file states it


@dataclass(frozen=True)
class PlotRow:
    """A mark at its height in the plot. dense: other marks stand on the same line."""

    mark: Mark
    y: float
    dense: bool


@dataclass(frozen=True)
class _Line:
    """What is written at a height, left and right of the axes. heading: over the marks of a model."""

    top: float
    bottom: float
    left: str
    right: str
    bold: bool
    heading: bool

    @property
    def y(self) -> float:
        return (self.top + self.bottom) / 2


class _Stack:
    """Lines and marks from top to bottom, in inches."""

    def __init__(self, layout: Layout, inches: float) -> None:
        self.lines: list[_Line] = []
        self.rows: list[PlotRow] = []
        self.height = 0.0
        self._layout = layout
        self._inches = inches

    def add(self, left: str, right: str, marks: Sequence[Mark], *, bold: bool = False, heading: bool = False) -> None:
        """A line as high as its texts and its marks need."""
        left, right = wrapped(left, self._layout.label), wrapped(right, self._layout.text)
        text = _LINE_INCHES * max(left.count("\n"), right.count("\n"))
        height = max(self._inches + text, _MARK_INCHES * (len(marks) + 1))
        self.height += _GAP_INCHES if heading and self.height else 0
        middle = self.height + height / 2
        self.lines.append(_Line(self.height, self.height + height, left, right, bold, heading))
        for number, mark in enumerate(marks):
            above = (len(marks) - 1) / 2 - number
            self.rows.append(PlotRow(mark, middle - above * _MARK_INCHES, len(marks) > 1))
        self.height += height


def plot_of_rows(marks: Sequence[Mark], layout: Layout, theme: Theme) -> tuple[Figure, Axes, list[PlotRow]]:
    """An empty plot with a place for each mark, its name at the left and its text at the right."""
    from matplotlib.figure import Figure

    devices = dict.fromkeys((mark.device, mark.look, mark.published) for mark in marks)
    dense = len(devices) > 1 and len(marks) > _MOST_ROWS
    stack = _dense(marks, layout) if dense else _one_each(marks, layout, headed=len(devices) > 1)
    height = max(stack.height, 2 * _ROW_INCHES)
    drawing = Figure(figsize=(layout.width, height + 0.75), layout="constrained")
    axes = drawing.add_subplot()
    axes.set_ylim(height, 0)
    _write(axes, stack.lines)
    if dense:
        for line, below in pairwise(stack.lines):
            axes.axhline((line.bottom + below.top) / 2, color=theme.grid, lw=0.8)
        entries = len(devices) / (2 if layout == WIDE else 1) + 1
        drawing.set_figheight(height + 0.75 + _LINE_INCHES * 1.4 * entries)
        _legend(drawing, marks, layout, theme)
    return drawing, axes, stack.rows


def _one_each(marks: Sequence[Mark], layout: Layout, *, headed: bool) -> _Stack:
    stack = _Stack(layout, _ROW_INCHES if len(marks) <= _MOST_ROWS else _CLOSE_ROW_INCHES)
    for model, own in groupby(marks, key=lambda mark: mark.model):
        if headed:
            stack.add(model, "", (), heading=True)
        for mark in own:
            stack.add(mark.device if headed else model, mark.text, [mark], bold=mark.fastest and headed)
    return stack


def _dense(marks: Sequence[Mark], layout: Layout) -> _Stack:
    """A line per model, and beside it which device is fastest."""
    stack = _Stack(layout, _ROW_INCHES)
    for model, group in groupby(marks, key=lambda mark: mark.model):
        own = list(group)
        stack.add(model, own[0].row_text, own)
    return stack


def _write(axes: Axes, lines: Sequence[_Line]) -> None:
    axes.grid(axis="x", which="major")
    axes.set_yticks([line.y for line in lines], [line.left for line in lines])
    for label, line in zip(axes.get_yticklabels(), lines, strict=True):
        label.set_fontweight("bold" if line.heading else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    across = axes.get_yaxis_transform()
    for line in lines:
        if line.right:
            weight = "bold" if line.bold else "normal"
            axes.text(1.02, line.y, line.right, transform=across, ha="left", va="center", fontweight=weight)


def draw_point(axes: Axes, row: PlotRow, theme: Theme, *, marker: bool = True) -> None:
    """The mark's interval, and its marker: hollow where it was published, grey where nothing follows from it."""
    mark = row.mark
    colour = theme.muted if mark.undecided else theme.colour_of(mark.look)
    axes.errorbar(
        [mark.value],
        [row.y],
        xerr=[[mark.value - mark.low], [mark.high - mark.value]],
        fmt=marker_of(mark.look) if marker else "none",
        color=colour,
        ecolor=colour if marker else theme.ink,
        ms=5.5,
        mfc=theme.paper if mark.published or mark.undecided else colour,
        mew=1.2,
        capsize=2 if row.dense else 3,
        lw=1.2,
    )


def _legend(drawing: Figure, marks: Sequence[Mark], layout: Layout, theme: Theme) -> None:
    """A line for each device, above the axes."""
    from matplotlib.lines import Line2D

    first = {(mark.device, mark.look, mark.published): mark for mark in reversed(marks)}
    handles = [
        Line2D(
            [],
            [],
            color=theme.colour_of(mark.look),
            marker=marker_of(mark.look),
            mfc=theme.paper if mark.published else theme.colour_of(mark.look),
            ls="none",
            ms=5.5,
            label=wrapped(mark.device, layout.label + layout.text // 2),
        )
        for mark in reversed(first.values())
    ]
    drawing.legend(handles=handles, loc="outside upper left", ncols=2 if layout == WIDE else 1, fontsize=8.5)


def log_axis(axes: Axes, low: float, high: float, margin: float) -> None:
    """A logarithmic x axis over low to high with ticks that are plain numbers, however narrow it is.

    margin: at each end, as a factor; over many decades it is more, so that no marker is cut.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    low = max(low, high / _LONGEST_AXIS)
    margin = max(margin, (high / low) ** _MARKER_PART)
    low, high = low / margin, high * margin
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    if high / low < 8:  # noqa: PLR2004 - under a decade 1, 2, 5 are too few
        ticks = [float(tick) for tick in MaxNLocator(5).tick_values(low, high)]
    else:
        ticks = [factor * 10.0**power for power in range(-9, 10) for factor in (1, 2, 5)]
        ticks = _thinned([tick for tick in ticks if low <= tick <= high])
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def _thinned(ticks: list[float]) -> list[float]:
    """Over many decades, only the powers of ten."""
    powers = [tick for tick in ticks if math.isclose(math.log10(tick), round(math.log10(tick)), abs_tol=1e-9)]
    return powers if len(ticks) > _MOST_TICKS else ticks


def whose(marks: Sequence[Mark]) -> str:
    """What an axis says of figures that are all published."""
    return "published " if all(mark.published for mark in marks) else ""
