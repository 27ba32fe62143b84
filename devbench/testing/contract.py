"""Checks that a plugin writer's own tests can call: they go through the real worker, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from devbench.domain.case import Case, Option, PlannedCase
from devbench.domain.extend import Device, Runtime
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.model import Artifact, Variant
from devbench.domain.outcome import Round
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.hookspecs import hookimpl
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.local import LocalPlugin
from devbench.plugin.methods import DISCOVER
from devbench.plugin.plugin import Owner
from devbench.plugin.registry import Registry
from devbench.plugin.schema import decoded_answer
from devbench.plugin.wire import encoded
from devbench.run.round import RoundRunner
from devbench.suites.names import nearest


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

    archives: a folder for the worker's zipapp. place: where; this machine's CPU by default. options: those that differ
    from the runtime's defaults. measure: how long; by default as the profile `quick`. Errors are those of a run:
    `RoundError` with phase and log. A runtime whose registration is refused is a `TypeError`, an option that no suite
    could set so a `ValueError`.
    """
    where = place or Place(name="local", device="any")
    known, registry, problems = registered(runtime)
    if known is None:
        raise TypeError("; ".join(problems))
    chosen = chosen_options(known, options or {})
    prepared = known.prepare(artifact_of(artifact, archives), where, chosen)
    return measure_prepared(registry, known.name, prepared, archives, where, chosen, measure)


def check_device(device: type[Device]) -> list[str]:
    """What `device` does that devbench does not expect; empty if it keeps the contract."""
    plugin, registry = _loaded(_Bringing(devices=[device]))
    try:
        for known in registry.devices.values():
            found = known.places()
            decoded_answer(DISCOVER, encoded(found), lambda *_: "")
            if not found:
                return ["discover() gave nothing: give a Place, or an Absent with the reason"]
    except (DevbenchError, TypeError, ValueError) as error:
        return [str(error)]
    return plugin.brought.problems + plugin.refused


def registered(runtime: type[Runtime]) -> tuple[KnownRuntime | None, Registry, list[str]]:
    """The runtime as devbench knows it, or None with the reasons."""
    plugin, registry = _loaded(_Bringing(runtimes=[runtime]))
    known = next(iter(registry.runtimes.values()), None)
    return known, registry, [*plugin.brought.problems, *plugin.refused]


def chosen_options(runtime: KnownRuntime, given: Mapping[str, Option]) -> dict[str, Option]:
    """The runtime's options with those that are given; a ValueError for what no suite could set."""
    for name, value in given.items():
        if name not in runtime.options:
            raise ValueError(f"{runtime.name} has no option '{name}'{nearest(name, list(runtime.options))}")
        if why := runtime.wrong_option(name, value):
            raise ValueError(f"{runtime.name}: {why}")
    return {**runtime.options, **given}


def artifact_of(path: Path, folder: Path) -> Artifact:
    """The model file at `path`, as a suite with `source: PATH` would have it."""
    variant = Variant(precision="", format=path.suffix.lstrip("."), source=str(path))
    return prepare_artifact(path.stem, variant, ModelCache(folder), lambda source, _: Path(source))


def measure_prepared(
    registry: Registry,
    runtime: str,
    artifact: Artifact,
    archives: Path,
    place: Place,
    options: Mapping[str, Option],
    measure: Measure,
) -> Round:
    """One round of what `Runtime.prepare` gave."""
    variant = Variant(precision="", format=artifact.format, source=artifact.source)
    planned = PlannedCase(
        id="contract",
        model=artifact.path.stem,
        variant=variant,
        device=place.device,
        place=place.name,
        runtime=runtime,
        options=options,
        measure=measure,
        seed=0,
    )
    rounds = RoundRunner(registry, archives, on_phase=lambda _: None)
    return rounds.devbench_run_round(Case(planned=planned, artifact=artifact), place)


class _Bringing:
    """A plugin that brings these classes."""

    def __init__(self, devices: Sequence[type[Device]] = (), runtimes: Sequence[type[Runtime]] = ()) -> None:
        self._devices = devices
        self._runtimes = runtimes

    @hookimpl
    def devbench_devices(self) -> Sequence[type[Device]]:
        return self._devices

    @hookimpl
    def devbench_runtimes(self) -> Sequence[type[Runtime]]:
        return self._runtimes


class _UnderTest(LocalPlugin):
    """refused: what the registry did not take of it."""

    refused: list[str]


def _loaded(source: _Bringing) -> tuple[_UnderTest, Registry]:
    plugin = _UnderTest(Owner(plugin="under test", distribution="this one"), source, looked_into=False)
    plugin.load()
    registry = Registry()
    info = registry.add_all(plugin)
    plugin.refused = [one for one in info.problems if one not in plugin.brought.problems]
    return plugin, registry
