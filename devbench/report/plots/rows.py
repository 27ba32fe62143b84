"""Rows of a plot: one per figure, under a heading per model, with the figure itself in a column at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.printable import one_line
from devbench.report.plots.data import Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCHES = 6.8
_ROW_INCHES = 0.25
_LONGEST_LABEL = 40
_MOST_TICKS = 7


@dataclass(frozen=True)
class Row:
    """A mark at its height in the plot."""

    mark: Mark
    y: float


def figure_of_rows(marks: Sequence[Mark], texts: Sequence[str]) -> tuple[Figure, Axes, list[Row]]:
    """An empty plot with a labelled row for each mark; texts: what stands at the right of each."""
    from matplotlib.figure import Figure

    devices = {mark.device for mark in marks}
    models = list(dict.fromkeys(mark.model for mark in marks))
    headed = len(devices) > 1
    rows, labels, headings, y = [], [], [], 0.0
    for model in models:
        if headed:
            headings.append((y, model))
            y += 1
        for mark, text in zip(marks, texts, strict=True):
            if mark.model == model:
                rows.append(Row(mark, y))
                labels.append((mark.device if headed else model, text))
                y += 1
        y += 0.4 if headed else 0
    figure = Figure(figsize=(WIDTH_INCHES, 0.75 + _ROW_INCHES * max(y, 2)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(max(y, 2) - 0.4, -0.6)
    axes.grid(axis="x", which="major")
    axes.set_yticks([row.y for row in rows], [_short(name) for name, _ in labels])
    axes.tick_params(axis="y", length=0)
    across = axes.get_yaxis_transform()
    for y_heading, model in headings:
        heading = axes.text(0, y_heading, _short(model), transform=across, va="center", fontweight="bold")
        heading.set_bbox({"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 1.5})  # over the grid
        heading.set_in_layout(False)
    for row, (_, text) in zip(rows, labels, strict=True):
        axes.text(1.02, row.y, text, transform=across, ha="left", va="center")
    axes.spines["left"].set_visible(False)
    return figure, axes, rows


def log_axis(axes: Axes, low: float, high: float) -> None:
    """A logarithmic x axis over low to high with ticks that are plain numbers, however narrow it is."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

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
    powers = [tick for tick in ticks if f"{tick:e}".startswith("1.")]
    return powers if len(ticks) > _MOST_TICKS else ticks


def whose(marks: Sequence[Mark]) -> str:
    """What an axis says of figures that are all published."""
    return "published " if all(mark.kind == "published" for mark in marks) else ""


def _short(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"
