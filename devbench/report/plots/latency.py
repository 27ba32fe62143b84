"""Latency by model and device on a logarithmic axis, each with its interval and its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.report.numbers import milliseconds
from devbench.report.plots.data import Mark
from devbench.report.plots.rows import Row, figure_of_rows, log_axis, whose
from devbench.report.plots.themes import MARKERS, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.25


def latency_figure(marks: Sequence[Mark], theme: Theme) -> Figure:
    """One row a mark: the median with its 95 % interval (or rounding), and a stroke for each round."""
    figure, axes, rows = figure_of_rows(marks, [_text(mark) for mark in marks])
    for row in rows:
        _draw(axes, row, theme)
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high, *mark.rounds)]
    log_axis(axes, min(ends) / _MARGIN, max(ends) * _MARGIN)
    axes.set_xlabel(f"{whose(marks)}milliseconds for one inference (logarithmic)")
    return figure


def _draw(axes: Axes, row: Row, theme: Theme) -> None:
    mark, colour = row.mark, theme.series[row.mark.number % len(theme.series)]
    published = mark.kind == "published"
    if mark.rounds:
        axes.plot(mark.rounds, [row.y] * len(mark.rounds), "|", color=theme.muted, ms=9, mew=1)
    axes.errorbar(
        [mark.value],
        [row.y],
        xerr=[[mark.value - mark.low], [mark.high - mark.value]],
        fmt=MARKERS[row.mark.number % len(MARKERS)],
        color=colour,
        ms=5.5,
        mfc=theme.paper if published else colour,
        mew=1.2,
        capsize=3,
        lw=1.4,
    )


def _text(mark: Mark) -> str:
    """A published figure has no more digits than its source printed, or four."""
    value = f"{mark.value:.4g}" if mark.kind == "published" else milliseconds(mark.value)
    return f"{value} ms" + (f", {mark.note}" if mark.note else "")
