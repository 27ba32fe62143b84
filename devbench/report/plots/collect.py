"""Which plots an overview has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devbench.compare.overview import Overview
from devbench.report.covered import WITHIN, covered
from devbench.report.origin import origin_of
from devbench.report.plots.data import CaseTrace, Mark
from devbench.report.plots.drift import MOST_NAMED, drift_plot
from devbench.report.plots.latency import latency_plot
from devbench.report.plots.marks import Scene, latency_marks, looks_of, scene_of, speedup_marks
from devbench.report.plots.render import Plot
from devbench.report.plots.roofline import roofline_plot, roofline_points
from devbench.report.plots.samples import samples_plot
from devbench.report.plots.speedup import speedup_plot


@dataclass(frozen=True, kw_only=True)
class Plots:
    """main: of all figures, the one first that shows the answer. drift: None without several rounds.

    roofline: None where no figure has a physical limit that is known.
    files: of each source, where several stand side by side without a run.
    """

    main: tuple[Plot, ...] = ()
    drift: Plot | None = None
    roofline: Plot | None = None
    files: Mapping[str, tuple[Plot, ...]] = field(default_factory=dict)

    def all(self) -> list[Plot]:
        """Every one of them."""
        single = [one for one in (self.drift, self.roofline) if one]
        return [*self.main, *single, *(plot for own in self.files.values() for plot in own)]


def overview_plots(overview: Overview, traces: Mapping[str, CaseTrace]) -> Plots:
    """The plots over all cases that there is something to draw in. traces: samples by case id."""
    looks = looks_of(overview)
    several = [one for one in traces.values() if _has_a_course(one)]
    alone = overview.only_file
    main = scene_of(overview.grid, overview.answer, looks, traces, alone)
    files = {
        name: scene_of(grid, overview.answers[name], looks, {}, name)
        for name, grid in ({} if overview.runs or alone else overview.files).items()
    }
    return Plots(
        main=_plots(main, f"published: {alone}" if alone else origin_of(overview)),
        drift=_drift_plot(several, overview) if several else None,
        roofline=_roofline_plot(main, overview, f"published: {alone}" if alone else origin_of(overview)),
        files={name: _plots(scene, f"published: {name}") for name, scene in files.items()},
    )


def case_plot(trace: CaseTrace, number: int, origin: str = "") -> Plot:
    """The plot of a case's samples; number: of the case in its run."""
    each = max(one.steady.each for one in trace.rounds)
    if each > 1:
        drawn = (
            f"The band goes from the smallest to the largest of up to {each:,} consecutive samples, the line is their "
        )
        drawn += "median"
    else:
        drawn = "The line goes through every sample"
    return Plot(
        name=f"samples-{number:03d}",
        title=f"Samples of {trace.model} on {trace.device}",
        about=f"{drawn}; none is left out. Shaded: warm-up, in no figure. Percentages are from the median; the axis is "
        f"stretched near it. Right: how many samples, on a logarithmic axis (outline: warm-up).",
        draw=lambda theme, _: samples_plot(trace, theme),
        origin=origin,
        narrow=False,
    )


def _has_a_course(trace: CaseTrace) -> bool:
    return len(trace.rounds) > 1 and all(one.started_s is not None for one in trace.rounds)


def _drift_plot(traces: Sequence[CaseTrace], overview: Overview) -> Plot:
    many = len({trace.model for trace in traces}) > MOST_NAMED
    named = " Only the model that strays most from its median is named." if many else ""
    return Plot(
        name="drift",
        title="Drift over the rounds",
        about="Median of each round in the order of time, against the median of its case. If lines move together, the "
        f"machine changed; hollow points are rounds in which it was disturbed.{named}",
        draw=lambda theme, layout: drift_plot(traces, theme, layout),
        origin=origin_of(overview),
    )


def _roofline_plot(scene: Scene, overview: Overview, origin: str) -> Plot | None:
    points = roofline_points(scene.grid, overview.limits, scene.looks, scene.names)
    if not points:
        return None
    hollow = " Hollow: published by others." if any(point.published for point in points) else ""
    below = (
        " A point above its roof is faster than its hardware allows: something is wrong with it."
        if any(point.below for point in points)
        else ""
    )
    return Plot(
        name="roofline",
        title="How near each figure is to what its hardware allows",
        about="The line is the roof: on its slope memory or link is the limit, on its level part the arithmetic. What"
        f" stands far below it is held up by something else, such as fixed cost.{below}{hollow}",
        draw=lambda theme, layout: roofline_plot(points, theme, layout),
        origin=origin,
    )


def _plots(scene: Scene, origin: str) -> tuple[Plot, ...]:
    """Latencies and speedups; first the one that shows which system is fastest, if several compete."""
    latencies, speedups = latency_marks(scene), speedup_marks(scene)
    found = [_latency_plot(scene, latencies, origin)] if latencies else []
    if speedups and scene.grid.baseline:
        plot = _speedup_plot(scene, speedups, scene.grid.baseline.name, origin)
        found.insert(0 if scene.answer.contest else len(found), plot)
    return tuple(found)


def _latency_plot(scene: Scene, marks: Sequence[Mark], origin: str) -> Plot:
    return Plot(
        name=f"latency-{scene.name}" if scene.name else "latency",
        title=f"Time of one inference{_on(marks)}{f': {scene.name}' if scene.name else ''}",
        about=_about(scene, marks, f"Median with {_interval(scene)}; short strokes are the medians of its rounds."),
        draw=lambda theme, layout: latency_plot(marks, theme, layout),
        origin=origin,
    )


def _speedup_plot(scene: Scene, marks: Sequence[Mark], baseline: str, origin: str) -> Plot:
    runs = {cell.figure.origin for cell in scene.grid.cells.values() if cell.figure.case}
    about = _about(scene, marks, f"Ratio of medians with 95 % interval{f' {WITHIN}' if len(runs) == 1 else ''}.")
    times = f"How many times faster than {baseline}{_on(marks)}"
    return Plot(
        name=f"speedup-{scene.name}" if scene.name else "speedup",
        title=f"{times}{f': {scene.name}' if scene.name else ''}",
        about=f"Twice as fast and half as fast are equally far from 1. {about}",
        draw=lambda theme, layout: speedup_plot(marks, baseline, theme, layout),
        origin=origin,
    )


def _interval(scene: Scene) -> str:
    name = covered(cell.figure for cell in scene.grid.cells.values())
    return f"95 % interval {name}" if name else "95 % interval"


def _on(marks: Sequence[Mark]) -> str:
    """Where it is one alone, the system: its rows are of models only."""
    devices = {mark.device for mark in marks}
    return f" on {next(iter(devices))}" if len(devices) == 1 else ""


def _about(scene: Scene, marks: Sequence[Mark], measured: str) -> str:
    """What the strokes mean, of the kinds of figures that are there."""
    published = "Hollow: published by others, with the interval that their rounding allows."
    published += "".join(f" [{number}] {name}." for number, name in enumerate(scene.publishers, 1))
    kinds = {mark.published for mark in marks}
    about = " ".join(text for kind, text in ((False, measured), (True, published)) if kind in kinds)
    if any(mark.undecided for mark in marks):
        about += " Grey, with dashes: undecided, since a figure is contaminated."
    return about
