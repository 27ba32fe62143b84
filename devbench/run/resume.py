"""Continues a run that was interrupted, damaged, or lost a place."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from devbench.domain.outcome import Failed
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.errors import RunFolderError
from devbench.run.context import RunContext
from devbench.run.start import execute, make_plan
from devbench.store.folder import RunFolder
from devbench.store.taking_up import clear_up, reopened, was_joined, without_damage


def resume_run(folder: RunFolder, context: RunContext) -> Run:
    """Go on with the run in `folder` where it was interrupted; measure again what is damaged, and what lost its place.

    A finished run of which nothing can be tried again is left as it is.
    """
    run = folder.load()
    if run.finished_utc and not any(map(_lost_its_place, run.cases)):
        return left_as_it_is(folder, run)
    refuse_doubts(run)
    if not run.order and any(isinstance(case.outcome, Pending) for case in run.cases):
        raise RunFolderError(
            f"{folder.path}: times nothing, only its accuracy was asked for",
            f"Continue with: devbench accuracy --resume {folder.path}",
        )
    _, plan, _ = make_plan(run.request, f"suite of {folder.path}", context)
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
