"""What a reader must know of the figures: what to doubt, what failed, what is missing. Values, each cause once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from devbench.compare.figures import FileSource
from devbench.compare.grid import Grid, System
from devbench.compare.placing import Placing
from devbench.compare.ratios import times_as_long
from devbench.domain.conditions import Reason
from devbench.domain.lab import PlaceKey
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.groups import longest_s
from devbench.stats import minimum_samples
from devbench.stats.steady import FEWEST_SAMPLES


class Kind(IntEnum):
    """What sort of finding it is, the gravest first."""

    DAMAGED = -1
    CONTAMINATED = 0
    FAILED = 1
    SUSPECT = 2
    NO_RATIO = 3
    UNCONFIRMED = 4
    REMARK = 5
    IMPRECISE = 6
    SKIPPED = 7
    PENDING = 8
    ABSENT = 9
    NOTE = 10


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One cause, whatever the number of cases that it concerns.

    cause: one word or two, such as the code of a reason: what a renderer chooses its words by.
    text, remedy: as the run says it; "" where the values say all.
    cases: ids of those it concerns. everywhere: these are all measured cases, and more than one.
    values: of the finding. each: values of each case, in the order of `cases`.
    """

    kind: Kind
    cause: str
    text: str = ""
    remedy: str = ""
    cases: tuple[str, ...] = ()
    everywhere: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    each: tuple[Mapping[str, Any], ...] = ()


def findings_of_run(run: Run, grid: Grid) -> list[Finding]:
    """What is to be known of one run."""
    cases = run.cases
    found = [*_doubts(run), *_reasons(cases), *_failed(cases), *_ratios(grid), *_remarks(cases), *_one_round(cases)]
    found += [*_imprecise(cases), *_too_few(cases), *_skipped(cases), *_pending(cases), *_absent(run)]
    found += [*_weights(cases), *_measured_again(cases), *_cost_of_half(run)]
    measured = {case.id for case in cases if isinstance(case.outcome, Measured)}
    return [replace(one, everywhere=len(measured) > 1 and set(one.cases) == measured) for one in found]


def findings_of_files(grid: Grid, placing: Placing, files: Sequence[FileSource], *, alone: bool) -> list[Finding]:
    """What is to be known of figures that others published. alone: they are all there is."""
    found = [*_blank(grid), *_unstated_batch(grid), *_statistics(grid)]
    found += [*_unstated_precision(grid), *_alike(grid)] if alone else []
    if placing.other_models:
        found.append(Finding(kind=Kind.NOTE, cause="other models", values={"models": placing.other_models}))
    for file in files:
        if file.notes:
            found.append(Finding(kind=Kind.NOTE, cause="source", text=" ".join(file.notes), values={"name": file.name}))
    return found


def _doubts(run: Run) -> Iterator[Finding]:
    """What does not hold of the run's own files."""
    for text in run.doubts:
        yield Finding(kind=Kind.DAMAGED, cause="run folder", text=text)


def _reasons(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    """Each reason once, with the worst of what was seen and its remedy."""
    found: dict[str, list[tuple[str, Reason]]] = {}
    for case in cases:
        for reason in case.outcome.verdict.reasons if isinstance(case.outcome, Measured) else ():
            found.setdefault(reason.code, []).append((case.id, reason))
    for code, pairs in found.items():
        kinds = {id(reason): Kind[reason.severity.upper()] for _, reason in pairs}
        worst = min((reason for _, reason in pairs), key=lambda reason: kinds[id(reason)])
        yield Finding(
            kind=kinds[id(worst)],
            cause=code,
            text=worst.text,
            remedy=worst.remedy,
            cases=tuple(case_id for case_id, _ in pairs),
        )


def _failed(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for case in cases:
        if isinstance(case.outcome, Failed):
            found.setdefault((case.outcome.phase, case.outcome.error, case.outcome.hint), []).append(case.id)
    for (phase, error, hint), ids in found.items():
        yield Finding(
            kind=Kind.FAILED, cause="failed", text=error, remedy=hint, cases=tuple(ids), values={"phase": phase}
        )


def _skipped(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        if isinstance(case.outcome, Skipped):
            found.setdefault((case.outcome.reason, case.outcome.hint), []).append(case.id)
    for (reason, hint), ids in found.items():
        yield Finding(kind=Kind.SKIPPED, cause="skipped", text=reason, remedy=hint, cases=tuple(ids))


def _pending(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    ids = tuple(case.id for case in cases if isinstance(case.outcome, Pending))
    if ids:
        yield Finding(kind=Kind.PENDING, cause="pending", cases=ids)


def _absent(run: Run) -> Iterator[Finding]:
    for one in run.absent:
        yield Finding(kind=Kind.ABSENT, cause="absent", text=one.reason, remedy=one.hint, values={"device": one.device})


def _ratios(grid: Grid) -> Iterator[Finding]:
    """Cells without a ratio because the two did other work, and ratios whose answers nobody could compare."""
    for kind, cause in ((Kind.NO_RATIO, "refused"), (Kind.UNCONFIRMED, "unconfirmed")):
        found: dict[str, list[str]] = {}
        for cell in grid.cells.values():
            if why := getattr(cell.faster, cause):
                found.setdefault(why, []).append(cell.figure["case"])
        for why, ids in found.items():
            yield Finding(kind=kind, cause=cause, text=why, cases=tuple(ids))


def _remarks(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    """What devices have to say of their own results."""
    for text in dict.fromkeys(remark for case in cases for remark in case.remarks):
        ids = tuple(case.id for case in cases if text in case.remarks)
        yield Finding(kind=Kind.REMARK, cause="remark", text=text, cases=ids)


def _one_round(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    ids = tuple(
        case.id for case in cases if isinstance(case.outcome, Measured) and not case.outcome.summary.between_rounds
    )
    if ids:
        yield Finding(kind=Kind.IMPRECISE, cause="one round", cases=ids)


def _imprecise(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    """Where less precision was reached than asked for, with what half of each interval would cost."""
    found = {}
    for case in cases:
        got = case.outcome.precision if isinstance(case.outcome, Measured) else None
        if got and got.wanted is not None and got.reached > got.wanted:
            found[case.id] = {
                "reached": got.reached,
                "wanted": got.wanted,
                "rounds": got.rounds_to_halve,
                "seconds": got.seconds_to_halve,
                "stopped_by": got.stopped_by,
                "count": len(case.counting),
                "to_reach": got.rounds_to_reach,
            }
    if found:
        yield Finding(kind=Kind.IMPRECISE, cause="precision", cases=tuple(found), each=tuple(found.values()))


def _cost_of_half(run: Run) -> Iterator[Finding]:
    rounds, seconds = [], dict[PlaceKey, float]()
    for case in run.cases:
        got = case.outcome.precision if isinstance(case.outcome, Measured) else None
        if got and got.rounds_to_halve and got.seconds_to_halve:
            rounds.append(got.rounds_to_halve)
            key = (case.device, case.place)
            seconds[key] = seconds.get(key, 0.0) + got.seconds_to_halve
    if rounds:
        values = {"least": min(rounds), "most": max(rounds), "seconds": longest_s(seconds, run.beside)}
        yield Finding(kind=Kind.NOTE, cause="cost of half", values=values)


def _too_few(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    """Which statistic is not there because its samples are too few."""
    bounds: dict[int, dict[str, int]] = {}
    untested = []
    for case in cases:
        if not isinstance(case.outcome, Measured) or case.measure is None:
            continue
        known = {90: case.outcome.summary.p90_bound_ms, 99: case.outcome.summary.p99_bound_ms}
        for percent in case.measure.percentiles:
            if known[percent] is None:
                bounds.setdefault(percent, {})[case.id] = case.outcome.summary.samples
        if any(one.samples < FEWEST_SAMPLES for one in case.counting):
            untested.append(case.id)
    for asked, samples in bounds.items():
        values = {"percent": asked, "needed": minimum_samples(asked), "samples": min(samples.values())}
        yield Finding(kind=Kind.IMPRECISE, cause="no bound", cases=tuple(samples), values=values)
    if untested:
        values = {"needed": FEWEST_SAMPLES}
        yield Finding(kind=Kind.IMPRECISE, cause="not tested for steadiness", cases=tuple(untested), values=values)


def _weights(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    found: dict[str, dict[str, None]] = {}
    for case in cases:
        if case.artifact:
            found.setdefault(case.artifact.weights, {})[case.model] = None
    for weights, models in found.items():
        values = {"weights": weights, "models": tuple(models), "all": len(found) == 1}
        yield Finding(kind=Kind.NOTE, cause="weights", values=values)


def _measured_again(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    ids = tuple(case.id for case in cases if any(one.superseded for one in case.rounds))
    count = sum(one.superseded for case in cases for one in case.rounds)
    if count:
        yield Finding(kind=Kind.NOTE, cause="measured again", cases=ids, values={"rounds": count})


def _blank(grid: Grid) -> Iterator[Finding]:
    """Why published figures are missing, one finding for each reason."""
    found: dict[str, list[str]] = {}
    for (row, system), cell in grid.cells.items():
        if not cell.figure.has_value and cell.figure.case is None:
            found.setdefault(cell.figure["reason"] or "no reason given", []).append(f"{row.model} on {system.name}")
    for reason, cells in found.items():
        yield Finding(kind=Kind.NOTE, cause="no figure", text=reason, values={"cells": tuple(cells)})


def _unstated_batch(grid: Grid) -> Iterator[Finding]:
    joined = [cell.figure for (row, _), cell in grid.cells.items() if row.batch is not None]
    sources = sorted({one["source"] for one in joined if not one.ours and one.batch is None})
    if sources:
        yield Finding(kind=Kind.NOTE, cause="batch not stated", values={"sources": tuple(sources)})


def _statistics(grid: Grid) -> Iterator[Finding]:
    if not any(system.ours for system in grid.systems):
        return
    found: dict[str, set[str]] = {}
    for cell in grid.cells.values():
        if not cell.figure.ours and cell.figure.has_value:
            found.setdefault(cell.figure["statistic"], set()).add(cell.figure["source"])
    for statistic, sources in found.items():
        values = {"statistic": statistic, "sources": tuple(sorted(sources))}
        yield Finding(kind=Kind.NOTE, cause="statistic", values=values)


def _unstated_precision(grid: Grid) -> Iterator[Finding]:
    """Systems that do not say at which precision they were measured: ratios with them compare more than devices."""
    having = [(system, cell.figure["precision"]) for (_, system), cell in grid.cells.items() if cell.figure.has_value]
    if silent := tuple(dict.fromkeys(system.name for system, precision in having if not precision)):
        yield Finding(kind=Kind.NOTE, cause="precision not stated", values={"systems": silent})
    stated = tuple(sorted({precision for _, precision in having if precision}))
    if len(stated) > 1:
        yield Finding(kind=Kind.NOTE, cause="precisions differ", values={"precisions": stated})


def _alike(grid: Grid) -> Iterator[Finding]:
    """Pairs of systems of which at least one row shows no difference: the eye takes such a row for the rule."""
    for one, other in itertools.combinations(grid.systems, 2):
        same, apart = _same_and_apart(grid, one, other)
        if same:
            values = {"systems": (one.name, other.name), "same": same, "apart": apart}
            yield Finding(kind=Kind.NOTE, cause="alike", values=values)


def _same_and_apart(grid: Grid, one: System, other: System) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Models without a difference shown, and those with one: the model and both figures."""
    same, apart = [], []
    for row in grid.rows:
        pair = grid.cells.get((row, one)), grid.cells.get((row, other))
        if pair[0] and pair[1]:
            shown = times_as_long(pair[0].figure, pair[1].figure).shown
            if shown == "no difference":
                same.append(row.model)
            elif shown:
                apart.append((row.model, pair[0].figure, pair[1].figure))
    return tuple(same), tuple(apart)
