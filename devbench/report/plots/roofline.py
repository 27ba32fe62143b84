"""Roofline: operations a second over operations per byte that passes memory or link, under what the hardware allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.compare.grid import Grid, Row, System
from devbench.domain.figure import Figure as CaseFigure
from devbench.domain.limits import Limit, Roof
from devbench.report.plots.data import SeriesStyle
from devbench.report.plots.layout import WIDE, Layout, wrapped
from devbench.report.plots.themes import Theme, marker_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_MOST_NAMED = 12
_MARGIN = 2.5
_HEIGHT_INCHES = 4.2
_LINE_INCHES = 0.17
_NAMES_APART = 0.045  # of the axis


@dataclass(frozen=True, kw_only=True)
class Point:
    """One figure under its roof. below: it is above the roof, since its time is below the limit."""

    model: str
    device: str
    look: SeriesStyle
    published: bool
    roof: Roof
    reached_per_s: float
    near: float
    below: bool


def roofline_points(
    grid: Grid, limits: Mapping[CaseFigure, Limit], looks: Mapping[System, SeriesStyle], names: Mapping[Row, str]
) -> list[Point]:
    """A point for each figure whose operations, bytes and peaks are known."""
    found = []
    for row in grid.rows:
        for system, cell in grid.row(row).items():
            limit = limits.get(cell.figure)
            roof = limit.roof if limit else None
            if limit and roof and roof.reached_per_s:
                found.append(
                    Point(
                        model=names[row],
                        device=system.name,
                        look=looks[system],
                        published=not system.ours,
                        roof=roof,
                        reached_per_s=roof.reached_per_s,
                        near=limit.share or 0,
                        below=limit.below,
                    )
                )
    return found


def roofline_plot(points: Sequence[Point], theme: Theme, layout: Layout = WIDE) -> Figure:
    """Both axes are logarithmic. A roof is the slope of memory or link, then the peak of the arithmetic."""
    from matplotlib.figure import Figure

    devices = list(dict.fromkeys((point.device, point.look, point.published) for point in points))
    figure = Figure(figsize=(layout.width, _HEIGHT_INCHES + _LINE_INCHES * len(devices)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    low = min(point.roof.operations_per_byte for point in points) / _MARGIN
    high = max(point.roof.operations_per_byte for point in points) * _MARGIN
    bottom = min(point.reached_per_s for point in points) / _MARGIN
    top = max(max(point.roof.operations_per_s, point.reached_per_s) for point in points) * _MARGIN
    axes.set_xlim(low, high)
    axes.set_ylim(bottom, top)
    _plain_ticks(axes.xaxis, low, high)
    _plain_ticks(axes.yaxis, bottom, top)
    axes.grid(which="major")
    _roofs(axes, points, theme, low, high)
    for point in points:
        colour = theme.colour_of(point.look)
        axes.plot(
            [point.roof.operations_per_byte],
            [point.reached_per_s],
            marker_of(point.look),
            color=colour,
            mfc=theme.paper if point.published else colour,
            mew=1.2,
            ms=5.5,
        )
    _names(axes, points, theme, layout)
    axes.set_xlabel(wrapped("operations per byte over link or memory (logarithmic)", layout.label + layout.text))
    axes.set_ylabel("operations each second\n(logarithmic)")
    _legend(axes, devices, theme, layout)
    return figure


def _plain_ticks(axis: Axis, low: float, high: float) -> None:
    """Powers of ten in words that need no formula: `100`, `10 G`, `1 T`."""
    from matplotlib.ticker import FixedLocator, NullLocator

    powers = [power for power in range(-6, 20) if low <= 10.0**power <= high]
    axis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axis.set_minor_locator(NullLocator())
    axis.set_ticklabels([_power(power) for power in powers])


def _power(power: int) -> str:
    """`0.01`, `100`, `10 k`, `1 T`."""
    if power < 0:
        return f"{10.0**power:g}"
    return f"{10 ** (power % 3)} {('', 'k', 'M', 'G', 'T', 'P')[min(power // 3, 5)]}".strip()


def _roofs(axes: Axes, points: Sequence[Point], theme: Theme, low: float, high: float) -> None:
    """Each roof once, however many systems stand under it."""
    for per_s, bytes_per_s in dict.fromkeys((one.roof.operations_per_s, one.roof.bytes_per_s) for one in points):
        ridge = per_s / bytes_per_s
        corners = [low, ridge, high] if low < ridge < high else [low, high]
        axes.plot(corners, [min(per_s, bytes_per_s * at) for at in corners], color=theme.muted, lw=1.2, zorder=1)


def _names(axes: Axes, points: Sequence[Point], theme: Theme, layout: Layout) -> None:
    """Beside their points, where one would not stand on another; of many points only the nearest to their roofs."""
    nearest = {point.model: point for point in sorted(points, key=lambda point: point.near)}
    kept = sorted(nearest.values(), key=lambda point: -point.near)
    kept = kept[: _MOST_NAMED if layout == WIDE else _MOST_NAMED // 2]
    taken: list[tuple[float, float]] = []
    for point in kept:
        at = axes.transAxes.inverted().transform(
            axes.transData.transform((point.roof.operations_per_byte, point.reached_per_s))
        )
        x, y = float(at[0]), float(at[1])
        if any(abs(x - x0) < 0.25 and abs(y - y0) < _NAMES_APART for x0, y0 in taken):  # noqa: PLR2004 - a name's width
            continue
        taken.append((x, y))
        left = x > 0.7  # noqa: PLR2004 - near the right end
        axes.annotate(
            point.model,
            (point.roof.operations_per_byte, point.reached_per_s),
            xytext=(-6 if left else 6, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=8,
            color=theme.ink,
        )


def _legend(axes: Axes, devices: Sequence[tuple[str, SeriesStyle, bool]], theme: Theme, layout: Layout) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=theme.colour_of(look),
            marker=marker_of(look),
            mfc=theme.paper if published else theme.colour_of(look),
            ls="none",
            ms=5.5,
            label=wrapped(device, layout.label + layout.text // 2),
        )
        for device, look, published in devices
    ]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.01), borderaxespad=0, ncols=1, fontsize=8.5)
