"""Every sample of a case: over time, round by round with the warm-up, and beside it how often each latency came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from devbench.domain.intervals import Bands
from devbench.report.numbers import milliseconds
from devbench.report.plots.data import CaseTrace, RoundTrace
from devbench.report.plots.layout import WIDE
from devbench.report.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT_INCHES = 2.5
_WARMUP_PART = 0.2  # of a round's width
_GAP = 0.06
_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def samples_plot(trace: CaseTrace, theme: Theme) -> Figure:
    """Time at the left, frequency at the right, one axis: straight near the median, logarithmic far from it."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(WIDE.width, _HEIGHT_INCHES))  # fixed margins: a layout engine takes twice the time
    over_time, often = drawing.subplots(1, 2, sharey=True, width_ratios=[4, 1])
    drawing.subplots_adjust(left=0.12, right=0.985, bottom=0.19, top=0.97, wspace=0.03)
    for number, one in enumerate(trace.rounds):
        _round(over_time, trace, one, number, theme)
    over_time.set_yscale("asinh", linear_width=trace.width)
    over_time.set_ylim(*_limits(trace))
    ticks = _ticks(trace)
    over_time.set_yticks(ticks, [_tick(tick, trace) for tick in ticks])
    over_time.minorticks_off()
    over_time.grid(axis="y")
    over_time.set_xlim(-_GAP, len(trace.rounds))
    middles = [number + (1 - _GAP) / 2 for number in range(len(trace.rounds))]
    over_time.set_xticks(middles, [f"round {one.index + 1}" for one in trace.rounds])
    for middle, one in zip(middles, trace.rounds, strict=True):
        over_time.annotate(
            _state(one),
            (middle, 0),
            (0, -22),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=theme.muted,
        )
    over_time.tick_params(axis="x", length=0)
    _frequencies(often, trace, theme)
    return drawing


def _round(axes: Axes, trace: CaseTrace, one: RoundTrace, number: int, theme: Theme) -> None:
    """The warm-up on its shade, then the samples: the band from smallest to largest, and the median in it."""
    begin, middle, end = number, number + _WARMUP_PART * (1 - _GAP), number + 1 - _GAP
    axes.axvspan(begin, middle, color=theme.warm, lw=0)
    colour = theme.muted if one.superseded else theme.colour_of(trace.look)
    _bands(axes, one.warmup, (begin, middle), trace, theme.ink)
    _bands(axes, one.steady, (middle, end), trace, colour)


def _bands(axes: Axes, bands: Bands, ends: tuple[float, float], trace: CaseTrace, colour: str) -> None:
    count = bands.median_ns.size
    if not count:
        return
    edges = np.linspace(*ends, count + 1)
    median_ns = trace.median_ms * 1e6
    low, middle, high = (values / median_ns - 1 for values in (bands.low_ns, bands.median_ns, bands.high_ns))
    if bands.each > 1:
        _steps(axes, high, edges, baseline=low, fill=True, color=colour, alpha=0.35, lw=0)
    axes.plot((edges[:-1] + edges[1:]) / 2, middle, color=colour, lw=0.8)
    if count == 1:
        axes.plot([(ends[0] + ends[1]) / 2], middle, ".", color=colour, ms=4)


def _frequencies(axes: Axes, trace: CaseTrace, theme: Theme) -> None:
    colour = theme.colour_of(trace.look)
    _steps(axes, trace.counts, trace.edges, orientation="horizontal", fill=True, color=colour, alpha=0.55, lw=0)
    _steps(axes, trace.warmup_counts, trace.edges, orientation="horizontal", fill=False, ec=theme.ink, lw=0.8)
    axes.set_xscale("log")
    most = max(int(trace.counts.max()), int(trace.warmup_counts.max()), 1)
    axes.set_xlim(0.6, most * 2)
    powers = [10**power for power in range(10) if 10**power <= most * 2]
    shown = powers[:: -(-len(powers) // 3)]
    axes.set_xticks(shown, [f"{tick:,}" for tick in shown])
    axes.minorticks_off()
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.set_xlabel("samples", fontsize=8.5)


def _steps(axes: Axes, values: npt.NDArray[np.generic], edges: npt.NDArray[np.float64], **looks: Any) -> None:
    """What `Axes.stairs` draws, without its slow search for the axes' limits: they are set anyway."""
    from matplotlib.patches import StepPatch

    axes.add_artist(StepPatch(values, edges, **looks))


def _limits(trace: CaseTrace) -> tuple[float, float]:
    """All samples and a little more, as far as the axis's own scale sees it."""
    low, high = (float(np.arcsinh(end / trace.width)) for end in (trace.edges[0], trace.edges[-1]))
    margin = 0.04 * (high - low)
    low, high = (float(np.sinh(end) * trace.width) for end in (low - margin, high + margin))
    return low, high


def _ticks(trace: CaseTrace) -> list[float]:
    """The median, and round changes from it that lie far enough apart to be read."""
    low, high = _limits(trace)
    height = np.arcsinh(high / trace.width) - np.arcsinh(low / trace.width)
    kept = [0.0]
    for tick in _each_way():
        place = np.arcsinh(tick / trace.width)
        apart = min(abs(place - np.arcsinh(other / trace.width)) for other in kept)
        if low <= tick <= high and apart >= height / 9:
            kept.append(tick)
    return sorted(kept)


def _each_way() -> Iterable[float]:
    for tick in _TICKS:
        yield tick
        if tick < 1:
            yield -tick


def _tick(tick: float, trace: CaseTrace) -> str:
    return f"{milliseconds(trace.median_ms)} ms" if tick == 0 else f"{tick * 100:+g} %"


def _state(one: RoundTrace) -> str:
    return "not counted" if one.superseded else "disturbed" if one.disturbed else ""
