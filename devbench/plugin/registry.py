"""What the plugins brought: devices, runtimes and models by name, each with its owner."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from devbench.domain.extend import Device, Runtime
from devbench.domain.model import Model


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """One plugin as `devbench plugins` lists it. problems: what is broken in it; empty for a sound one."""

    name: str
    distribution: str
    brings: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass
class Registry:
    """Names to classes and models. Adding a name that somebody else has is a `ValueError` naming both."""

    devices: dict[str, type[Device]] = field(default_factory=dict)
    runtimes: dict[str, type[Runtime]] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def add_all(self, hook: str, found: object, owner: str) -> tuple[list[str], list[str]]:
        """Add what `owner` returned for the registration `hook`: what was taken, and what was wrong with the rest."""
        word, check, shelf = self._shelf(hook)
        taken: list[str] = []
        problems: list[str] = []
        if not isinstance(found, Iterable) or isinstance(found, str):
            return taken, [f"{hook}() must return a list, not {type(found).__name__}"]
        for item in found:
            try:
                name = check(item)
                self._claim(f"{word} '{name}'", owner)
            except (TypeError, ValueError) as error:
                problems.append(f"{hook}(): {error}")
                continue
            shelf[name] = item
            taken.append(f"{word} {name}")
        return taken, problems

    def _shelf(self, hook: str) -> tuple[str, Callable[[Any], str], dict[str, Any]]:
        shelves: dict[str, tuple[str, Callable[[Any], str], dict[str, Any]]] = {
            "devbench_devices": ("device", _device_name, self.devices),
            "devbench_runtimes": ("runtime", _runtime_name, self.runtimes),
            "devbench_models": ("model", _model_name, self.models),
        }
        return shelves[hook]

    def _claim(self, what: str, owner: str) -> None:
        other = self.owners.setdefault(what, owner)
        if other != owner:
            raise ValueError(f"{what} is already brought by plugin '{other}'")


def _device_name(item: object) -> str:
    return _class_name(item, Device, ("kind",))


def _runtime_name(item: object) -> str:
    return _class_name(item, Runtime, ("name", "formats", "engine"))


def _class_name(item: object, base: type, attributes: tuple[str, ...]) -> str:
    if not (inspect.isclass(item) and issubclass(item, base)):
        raise TypeError(f"{item!r} is not a subclass of devbench.{base.__name__}")
    missing = [name for name in attributes if not hasattr(item, name)]
    if missing:
        raise TypeError(f"{item.__name__} lacks {', '.join(missing)}")
    if inspect.isabstract(item):
        undefined = sorted(getattr(item, "__abstractmethods__", ()))
        raise TypeError(f"{item.__name__} does not define {', '.join(undefined)}")
    return str(getattr(item, attributes[0]))


def _model_name(item: object) -> str:
    if not isinstance(item, Model):
        raise TypeError(f"{item!r} is not a devbench.Model")
    return item.name
