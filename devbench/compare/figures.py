"""Runs become figures: the same values that the rows of published CSVs are, so that all are compared in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from devbench.domain.figure import Figure, RoundFigure
from devbench.domain.outcome import Measured, Nanoseconds, OutputTensor
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.errors import DevbenchError
from devbench.stats import round_medians
from devbench.store.results_file import figure_of
from devbench.store.results_rows import row_of

Samples = Callable[[str], Mapping[int, Nanoseconds]]  # steady samples by round, of the case with this id
Outputs = Callable[[str], Sequence[OutputTensor]]  # what that case gave for its input; empty if unknown


@dataclass(frozen=True, kw_only=True)
class RunSource:
    """A run, and where its samples and outputs are. name: what messages call it, such as its folder."""

    name: str
    run: Run
    samples: Samples
    outputs: Outputs


@dataclass(frozen=True, kw_only=True)
class FileSource:
    """A results CSV: its name, its rows, and what its description says that a reader must know."""

    name: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def figures_of(source: RunSource, *, by_samples: bool = True) -> list[Figure]:
    """A figure for each case of the run, measured or not. Samples are read one case at a time, and not kept.

    by_samples: whether they are read at all. Without them, ratios are of the figures' intervals, which is wider.
    """
    return [figure_of_case(source, case, by_samples=by_samples) for case in source.run.cases]


def figure_of_case(source: RunSource, case: CaseRecord, *, by_samples: bool = True) -> Figure:
    """The figure of one case; of one that still has rounds to run, by those that are done."""
    done = _so_far(source, case) if by_samples else case
    return replace(
        figure_of(row_of(source.run, done), source.name),
        case=done,
        rounds=_rounds(done, source.samples) if by_samples else (),
        partial=done is not case,
    )


def _so_far(source: RunSource, case: CaseRecord) -> CaseRecord:
    if not isinstance(case.outcome, Pending) or not case.rounds:
        return case
    from devbench.run.so_far import case_so_far

    try:
        return case_so_far(source.run, case, source.samples(case.id))
    except DevbenchError:  # its samples are damaged: --resume measures them again
        return case


def _rounds(case: CaseRecord, samples: Samples) -> tuple[RoundFigure, ...]:
    if not isinstance(case.outcome, Measured):
        return ()
    found = samples(case.id)
    counting = sorted(case.counting, key=lambda one: one.index)
    medians = round_medians([found[one.index] for one in counting])
    disturbed = [any(reason.severity == "contaminated" for reason in one.reasons) for one in counting]
    return tuple(RoundFigure(median=one, contaminated=bad) for one, bad in zip(medians, disturbed, strict=True))
