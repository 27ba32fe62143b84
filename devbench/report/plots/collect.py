"""Which plots a comparison has, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devbench.compare.comparison import Cell, Comparison
from devbench.domain.outcome import Measured
from devbench.report.plots.data import CaseTrace, Mark
from devbench.report.plots.drift import drift_figure
from devbench.report.plots.latency import latency_figure
from devbench.report.plots.render import Plot
from devbench.report.plots.samples import samples_figure
from devbench.report.plots.speedup import speedup_figure


def overview_plots(
    comparison: Comparison | None,
    traces: Mapping[str, CaseTrace],
    latencies: Sequence[Mark] = (),
    speedups: Sequence[Mark] = (),
    published: Sequence[str] = (),
    source: str = "",
    baseline: str = "",
) -> list[Plot]:
    """The plots over all cases that there is something to draw in.

    traces: by case id. latencies, speedups: more marks to draw beside those of the run, such as published ones.
    published: names of the sources that marks are numbered by.
    source: of figures without a run. baseline: what their speedups are over.
    """
    marks = [*(latency_marks(comparison, traces) if comparison else []), *latencies]
    times = [*(speedup_marks(comparison) if comparison else []), *speedups]
    several = [one for one in traces.values() if _has_a_course(one)]
    plots = []
    if marks:
        plots.append(_latency_plot(_by_model(marks), published, source))
    if times:
        plots.append(
            _speedup_plot(_by_model(times), published, _baseline(comparison) or baseline or "the baseline", source)
        )
    if several:
        plots.append(_drift_plot(several))
    return plots


def latency_marks(comparison: Comparison, traces: Mapping[str, CaseTrace]) -> list[Mark]:
    """The median of each measured case, with its 95 % interval and the medians of its rounds."""
    marks = []
    for model, device, cell in _measured(comparison):
        assert isinstance(cell.case.outcome, Measured)
        summary, trace = cell.case.outcome.summary, traces.get(cell.case.id)
        marks.append(
            Mark(
                model=model,
                device=device,
                value=summary.median_ms,
                low=summary.low_ms,
                high=summary.high_ms,
                rounds=tuple(one.median_ms for one in trace.rounds if not one.superseded) if trace else (),
                note=_doubt(cell),
            )
        )
    return marks


def speedup_marks(comparison: Comparison) -> list[Mark]:
    """How many times faster than the baseline each case is that has such a ratio."""
    return [
        Mark(
            model=model,
            device=device,
            value=cell.over_baseline.estimate,
            low=cell.over_baseline.low,
            high=cell.over_baseline.high,
            note=_doubt(cell),
        )
        for model, device, cell in _measured(comparison)
        if cell.over_baseline
    ]


def case_plot(trace: CaseTrace, number: int) -> Plot:
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
        draw=lambda theme: samples_figure(trace, theme),
    )


def _has_a_course(trace: CaseTrace) -> bool:
    return len(trace.rounds) > 1 and all(one.started_s is not None for one in trace.rounds)


def _by_model(marks: Sequence[Mark]) -> list[Mark]:
    """In the order in which models come, measured before published."""
    models = list(dict.fromkeys(mark.model for mark in marks))
    return sorted(marks, key=lambda mark: (models.index(mark.model), mark.kind))


def _latency_plot(marks: Sequence[Mark], published: Sequence[str], source: str) -> Plot:
    return Plot(
        name=f"latency-{source}" if source else "latency",
        title=f"Time of one inference{f': {source}' if source else ''}",
        about=_about(marks, "Median with 95 % interval; short strokes are the medians of its rounds.", published),
        draw=lambda theme: latency_figure(marks, theme),
    )


def _speedup_plot(marks: Sequence[Mark], published: Sequence[str], baseline: str, source: str) -> Plot:
    return Plot(
        name=f"speedup-{source}" if source else "speedup",
        title=f"How many times faster than {baseline}{f': {source}' if source else ''}",
        about=f"Twice as fast and half as fast are equally far from 1. "
        f"{_about(marks, 'Ratio of medians with 95 % interval.', published)}",
        draw=lambda theme: speedup_figure(marks, baseline, theme),
    )


def _drift_plot(traces: Sequence[CaseTrace]) -> Plot:
    return Plot(
        name="drift",
        title="Drift over the rounds",
        about="Median of each round in the order of time, against the median of its case. If lines move together, the "
        "machine changed; hollow points are rounds in which it was seen to be disturbed.",
        draw=lambda theme: drift_figure(traces, theme),
    )


def _about(marks: Sequence[Mark], measured: str, sources: Sequence[str]) -> str:
    """What the strokes mean, of the kinds of figures that are there."""
    kinds = {mark.kind for mark in marks}
    published = "Hollow: published by others, with the interval that their rounding allows."
    published += "".join(f" [{number}] {name}." for number, name in enumerate(sources, 1))
    return " ".join(text for kind, text in (("measured", measured), ("published", published)) if kind in kinds)


def _baseline(comparison: Comparison | None) -> str:
    if comparison is None or comparison.baseline is None:
        return ""
    return comparison.columns[comparison.baseline].label


def _measured(comparison: Comparison) -> list[tuple[str, str, Cell]]:
    """Model, device and cell of each measured case, in the order of the table."""
    return [
        (row, column.label, cell)
        for row in comparison.rows
        for index, column in enumerate(comparison.columns)
        if (cell := comparison.cells.get((row, index))) and isinstance(cell.case.outcome, Measured)
    ]


def _doubt(cell: Cell) -> str:
    assert isinstance(cell.case.outcome, Measured)
    status = cell.case.outcome.verdict.status
    return "" if status == "clean" else status
