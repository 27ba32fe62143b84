"""What a run works with, made from its context: what looks at sources, finds and makes artifacts, and asks pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from devbench.domain.case import Case, PlannedCase
from devbench.domain.model import Variant
from devbench.domain.place import Place
from devbench.pipeline.maker import Maker
from devbench.run.accuracy import Evaluator
from devbench.run.context import RunContext
from devbench.run.plan import Plan
from devbench.run.prepare import Preparer
from devbench.run.quality import SOURCE_PRECISION
from devbench.run.sources import for_formats


def maker_of(context: RunContext) -> Maker:
    """What looks at sources, and makes of them what runtimes load."""
    return Maker(
        cache=context.cache,
        fetch=context.plugins.fetch_model,
        converters=context.plugins.registry.converters,
        tell=context.progress.detail,
    )


def evaluator_of(context: RunContext, run_folder: Path, plan: Plan) -> Evaluator:
    """What asks the cases of a run their pictures."""
    preparer = preparer_of(context, run_folder)

    def source_case(planned: PlannedCase) -> tuple[Case, Place] | None:
        """The network in float32, with the first runtime of a CPU of this machine that loads it."""
        if planned.source is None:
            return None
        for place, name, variant in _here_on_a_cpu(planned.source, context):
            runtime = context.plugins.registry.runtimes[name]
            wanted = replace(
                planned,
                id=f"{planned.model}:{SOURCE_PRECISION}@{place.device}:{place.name}:{name}",
                variant=variant,
                device=place.device,
                place=place.name,
                runtime=name,
                options=runtime.options,
                implied={},
                precision=SOURCE_PRECISION,
                image=None,
            )
            case = preparer.prepare(wanted, place)
            return (case, place) if isinstance(case, Case) else None
        return None

    return Evaluator(
        cache=context.cache,
        fetch=context.plugins.fetch_model,
        converse=context.converse,
        source_case=source_case,
        tell=context.progress.detail,
        evaluations={case.id: case.evaluation for case in plan.cases if case.evaluation},
    )


def _here_on_a_cpu(variant: Variant, context: RunContext) -> Iterator[tuple[Place, str, Variant]]:
    """Places of this machine where its CPU computes, with a runtime that works there, and the variant made for it."""
    registry, maker = context.plugins.registry, maker_of(context)
    for kind, device in registry.devices.items():
        if device.traits.processor != "cpu":
            continue
        names = [name for name in registry.drivers(kind) if name in registry.runtimes]
        fitting = {name: for_formats(variant, registry.runtimes[name].formats, maker) for name in names}
        if not any(fitting.values()):
            continue
        for place in (one for one in device.discover() if isinstance(one, Place)):
            for name, found in fitting.items():
                if found and not context.probe(place, name):
                    yield place, name, found


def preparer_of(context: RunContext, run_folder: Path) -> Preparer:
    """What finds or makes the artifacts of a run in the folder `run_folder`."""
    return Preparer(
        cache=context.cache,
        fetch=context.plugins.fetch_model,
        registry=context.plugins.registry,
        maker=maker_of(context),
        run_folder=run_folder,
        tell=context.progress.preparing,
        look=context.look,
    )
