"""What a plugin brings, as data: the attributes of its classes, and which of their methods it has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from devbench.domain.case import Option
from devbench.domain.extend import Device, Runtime
from devbench.domain.model import Model
from devbench.domain.place import Traits
from devbench.plugin.methods import DEVICE_METHODS, RUNTIME_METHODS, Method


@dataclass(frozen=True, kw_only=True)
class DeviceData:
    """The attributes of a `Device`. written: the methods that it has of its own; the others do nothing."""

    kind: str
    runtimes: tuple[str, ...] = ()
    place_options: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    traits: Traits = field(default_factory=Traits)
    settle_limit_s: float = 0
    written: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuntimeData:
    """The attributes of a `Runtime`. rules: names its `check`, which several may share; "" if it has none."""

    name: str
    formats: tuple[str, ...]
    engine: Path
    parts: tuple[Path, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    makes: Mapping[str, tuple[str, Mapping[str, Option]]] = field(default_factory=dict)
    takes_compiled: bool = False
    build_limit_s: float = 0
    prepare_limit_s: float = 0
    extra: str = ""
    install: str = ""
    written: tuple[str, ...] = ()
    rules: str = ""


@dataclass(kw_only=True)
class Brought:
    """All that one plugin brings. hooks: those that it implements; wraps: whether it wraps each round.

    devices, runtimes, models: DeviceData, RuntimeData and Model; not yet looked into where they come from another
    process.
    """

    devices: list[Any] = field(default_factory=list)
    runtimes: list[Any] = field(default_factory=list)
    models: list[Any] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    wraps: bool = False
    problems: list[str] = field(default_factory=list)


SHELVES: dict[str, tuple[str, type]] = {
    "devbench_devices": ("devices", DeviceData),
    "devbench_runtimes": ("runtimes", RuntimeData),
    "devbench_models": ("models", Model),
}


def device_data(item: type[Device]) -> DeviceData:
    """The attributes of a device's class."""
    return DeviceData(written=_written(item, Device, DEVICE_METHODS), **_attributes(item, DeviceData, Device))


def runtime_data(item: type[Runtime]) -> RuntimeData:
    """The attributes of a runtime's class."""
    written = _written(item, Runtime, RUNTIME_METHODS)
    rules = f"{item.check.__module__}.{item.check.__qualname__}" if "check" in written else ""
    return RuntimeData(written=written, rules=rules, **_attributes(item, RuntimeData, Runtime))


def _attributes(item: type, data: type, base: type) -> dict[str, Any]:
    names = {one.name for one in fields(data)} & (set(vars(base)) | set(base.__annotations__))
    return {name: getattr(item, name) for name in names}


def _written(item: type, base: type, methods: tuple[Method, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in methods if getattr(item, one.name) is not getattr(base, one.name))
