"""Checks that a plugin writer's own tests can call: they go through the real worker, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from devbench.domain.case import Case, Option, PlannedCase
from devbench.domain.extend import Device, Runtime
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Round
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.hookspecs import hookimpl
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.plugin.local import LocalPlugin
from devbench.plugin.methods import DISCOVER
from devbench.plugin.plugin import Owner, Plugin
from devbench.plugin.registry import Registry
from devbench.plugin.schema import decoded_answer
from devbench.plugin.wire import encoded
from devbench.run.round import RoundRunner


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
    plugin, registry = _loaded(_Bringing(runtimes=[runtime]))
    if runtime.name not in registry.runtimes:
        raise TypeError("; ".join(plugin.brought.problems))
    prepared = registry.runtimes[runtime.name].prepare(found, where, planned.all_options)
    runner = RoundRunner(registry, archives, on_phase=lambda _: None)
    return runner.devbench_run_round(Case(planned=planned, artifact=prepared), where)


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
    return plugin.brought.problems


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


def _loaded(source: _Bringing) -> tuple[Plugin, Registry]:
    plugin = LocalPlugin(Owner(plugin="under test", distribution="this one"), source, looked_into=False)
    plugin.load()
    registry = Registry()
    registry.add_all(plugin)
    return plugin, registry
