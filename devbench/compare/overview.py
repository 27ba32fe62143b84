"""Everything that a report says, as one value. Terminal, Markdown, page and plots render it and compute nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devbench.compare.accuracy import AccuracyRow, accuracy_rows, findings_of_answers
from devbench.compare.answer import Answer, answer_of
from devbench.compare.between import Between, between_models, over_reference
from devbench.compare.figures import FileSource, RunSource, figures_of
from devbench.compare.findings import Finding, findings_of_files, findings_of_run
from devbench.compare.grid import Grid, Row, System, grid_of, named
from devbench.compare.limits import Lag, Standing, lags_of, standing_of
from devbench.compare.placing import Apart, Placing, place_in_file, place_side_by_side
from devbench.compare.ratios import Outputs
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.domain.run import Run
from devbench.errors import DevbenchError

MOST_RUNS_BY_SAMPLES = 20
"""Of more runs, ratios are of the figures' intervals, which is wider: a thousand runs are read in seconds."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What was measured on, where all measured cases agree in it; else (). seconds: of the run; None if unknown."""

    precisions: tuple[str, ...]
    batches: tuple[int, ...]
    cpus: tuple[str, ...]
    runtimes: tuple[str, ...]
    threads: tuple[str, ...]
    rounds: tuple[int, ...]
    seconds: float | None
    finished: bool


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The report of one run, of several, of published figures, or of both side by side.

    title: the suite, or the names of the sources. run: the one run that it is of; None if there are several or none.
    runs: how many runs. grid: what can be compared. files: each CSV by itself, whatever it leaves unsaid; the grid is
        that of the only file, where there is no run and one file.
    between: how many times as long one model takes as another.
    apart: figures of the same models that are of other work.
    findings: the gravest first.
    limits: the physical limit of each figure in a grid, as far as anything is known of it; empty where nobody asked.
    standing: how near the figures are to their limits: of what is measured or side by side, else of each file.
    accuracy: how often each file answers rightly, beside its time.
    lags: which models gain much less than others from a device, as its link holds them up.
    """

    title: str
    run: Run | None
    runs: int
    about: About | None
    answer: Answer
    grid: Grid
    files: Mapping[str, Grid]
    answers: Mapping[str, Answer]
    between: tuple[Between, ...]
    apart: tuple[Apart, ...]
    findings: tuple[Finding, ...]
    limits: Mapping[Figure, Limit] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    lags: tuple[Lag, ...] = ()
    accuracy: tuple[AccuracyRow, ...] = ()

    @property
    def only_file(self) -> str:
        """The name of the one file that it is of; "" if it is of anything else."""
        return next(iter(self.files)) if not self.runs and len(self.files) == 1 else ""


def overview_of(
    runs: Sequence[RunSource],
    files: Sequence[FileSource],
    *,
    baseline: str = "",
    reference: str = "",
    limit: Callable[[Figure], Limit | None] = lambda _: None,
) -> Overview:
    """The overview of these sources.

    baseline: the device that ratios are over, instead of the suite's or the first. reference: the model that others of
    a file are compared with, instead of its first. limit: the physical limit of a figure.
    A `DevbenchError` for a name that no source has.
    """
    by_samples = len(runs) <= MOST_RUNS_BY_SAMPLES
    measured = [(source, figures_of(source, by_samples=by_samples)) for source in runs]
    figures = [*(one for _, own in measured for one in own), *(one for file in files for one in file.figures)]
    outputs = _outputs(runs)
    grids = {file.name: _file_grid(file, baseline, outputs, must=not runs and len(files) == 1) for file in files}
    only = files[0] if len(files) == 1 and not runs else None
    placing = place_in_file(only) if only else place_side_by_side(figures)
    run = runs[0].run if len(runs) == 1 else None
    grid = grids[only.name] if only else grid_of(placing.placed, outputs, _baseline(placing, baseline, run))
    between = _between(grid, run, grids, reference, only)
    findings = [*findings_of_answers(run.cases), *findings_of_run(run, grid)] if run else []
    findings += findings_of_files(grid, placing, files, alone=not runs)
    limits = _limits([grid, *grids.values()], limit)
    return Overview(
        title=", ".join([*(source.run.suite for source in runs), *([] if runs else [file.name for file in files])]),
        run=run,
        runs=len(runs),
        about=_about(run, figures) if run else None,
        answer=answer_of(grid, between, outputs),
        grid=grid,
        files=grids,
        answers={name: answer_of(one, (), outputs) for name, one in grids.items()},
        between=between,
        apart=placing.apart,
        findings=tuple(sorted(findings, key=lambda one: one.kind)),
        limits=limits,
        standing=standing_of([grid] if runs or not grids else list(grids.values()), limits),
        accuracy=accuracy_rows(grid),
        lags=_lags(grid, {} if runs else grids, limits, between),
    )


def _lags(
    grid: Grid, grids: Mapping[str, Grid], limits: Mapping[Figure, Limit], between: Sequence[Between]
) -> tuple[Lag, ...]:
    """Of what is measured or side by side; else of each of the files."""
    asked = [(one.slow, one.fast) for one in between]
    found = tuple(lags_of(grid, limits, asked))
    return found or tuple(lag for one in grids.values() for lag in lags_of(one, limits))


def _limits(grids: Iterable[Grid], limit: Callable[[Figure], Limit | None]) -> dict[Figure, Limit]:
    figures = dict.fromkeys(cell.figure for grid in grids for cell in grid.cells.values())
    return {figure: found for figure in figures if (found := limit(figure))}


def _outputs(runs: Sequence[RunSource]) -> Outputs:
    by_name = {source.name: source.outputs for source in runs}
    return lambda figure: by_name[figure.origin](figure["case"]) if figure.origin in by_name else ()


def _file_grid(file: FileSource, baseline: str, outputs: Outputs, *, must: bool) -> Grid:
    placing = place_in_file(file)
    systems = _systems(placing)
    wanted = baseline if must or any(one.is_called(baseline) for one in systems) else ""
    choice = named(wanted, systems, file.name) if wanted else lambda _: True
    return grid_of(placing.placed, outputs, choice)


def _baseline(placing: Placing, baseline: str, run: Run | None) -> Callable[[System], bool]:
    """What the command line names, else what the suite names, else the first of ours, else the first of all."""
    systems = _systems(placing)
    if baseline:
        return named(baseline, systems, "the run" if run else "these sources")
    if run and run.compare.baseline:
        wanted = run.compare.baseline
        return lambda one: one.ours and one.is_called(wanted)
    first = next((one for one in systems if one.ours), next(iter(systems), None))
    return lambda one: one == first


def _systems(placing: Placing) -> list[System]:
    return list(dict.fromkeys(system for _, system, _ in placing.placed))


def _between(
    grid: Grid, run: Run | None, files: Mapping[str, Grid], reference: str, only: FileSource | None
) -> tuple[Between, ...]:
    if run:
        return between_models(grid, run.compare.between_models, list(files.values()))
    if only is None or not grid.rows:
        return ()
    return over_reference(grid, _reference(grid.rows, reference, only.name))


def _reference(rows: Sequence[Row], wanted: str, source: str) -> Row:
    found = next((row for row in rows if not wanted or row.model == wanted), None)
    if found is None:
        known = ", ".join(dict.fromkeys(row.model for row in rows))
        raise DevbenchError(f"{source} has no model '{wanted}'", f"It has: {known}.")
    return found


def _about(run: Run, figures: Sequence[Figure]) -> About:
    ours = [one for one in figures if one.measured]

    def all_of(column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one[column] for one in ours if one[column]))

    return About(
        precisions=all_of("precision"),
        batches=tuple(map(int, all_of("batch"))),
        cpus=all_of("cpu"),
        runtimes=tuple(dict.fromkeys(f"{one['runtime']} {one['runtime_version']}".strip() for one in ours)),
        threads=all_of("threads"),
        rounds=tuple(sorted({int(one["rounds"]) for one in ours if one["rounds"]})),
        seconds=_seconds(run),
        finished=bool(run.finished_utc),
    )


def _seconds(run: Run) -> float | None:
    try:
        return (datetime.fromisoformat(run.finished_utc) - datetime.fromisoformat(run.started_utc)).total_seconds()
    except ValueError:
        return None
