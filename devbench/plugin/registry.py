"""What the plugins brought: devices, runtimes and models by name, each with its owner."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from devbench.domain.model import Model
from devbench.plugin.brought import (
    SHELVES,
    ConverterData,
    DeviceData,
    RuntimeData,
    converter_problem,
    device_problem,
    runtime_problem,
)
from devbench.plugin.calls import KnownConverter, KnownDevice, KnownRuntime
from devbench.plugin.methods import RUN_ROUND
from devbench.plugin.plugin import Owner, Plugin
from devbench.printable import shortened

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """One plugin as `devbench plugins` lists it.

    brings: devices, runtimes and models, by name. hooks: the others that it implements.
    problems: what is broken in it. notes: what may be meant otherwise.
    """

    name: str
    distribution: str
    brings: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


@dataclass
class Registry:
    """Names to devices, runtimes, models, converters. Of two plugins with one name, the one added later loses."""

    devices: dict[str, KnownDevice] = field(default_factory=dict)
    runtimes: dict[str, KnownRuntime] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    converters: dict[str, KnownConverter] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)

    def drivers(self, kind: str) -> tuple[str, ...]:
        """Names of the runtimes that drive devices of this kind, best first; some may be installed with no plugin.

        Those that the device names come first: what a suite means that names no runtime does not change with what else
        is installed.
        """
        joining = (name for name, runtime in self.runtimes.items() if kind in runtime.devices)
        return tuple(dict.fromkeys((*self.devices[kind].runtimes, *joining)))

    @property
    def precisions(self) -> list[str]:
        """What a suite may ask for: the precisions of the catalogue's models, and those that runtimes make of them."""
        variants = [one.precision for model in self.models.values() for one in model.variants]
        made = [name for runtime in self.runtimes.values() for name in runtime.makes]
        return sorted({*variants, *made} - {""})

    def add_all(self, plugin: Plugin) -> PluginInfo:
        """Add what `plugin`, which is loaded, brings: what was taken of it, and what is wrong with the rest."""
        taken: list[str] = []
        problems = list(plugin.brought.problems)
        for hook, (shelf, _) in SHELVES.items():
            for item in getattr(plugin.brought, shelf):
                try:
                    taken.append(self._add(item, plugin))
                except (TypeError, ValueError, AttributeError, OSError) as error:
                    problems.append(f"{hook}(): {error}")
        owner = plugin.owner
        return PluginInfo(
            name=owner.plugin,
            distribution=owner.distribution,
            brings=tuple(taken),
            problems=tuple(problems),
            notes=tuple(plugin.brought.notes),
            hooks=(*plugin.brought.hooks, *([RUN_ROUND.name] if plugin.brought.wraps else [])),
        )

    def _add(self, item: Any, plugin: Plugin) -> str:
        add: dict[type, Callable[[Any, Plugin], str]] = {
            DeviceData: self._add_device,
            RuntimeData: self._add_runtime,
            Model: self._add_model,
            ConverterData: self._add_converter,
        }
        return add[type(item)](item, plugin)

    def _add_device(self, item: DeviceData, plugin: Plugin) -> str:
        _check_limit(item.settle_limit_s)
        if problem := device_problem(item):
            raise ValueError(f"device '{shortened(item.kind)}': {problem}")
        what = self._claimed("device", item.kind, plugin)
        self.devices[item.kind] = KnownDevice(plugin=plugin, **vars(item))
        return what

    def _add_runtime(self, item: RuntimeData, plugin: Plugin) -> str:
        what = f"runtime '{shortened(item.name)}'"
        for file in (item.engine.path, *item.engine.parts):
            if not file.is_file():
                raise ValueError(f"{what}: its file {file} is not there")
        _check_limit(item.prepare_limit_s)
        _check_limit(item.engine.build_limit_s)
        if problem := runtime_problem(item):
            raise ValueError(f"{what}: {problem}")
        what = self._claimed("runtime", item.name, plugin)
        self.runtimes[item.name] = KnownRuntime(plugin=plugin, **vars(item))
        return what

    def _add_model(self, item: Model, plugin: Plugin) -> str:
        for variant in item.variants:
            for one in filter(None, (variant, variant.compiled)):
                if not _is_source(one.source):
                    raise ValueError(f"model '{item.name}': not a source: {shortened(repr(one.source))}")
        what = self._claimed("model", item.name, plugin)
        self.models[item.name] = item
        return what

    def _add_converter(self, item: ConverterData, plugin: Plugin) -> str:
        what = f"converter '{shortened(item.name)}'"
        for file in (item.program, *item.parts):
            if not file.is_file():
                raise ValueError(f"{what}: its program {file} is not there")
        _check_limit(item.limit_s)
        if problem := converter_problem(item):
            raise ValueError(f"{what}: {problem}")
        what = self._claimed("converter", item.name, plugin)
        self.converters[item.name] = KnownConverter(plugin=plugin, **vars(item))
        return what

    def _claimed(self, word: str, name: str, plugin: Plugin) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{word} {shortened(repr(name))}: a name is letters, digits, '.', '_', '+' and '-'")
        if other := self.owners.get(f"{word} {name}"):
            raise ValueError(f"{word} '{name}' is already brought by {other}")
        self.owners[f"{word} {name}"] = plugin.owner
        return f"{word} {name}"


def _is_source(text: str) -> bool:
    try:
        return bool(urlsplit(text)) and text.isprintable() and text != ""
    except ValueError:
        return False


def _check_limit(seconds: float) -> None:
    if not 0 <= seconds <= _DAY_S:
        raise ValueError(f"a time limit of {seconds:g} s is none")
