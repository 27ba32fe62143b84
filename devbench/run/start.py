"""Starts a run: plan, prepare, and hand over to the rounds."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from pathlib import Path

from devbench import __version__
from devbench.clock import stamp
from devbench.domain.case import Case, PlannedCase
from devbench.domain.model import PRECISIONS
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.run import ArtifactRecord, CaseRecord, Compare, Pending, Request, Run
from devbench.errors import DevbenchError, NothingMeasuredError, RecordError, RunFolderError
from devbench.plugin.manager import Plugins
from devbench.run.budget import groups_in, refuse_too_small
from devbench.run.context import RunContext
from devbench.run.execute import Execution
from devbench.run.from_context import evaluator_of, maker_of, preparer_of
from devbench.run.order import interleaved
from devbench.run.plan import Plan, plan_suite
from devbench.run.planning import AsPlanned, Planner
from devbench.store.folder import RunFolder
from devbench.store.results_file import read_results
from devbench.suites.format import Suite
from devbench.suites.measure import contradictions
from devbench.suites.names import nearest
from devbench.suites.strict import KnownNames
from devbench.suites.suite import parse_suite


def known_names(plugins: Plugins) -> KnownNames:
    """What a suite may name, as the loaded plugins have it."""
    registry = plugins.registry
    return KnownNames(
        models=tuple(sorted(registry.models)),
        devices={
            kind: tuple(name for name in registry.drivers(kind) if name in registry.runtimes)
            for kind in registry.devices
        },
        precisions=tuple(dict.fromkeys((*PRECISIONS, *registry.precisions))),
        converters=tuple(registry.converters),
        options={name: runtime.option_specs for name, runtime in registry.runtimes.items()},
        wrong_option=lambda runtime, name, value: registry.runtimes[runtime].wrong_option(name, value),
    )


def make_plan(request: Request, name: str, context: RunContext) -> tuple[Suite, Plan, int]:
    """The suite of `request` (errors call it `name`), narrowed as asked, its plan, and the seed in force."""
    suite = _narrowed(parse_suite(request.suite_text, name, known_names(context.plugins)), request)
    budget_s = request.budget_s or suite.measure.budget_s
    measure = suite.measure.settings(request.profile, budgeted=budget_s is not None)
    if texts := [text for _, text in contradictions(measure)]:
        raise DevbenchError(
            f"{name}: with --profile {request.profile}, {'; '.join(texts)}",
            "What the suite's `measure` sets stays in force with any profile: change it there.",
        )
    seed = suite.seed if request.seed is None else request.seed
    base = Path(request.suite_dir)
    registry, only = context.plugins.registry, frozenset(request.places)
    maker = maker_of(context)
    plan = plan_suite(suite, base, registry, context.lab, measure, seed, context.probe, maker, only)
    if not plan.cases and not plan.skips:
        reasons = "; ".join(f"{one.device}: {one.reason}" for one in plan.absent)
        hints = dict.fromkeys(one.hint for one in plan.absent if one.hint)
        raise NothingMeasuredError(
            f"{name}: none of its devices is here ({reasons})", " ".join([*hints, "See `devbench devices`."])
        )
    if budget_s is not None:
        refuse_too_small(budget_s, plan, context)
    return suite, plan, seed


def start_run(request: Request, name: str, folder: RunFolder, context: RunContext) -> Run:
    """Run the suite of `request` from its beginning, in `folder`."""
    folder.refuse_what_is_there()
    suite, plan, seed = make_plan(request, name, context)
    references = references_of(suite, request)
    run = replace(
        new_run(suite.name, request, plan, seed, folder),
        compare=suite.compare.wanted(),
        order=interleaved({case.id: case.measure.rounds for case in plan.cases}, seed),
        budget_s=request.budget_s or suite.measure.budget_s,
    )
    with folder:
        run = folder.add_references(run, references)
        folder.save(run)
        return execute(run, plan, folder, context)


def new_run(name: str, request: Request, plan: Plan, seed: int, folder: RunFolder) -> Run:
    """The run of a plan before anything is measured, without an order."""
    return Run(
        id=folder.path.resolve().name,
        suite=name,
        suite_sha256=hashlib.sha256(request.suite_text.encode()).hexdigest(),
        started_utc=stamp(),
        devbench_version=__version__,
        seed=seed,
        request=request,
        compare=Compare(),
        order=(),
        host={"python": platform.python_version(), "platform": platform.platform()},
        absent=plan.absent,
        cases=(
            *map(_planned, plan.cases),
            *(replace(_planned(case), outcome=why) for case, why in plan.skips),
        ),
    )


def references_of(suite: Suite, request: Request) -> list[Path]:
    """The suite's published CSVs, each read once so that a broken one is known before anything is measured."""
    paths = [Path(request.suite_dir) / name for name in suite.references]
    for path in paths:
        read_results(path)
    return paths


def execute(run: Run, plan: Plan, folder: RunFolder, context: RunContext, planner: AsPlanned | None = None) -> Run:
    """Prepare the cases of `run` that are pending, and run their rounds; the lock of `folder` is held.

    planner: says which rounds to run; by default one that plans for precision and budget of the run.
    """
    run, cases = prepared(run, plan, folder, context)
    at_work = tuple(one for one in plan.cases if one.id in cases or run.case(one.id).rounds)
    groups = groups_in(replace(plan, cases=at_work), context)
    return Execution(
        run=replace(run, beside=tuple(group.places for group in groups) if len(groups) > 1 else ()),
        cases=cases,
        places=plan.places,
        place_of=plan.place_of,
        folder=folder,
        plugins=context.plugins,
        progress=context.progress,
        hold=context.hold,
        earlier=context.earlier,
        planner=planner or Planner(run.budget_s, context.until_end_s),
        evaluator=evaluator_of(context, folder.path, plan),
        carry=context.carry,
        groups=groups,
    ).finish()


def prepared(run: Run, plan: Plan, folder: RunFolder, context: RunContext) -> tuple[Run, dict[str, Case]]:
    """The run with the artifacts of its pending cases, each saved, and the cases that can be measured."""
    cases: dict[str, Case] = {}
    preparer = preparer_of(context, folder.path)
    pending = [one for one in plan.cases if isinstance(run.case(one.id).outcome, Pending)]
    preparer.make_ahead(pending)
    for planned in pending:
        record = run.case(planned.id)
        case = preparer.prepare(planned, plan.place_of(planned))
        if isinstance(case, Failed | Skipped):
            if isinstance(case, Failed):
                context.progress.case_failed(planned.id, case.error)
            run = run.with_case(replace(record, outcome=case))
        else:
            cases[planned.id] = case
            run = run.with_case(_with_artifact(record, case, folder))
        try:
            folder.save(run)
        except RecordError as error:
            context.progress.case_failed(planned.id, error.message)
            run = run.with_case(replace(record, outcome=Failed(error=error.message, phase="prepare")))
            folder.save(run)
    return run, cases


def _narrowed(suite: Suite, request: Request) -> Suite:
    """The suite with only the devices and models that the command line names."""
    changed: dict[str, object] = {}
    for key, wanted in (("devices", request.devices), ("models", request.models)):
        entries = getattr(suite, key)
        names = [entry.name for entry in entries]
        for name in wanted:
            if name not in names:
                raise DevbenchError(f"the suite has no {key[:-1]} '{name}'{nearest(name, names)}")
        if wanted:
            changed[key] = [entry for entry in entries if entry.name in wanted]
    return suite.model_copy(update=changed)


def _planned(case: PlannedCase) -> CaseRecord:
    return CaseRecord(
        id=case.id,
        model=case.model,
        precision=case.precision,
        device=case.device,
        place=case.place,
        runtime=case.runtime,
        options=case.options,
        measure=case.measure,
    )


def _with_artifact(record: CaseRecord, case: Case, folder: RunFolder) -> CaseRecord:
    artifact = case.artifact
    if record.artifact and record.artifact.sha256 != artifact.sha256:
        raise RunFolderError(
            f"{folder.path}: {record.model} is a different file now than when the run began",
            f"It was {record.artifact.sha256[:12]}… and is {artifact.sha256[:12]}…: start a new run.",
        )
    image = case.planned.image
    return replace(
        record,
        precision=artifact.precision,
        region=case.region,
        input=image.path.name if image else f"random, seed {case.planned.seed}",
        artifact=ArtifactRecord(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            format=artifact.format,
            source=artifact.source,
            weights=artifact.weights,
            precision=artifact.precision,
            inputs=artifact.inputs,
            outputs=artifact.outputs,
            quantization=artifact.quantization,
            facts=artifact.facts,
        ),
    )
