"""Latency by model and device on a logarithmic axis, each with its interval and its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.report.plots.data import Mark
from devbench.report.plots.layout import WIDE, Layout
from devbench.report.plots.rows import PlotRow, draw_point, log_axis, plot_of_rows, whose
from devbench.report.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.25


def latency_plot(marks: Sequence[Mark], theme: Theme, layout: Layout = WIDE) -> Figure:
    """A point a mark: the median with its 95 % interval (or rounding), and a stroke for each round."""
    drawing, axes, rows = plot_of_rows(marks, layout, theme)
    for row in rows:
        _draw(axes, row, theme)
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high, *mark.rounds)]
    log_axis(axes, min(ends), max(ends), _MARGIN)
    axes.set_xlabel(f"{whose(marks)}milliseconds for one inference\n(logarithmic)")
    return drawing


def _draw(axes: Axes, row: PlotRow, theme: Theme) -> None:
    rounds = row.mark.rounds
    if rounds and not row.dense:
        axes.plot(rounds, [row.y] * len(rounds), "|", color=theme.muted, ms=9, mew=1)
    draw_point(axes, row, theme)
