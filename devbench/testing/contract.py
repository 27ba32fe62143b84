"""Checks that a plugin writer's own tests can call: they go through the real worker, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from devbench.domain.case import Case, Option, PlannedCase
from devbench.domain.extend import Device, Runtime
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Round
from devbench.domain.place import Absent, Place
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.plugin.registry import Registry
from devbench.run.round import WorkerRounds


def measure_once(
    runtime: type[Runtime],
    artifact: Path,
    archives: Path,
    *,
    place: Place | None = None,
    options: Mapping[str, Option] | None = None,
    measure: Measure = PROFILES["quick"],
) -> Round:
    """One round of the file `artifact` with `runtime`, exactly as `devbench run` would measure it.

    archives: a folder for the worker's zipapp. Errors are those of a run: `RoundError` with phase and log.
    """
    where = place or Place(name="local", device="any")
    variant = Variant(precision="", format=artifact.suffix.lstrip("."), source=str(artifact))
    planned = PlannedCase(
        id="contract",
        model=artifact.stem,
        variant=variant,
        device=where.device,
        place=where.name,
        runtime=runtime.name,
        options={**runtime.options, **(options or {})},
        measure=measure,
        seed=0,
    )
    found = prepare_artifact(artifact.stem, variant, ModelCache(archives), lambda source, _: Path(source))
    prepared = runtime().prepare(found, where, planned.all_options)
    registry = Registry(runtimes={runtime.name: runtime})
    rounds = WorkerRounds(registry, archives, on_phase=lambda _: None)
    return rounds.devbench_run_round(Case(planned=planned, artifact=prepared), where)


def check_device(device: type[Device]) -> list[str]:
    """What `device` does that devbench does not expect; empty if it keeps the contract."""
    problems = []
    found = list(device().discover())
    names = [one.name for one in found if isinstance(one, Place)]
    if not found:
        problems.append("discover() gave nothing: give a Place, or an Absent with the reason")
    for one in found:
        if not isinstance(one, Place | Absent):
            problems.append(f"discover() gave a {type(one).__name__}, which is no Place and no Absent")
        elif one.device != device.kind:
            problems.append(f"discover() gave a place of '{one.device}', not of '{device.kind}'")
    if len(set(names)) != len(names):
        problems.append("two places have one name")
    return problems
