"""The two small classes a plugin writes for the host; their device-side counterpart is the engine file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from devbench.domain.case import Option
from devbench.domain.model import Artifact
from devbench.domain.place import Absent, Place


class Device(ABC):
    """A kind of machine that runs models.

    kind: its name in suites, such as `coral-usb`.
    runtimes: names of the runtimes that can drive it, best first.
    """

    kind: ClassVar[str]
    runtimes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def discover(self) -> Iterable[Place | Absent]:
        """The places of this kind on this machine, or the reason why there are none. Takes milliseconds."""

    def settle(self, place: Place) -> None:  # noqa: B027 - most devices have nothing to wait for
        """Wait until the place is fit to measure (cool enough, say). Called before each round."""

    def recover(self, place: Place) -> bool:  # noqa: ARG002 - for devices that can
        """Bring a place back after a failed round, by a power cycle for instance; True if it may work again."""
        return False


class Runtime(ABC):
    """What executes a model on a device.

    name: its name in suites and results, such as `litert`.
    formats: the artifact formats it loads, best first.
    engine: the file that drives it on the device: Python 3.6, standard library and numpy only; it travels
        with the worker. See docs/plugins.md for the class `Engine` that it holds.
    options: every option a suite may set, with its default.
    install: what to do where it is missing, in a few words that can follow "To have it: ".
    """

    name: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    engine: ClassVar[Path]
    options: ClassVar[Mapping[str, Option]] = {}
    install: ClassVar[str] = ""

    def prepare(self, artifact: Artifact, place: Place) -> Artifact:  # noqa: ARG002 - most need nothing
        """The artifact in the form that this runtime loads at `place`; as it is, unless it must be compiled."""
        return artifact
