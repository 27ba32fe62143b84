"""Drift: the median of each round over time, one panel a device, every case relative to its own median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.printable import one_line
from devbench.report.plots.data import CaseTrace, RoundTrace
from devbench.report.plots.rows import WIDTH_INCHES
from devbench.report.plots.themes import DASHES, MARKERS, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCHES = 1.9
_LEAST_PERCENT = 1.0  # what the axis spans at least, each way


def drift_figure(traces: Sequence[CaseTrace], theme: Theme) -> Figure:
    """One line a case; hollow points are rounds in which the machine was disturbed, crosses those not counted.

    traces: of cases whose rounds all say when they began.
    """
    from matplotlib.figure import Figure

    devices = list(dict.fromkeys(trace.device for trace in traces))
    models = list(dict.fromkeys(trace.model for trace in traces))
    start = min(_seconds(one) for trace in traces for one in trace.rounds)
    height = 1.0 + _PANEL_INCHES * len(devices) + 0.18 * len(models)
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    panels = figure.subplots(len(devices), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, device in zip(panels, devices, strict=True):
        axes.axhline(0, color=theme.muted, lw=0.8)
        axes.grid(axis="y")
        axes.set_title(one_line(device), loc="left", fontsize=9, fontweight="bold")
        for trace in traces:
            if trace.device == device:
                _line(axes, trace, models.index(trace.model), start, theme)
    reach = max(abs(_percent(trace, one)) for trace in traces for one in trace.rounds)
    panels[0].set_ylim(*(sign * max(reach * 1.15, _LEAST_PERCENT) for sign in (-1, 1)))
    figure.supylabel("median of a round against its case, %", fontsize=9)
    panels[-1].set_xlabel("minutes since the first round")
    _legend(figure, models, theme)
    return figure


def _line(axes: Axes, trace: CaseTrace, number: int, start: float, theme: Theme) -> None:
    colour, marker = theme.series[trace.number % len(theme.series)], MARKERS[number % len(MARKERS)]
    points = [((_seconds(one) - start) / 60, _percent(trace, one), one) for one in trace.rounds]
    counting = [(x, y) for x, y, one in points if not one.superseded]
    axes.plot(*zip(*counting, strict=True), color=colour, lw=1.2, ls=DASHES[number % len(DASHES)])
    for x, y, one in points:
        if one.superseded:
            axes.plot([x], [y], "x", color=colour, ms=6)
        else:
            axes.plot([x], [y], marker, color=colour, mfc=theme.paper if one.disturbed else colour, ms=6)


def _legend(figure: Figure, models: Sequence[str], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    lines = [
        Line2D(
            [],
            [],
            color=theme.ink,
            marker=MARKERS[number % len(MARKERS)],
            ls=DASHES[number % len(DASHES)],
            ms=6,
            lw=1.2,
            label=one_line(model),
        )
        for number, model in enumerate(models)
    ]
    hollow = Line2D([], [], color=theme.ink, marker="o", mfc=theme.paper, ls="none", ms=6, label="disturbed round")
    cross = Line2D([], [], color=theme.ink, marker="x", ls="none", ms=6, label="measured again, not counted")
    figure.legend(handles=[*lines, hollow, cross], loc="outside lower left", ncols=2, fontsize=8.5)


def _seconds(one: RoundTrace) -> float:
    assert one.started_s is not None
    return one.started_s


def _percent(trace: CaseTrace, one: RoundTrace) -> float:
    return (one.median_ms / trace.median_ms - 1) * 100
