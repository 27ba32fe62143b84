"""Drift: the median of each round over time, one panel a device, every case relative to its own median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from devbench.printable import one_line
from devbench.report.plots.data import CaseTrace, RoundTrace
from devbench.report.plots.layout import WIDE, Layout, wrapped
from devbench.report.plots.themes import DASHES, Theme, marker_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCHES = 1.6
_LEAST_PERCENT = 1.0  # what the axis spans at least, each way
MOST_NAMED = len(DASHES)  # models with a line of their own; of more, only the one that strays most is named


def drift_plot(traces: Sequence[CaseTrace], theme: Theme, layout: Layout = WIDE) -> Figure:
    """One line a case; hollow points are rounds in which the machine was disturbed, crosses those not counted.

    traces: of cases whose rounds all say when they began.
    """
    from matplotlib.figure import Figure

    devices = list(dict.fromkeys(trace.device for trace in traces))
    models = list(dict.fromkeys(trace.model for trace in traces))
    start = min(_seconds(one) for trace in traces for one in trace.rounds)
    drawing = Figure(layout="constrained")
    panels = drawing.subplots(len(devices), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, device in zip(panels, devices, strict=True):
        own = [trace for trace in traces if trace.device == device]
        axes.axhline(0, color=theme.muted, lw=0.8)
        axes.grid(axis="y")
        axes.set_title(wrapped(device, layout.label + layout.text), loc="left", fontsize=9, fontweight="bold")
        for trace in own:
            _line(axes, trace, _dashes(models, trace.model), start, theme)
        if len(models) > MOST_NAMED:
            _name_the_farthest(axes, own, start, theme)
    reach = max(abs(_percent(trace, one)) for trace in traces for one in trace.rounds)
    panels[0].set_ylim(*(sign * max(reach * 1.25, _LEAST_PERCENT) for sign in (-1, 1)))
    drawing.supylabel("round against its case, %", fontsize=9)
    panels[-1].set_xlabel("minutes since the first round")
    lines = _legend(drawing, models if len(models) <= MOST_NAMED else (), theme, layout)
    drawing.set_size_inches(layout.width, 0.7 + _PANEL_INCHES * len(devices) + 0.18 * lines)
    return drawing


def _dashes(models: Sequence[str], model: str) -> Any:
    return DASHES[models.index(model)] if len(models) <= MOST_NAMED else "-"


def _line(axes: Axes, trace: CaseTrace, dashes: Any, start: float, theme: Theme) -> None:
    colour = theme.colour_of(trace.look)
    points = [((_seconds(one) - start) / 60, _percent(trace, one), one) for one in trace.rounds]
    counting = [(x, y) for x, y, one in points if not one.superseded]
    axes.plot(*zip(*counting, strict=True), color=colour, lw=1.1, ls=dashes)
    for x, y, one in points:
        if one.superseded:
            axes.plot([x], [y], "x", color=colour, ms=6)
        else:
            mfc = theme.paper if one.disturbed else colour
            axes.plot([x], [y], marker_of(trace.look), color=colour, mfc=mfc, ms=5)


def _name_the_farthest(axes: Axes, traces: Sequence[CaseTrace], start: float, theme: Theme) -> None:
    found = [(trace, one) for trace in traces for one in trace.rounds if not one.superseded]
    trace, one = max(found, key=lambda pair: abs(_percent(*pair)))
    axes.annotate(
        one_line(trace.model),
        ((_seconds(one) - start) / 60, _percent(trace, one)),
        (0, 6 if _percent(trace, one) > 0 else -6),
        textcoords="offset points",
        ha="center",
        va="bottom" if _percent(trace, one) > 0 else "top",
        fontsize=8,
        color=theme.ink,
    )


def _legend(drawing: Figure, models: Sequence[str], theme: Theme, layout: Layout) -> float:
    """How many lines of text high it is."""
    from matplotlib.lines import Line2D

    columns = 2 if layout == WIDE else 1
    width = layout.text + (0 if columns > 1 else layout.label)
    names = [wrapped(model, width) for model in models]
    lines = [Line2D([], [], color=theme.ink, ls=DASHES[at], lw=1.2, label=name) for at, name in enumerate(names)]
    hollow = Line2D([], [], color=theme.ink, marker="o", mfc=theme.paper, ls="none", ms=5, label="disturbed round")
    cross = Line2D([], [], color=theme.ink, marker="x", ls="none", ms=6, label="measured again, not counted")
    drawing.legend(handles=[*lines, hollow, cross], loc="outside lower left", ncols=columns, fontsize=8.5)
    return sum(name.count("\n") + 1 for name in (*names, "", "")) / columns


def _seconds(one: RoundTrace) -> float:
    assert one.started_s is not None
    return one.started_s


def _percent(trace: CaseTrace, one: RoundTrace) -> float:
    return (one.median_ms / trace.median_ms - 1) * 100
