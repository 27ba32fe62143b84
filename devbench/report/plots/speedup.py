"""How many times faster than the baseline, as bars from 1, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.printable import one_line
from devbench.report.numbers import factor
from devbench.report.plots.data import Mark
from devbench.report.plots.rows import Row, figure_of_rows, log_axis, whose
from devbench.report.plots.themes import HATCHES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 1.1
_FEWEST_TIMES = 1.5  # the least that the axis spans on the side of the bars, so that noise does not look large


def speedup_figure(marks: Sequence[Mark], baseline: str, theme: Theme) -> Figure:
    """One bar a mark. The axis is logarithmic: twice as fast and half as fast are equally far from 1."""
    figure, axes, rows = figure_of_rows(marks, [_text(mark) for mark in marks])
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high)]
    log_axis(axes, min(*ends, 1 / _MARGIN) / _MARGIN, max(*ends, _FEWEST_TIMES) * _MARGIN)
    for row in rows:
        _draw(axes, row, theme)
    axes.axvline(1, color=theme.ink, lw=1)
    axes.set_xlabel(f"{whose(marks)}times faster than {one_line(baseline)} (logarithmic)")
    return figure


def _draw(axes: Axes, row: Row, theme: Theme) -> None:
    mark, colour = row.mark, theme.series[row.mark.number % len(theme.series)]
    published = mark.kind == "published" or mark.undecided
    axes.barh(
        row.y,
        mark.value - 1,
        left=1,
        height=0.62,
        facecolor=theme.paper if published else colour,
        edgecolor=colour if published else theme.paper,
        hatch="////" if published else HATCHES[row.mark.number % len(HATCHES)],
        lw=1 if published else 0,
    )
    axes.errorbar(
        [mark.value],
        [row.y],
        xerr=[[mark.value - mark.low], [mark.high - mark.value]],
        fmt="none",
        ecolor=theme.ink,
        capsize=3,
        lw=1.2,
    )


def _text(mark: Mark) -> str:
    if mark.undecided:
        return mark.note
    turned = mark.value if mark.value >= 1 else 1 / mark.value
    text = f"{factor(turned)} {'faster' if mark.value > 1 else 'slower'}"
    text = "no difference shown" if mark.low <= 1 <= mark.high else text
    return text + (f", {mark.note}" if mark.note else "")
