"""How many times faster than the baseline, as bars from 1, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.report.plots.data import Mark
from devbench.report.plots.layout import WIDE, Layout, wrapped
from devbench.report.plots.rows import PlotRow, draw_point, log_axis, plot_of_rows, whose
from devbench.report.plots.themes import Theme, hatch_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.1
_FEWEST_TIMES = 1.5  # the least that the axis spans on the side of the bars, so that noise does not look large
_BAR_INCHES = 0.155


def speedup_plot(marks: Sequence[Mark], baseline: str, theme: Theme, layout: Layout = WIDE) -> Figure:
    """One bar a mark. The axis is logarithmic: twice as fast and half as fast are equally far from 1."""
    drawing, axes, rows = plot_of_rows(marks, layout, theme)
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high)]
    log_axis(axes, min(*ends, 1 / _MARGIN), max(*ends, _FEWEST_TIMES), _MARGIN)
    for row in rows:
        if not row.dense:
            _bar(axes, row, theme)
        draw_point(axes, row, theme, marker=row.dense)
    axes.axvline(1, color=theme.ink, lw=1)
    label = f"{whose(marks)}times faster than {baseline} (logarithmic)"
    axes.set_xlabel(wrapped(label, layout.label + layout.text))
    return drawing


def _bar(axes: Axes, row: PlotRow, theme: Theme) -> None:
    """Filled where it was measured, hatched on paper where it was published, an outline of dashes where undecided."""
    mark = row.mark
    colour = theme.muted if mark.undecided else theme.colour_of(mark.look)
    hollow = mark.published or mark.undecided
    axes.barh(
        row.y,
        mark.value - 1,
        left=1,
        height=_BAR_INCHES,
        facecolor=theme.paper if hollow else colour,
        edgecolor=colour if hollow else theme.paper,
        hatch="" if mark.undecided else "////" if mark.published else hatch_of(mark.look),
        ls="--" if mark.undecided else "-",
        lw=1 if hollow else 0,
    )
