"""Places: concrete devices that can measure, and those that cannot, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """How a place on another machine is reached, and where files are kept there.

    host: what the `ssh` command is given: user@address, or a Host of the ssh configuration.
    config: the ssh configuration to use instead of the user's own.
    cache: the folder there for models and the worker; cache_mib: how large it may become.
    """

    host: str
    config: Path | None = None
    cache: str = "~/.cache/devbench"
    cache_mib: int = 512


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What all places of a kind have in common, for other plugins to go by: they do not know the kind.

    processor: what computes there: "cpu", "gpu", or a word of its own such as "tpu".
    power_meters: what can tell the power that the place draws, best first: `rapl`, `ina3221` or `tegrastats`. Empty
        where nothing can: a stick on USB is not on any rail of the machine.
    """

    processor: str = "cpu"
    power_meters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """One concrete device: this machine, a board, a stick in one port.

    name: unique among the places of its kind; `local` for this machine.
    python: interpreter for the worker by runtime name; "" is the one for every other runtime.
    ssh: how to reach its machine; None for this one.
    settle: the state it is to be measured in: settings, made before and undone after, as its device names them.
    options: what an engine must be told to use this place and no other, such as a device string.
    facts: what is known of it before anything has run there.
    traits: those of its device; devbench fills them in.
    shares: names of what it shares with other places, such as a USB hub: they take turns.
    """

    name: str
    device: str
    python: Mapping[str, str] = field(default_factory=dict)
    ssh: Ssh | None = None
    settle: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    traits: Traits = field(default_factory=Traits)
    shares: tuple[str, ...] = ()

    def python_for(self, runtime: str) -> str | None:
        """The interpreter to start for `runtime`; None: the one devbench itself runs in, over ssh `python3`."""
        return self.python.get(runtime) or self.python.get("")

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.device} '{self.name}'"


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A device that cannot be used here: why, and what to do about it.

    place: the one that it is about; "" where the device is not here at all.
    """

    device: str
    reason: str
    hint: str = ""
    place: str = ""


def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine, to whoever asks."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
