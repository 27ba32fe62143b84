"""Continues a run that was interrupted, damaged, or lost a place."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from devbench.domain.lab import PlaceKey
from devbench.domain.outcome import Failed
from devbench.domain.run import CaseRecord, Pending, Request, Run
from devbench.errors import NothingMeasuredError, RunFolderError
from devbench.run.context import RunContext
from devbench.run.plan import Plan
from devbench.run.start import execute, make_plan
from devbench.store.folder import RunFolder
from devbench.store.taking_up import clear_up, reopened, was_joined, without_damage


def resume_run(folder: RunFolder, context: RunContext, places: Sequence[PlaceKey] = ()) -> Run:
    """Go on with the run in `folder` where it was interrupted; measure again what is damaged, and what lost its place.

    A finished run of which nothing can be tried again is left as it is.
    places: of those that the run has, the ones that may be used now, if any are named. Then what cannot be measured any
        more fails, as if its place was lost, and the rest goes on; else that is an error.
    """
    run = folder.load()
    if run.finished_utc and not any(map(_lost_its_place, run.cases)):
        return left_as_it_is(folder, run)
    refuse_doubts(run)
    if run.in_turns:
        raise RunFolderError(
            f"{folder.path}: two sides that were measured in turns cannot be gone on with",
            f"Its rounds: devbench report {folder.path}. To compare, start `devbench compare --measure` again.",
        )
    if not run.order and any(isinstance(case.outcome, Pending) for case in run.cases):
        raise RunFolderError(
            f"{folder.path}: times nothing, only its accuracy was asked for",
            f"Continue with: devbench accuracy --resume {folder.path}",
        )
    plan = _plan(run.request, folder, context, places)
    planned = {case.id for case in plan.cases}
    again = [case for case in run.cases if _lost_its_place(case) and case.id in planned]
    if run.finished_utc and not again:
        context.progress.note("nothing to try again: the places that were lost are still not there")
        return run
    with folder:
        run = taken_up(folder, context)
        for case in again:
            context.progress.note(f"{case.id}: its place was lost, so it is tried again")
            run = run.with_case(replace(run.case(case.id), outcome=Pending()))
        if places:
            run = _without_what_is_gone(run, plan)
        refuse_missing(folder, run, planned)
        folder.save(run)
        return execute(run, plan, folder, context)


def left_as_it_is(folder: RunFolder, run: Run) -> Run:
    """A finished run: only what a killed process has left there goes."""
    with contextlib.suppress(RunFolderError), folder:  # it may well be where nobody can write
        clear_up(folder, run)
    return run


def refuse_doubts(run: Run) -> None:
    """A `RunFolderError` if something speaks against run.json itself."""
    if run.doubts:
        raise RunFolderError(
            "\n".join(run.doubts), "Restore run.json from a copy, or start a new run; `devbench report` shows this one."
        )


def refuse_missing(folder: RunFolder, run: Run, planned: set[str]) -> None:
    """A `RunFolderError` if a case that is still to be done is not among those that are possible here."""
    missing = {case.id for case in run.cases if isinstance(case.outcome, Pending)} - planned
    if missing:
        raise RunFolderError(
            f"{folder.path}: no longer possible here: {', '.join(sorted(missing))}",
            "The devices, runtimes or plugins are not those that the run began with: see `devbench devices`.",
        )


def _plan(request: Request, folder: RunFolder, context: RunContext, places: Sequence[PlaceKey]) -> Plan:
    """The plan of a run; with `places`, of what can be measured there, which may be nothing."""
    usable = tuple(key for key in request.places or places if key in places)
    try:
        if usable or not places:
            return make_plan(replace(request, places=usable or request.places), f"suite of {folder.path}", context)[1]
    except NothingMeasuredError:
        if not places:
            raise
    return Plan(cases=(), skips=(), absent=(), places={})


def _without_what_is_gone(run: Run, plan: Plan) -> Run:
    planned = {case.id for case in plan.cases}
    reasons = {case.id: why.error if isinstance(why, Failed) else why.reason for case, why in plan.skips}
    for case in run.cases:
        if isinstance(case.outcome, Pending) and case.id not in planned:
            why = reasons.get(case.id, "its place could not be used when the run went on")
            run = run.with_case(replace(case, outcome=Failed(error=why, phase="connect", place_lost=True)))
    return run


def taken_up(folder: RunFolder, context: RunContext) -> Run:
    """The run in `folder`, read again now that nobody else writes there, without what was lost or damaged."""
    run = folder.load()
    clear_up(folder, run)
    if was_joined(folder, run):
        run = reopened(folder, run)
    run, notes = without_damage(folder, run)
    for note in notes:
        context.progress.note(note)
    return run


def _lost_its_place(case: CaseRecord) -> bool:
    return isinstance(case.outcome, Failed) and case.outcome.place_lost
