"""A plugin with a fake device, to be named as an entry point by tests; no installed distribution does so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from devbench.domain.case import Option
from devbench.domain.extend import Device, Runtime
from devbench.domain.place import Absent, Place
from devbench.hookspecs import hookimpl


class FakeDevice(Device):
    """A device that is always there."""

    kind: ClassVar[str] = "fake"
    runtimes: ClassVar[tuple[str, ...]] = ("fake",)

    def discover(self) -> Iterable[Place | Absent]:
        """The one place."""
        return [Place(name="local", device=self.kind)]


class FakeRuntime(Runtime):
    """Loads `.fake` files: see `fake_engine.py` for what stands in them."""

    name: ClassVar[str] = "fake"
    formats: ClassVar[tuple[str, ...]] = ("fake",)
    engine: ClassVar[Path] = Path(__file__).with_name("fake_engine.py")
    options: ClassVar[Mapping[str, Option]] = {"slowdown": 1}


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """The fake device."""
    return [FakeDevice]


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """The fake runtime."""
    return [FakeRuntime]
