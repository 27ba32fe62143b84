"""A run that asks pictures and times nothing, from its beginning or where it was interrupted."""

from __future__ import annotations

from dataclasses import replace

from devbench.domain.outcome import Skipped
from devbench.domain.run import Pending, Request, Run
from devbench.errors import DevbenchError, RunFolderError
from devbench.run.context import RunContext
from devbench.run.execute import NOT_TIMED
from devbench.run.from_context import evaluator_of
from devbench.run.plan import Plan
from devbench.run.resume import left_as_it_is, refuse_doubts, refuse_missing, taken_up
from devbench.run.start import make_plan, new_run, prepared
from devbench.store.folder import RunFolder


def start_accuracy(request: Request, name: str, folder: RunFolder, context: RunContext) -> Run:
    """Ask the pictures of the suite of `request`, in `folder`, and time nothing."""
    folder.refuse_what_is_there()
    suite, plan, seed = make_plan(request, name, context)
    plan = _with_pictures(plan)
    if not plan.cases and not plan.skips:
        raise DevbenchError(
            f"{name}: no model of it has pictures to test",
            "Add `test: {images: FOLDER}`, with one folder for each class (docs/models.md).",
        )
    run = replace(new_run(suite.name, request, plan, seed, folder), compare=suite.compare.wanted())
    with folder:
        folder.save(run)
        return _ask(run, plan, folder, context)


def resume_accuracy(folder: RunFolder, context: RunContext) -> Run:
    """Go on asking pictures in `folder`; what was answered stays. A finished run is left as it is."""
    run = folder.load()
    if run.finished_utc:
        return left_as_it_is(folder, run)
    refuse_doubts(run)
    if run.order:
        raise RunFolderError(
            f"{folder.path}: is a run that is timed", f"Continue with: devbench run --resume {folder.path}"
        )
    _, plan, _ = make_plan(run.request, f"suite of {folder.path}", context)
    plan = _with_pictures(plan)
    with folder:
        run = taken_up(folder, context)
        refuse_missing(folder, run, {case.id for case in plan.cases})
        folder.save(run)
        return _ask(run, plan, folder, context)


def _with_pictures(plan: Plan) -> Plan:
    """The part of the plan that has pictures to be asked."""
    return replace(
        plan,
        cases=tuple(case for case in plan.cases if case.evaluation),
        skips=tuple((case, why) for case, why in plan.skips if case.evaluation),
    )


def _ask(run: Run, plan: Plan, folder: RunFolder, context: RunContext) -> Run:
    """Ask the cases of `run` that are pending, time nothing, and close the run; the lock of `folder` is held."""
    run, ready = prepared(run, plan, folder, context)
    run = evaluator_of(context, folder.path, plan).ask_all(run, ready, plan.places, folder, folder.save)
    for case in run.cases:
        if isinstance(case.outcome, Pending):
            run = run.with_case(replace(case, outcome=Skipped(reason=NOT_TIMED)))
    return folder.finish(run)
