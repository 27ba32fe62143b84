"""Places: concrete devices that can measure, and those that cannot, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Place:
    """One concrete device: this machine, a board, a stick in one port.

    name: unique among the places of its kind; `local` for this machine.
    python: interpreter for the worker by runtime name; "" is the one for every other runtime.
    options: what an engine must be told to use this place and no other, such as a device string.
    facts: what is known of it before anything has run there.
    """

    name: str
    device: str
    python: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def python_for(self, runtime: str) -> str | None:
        """The interpreter to start for `runtime`; None means the one devbench itself runs in."""
        return self.python.get(runtime) or self.python.get("")


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A device that cannot be used here: why, and what to do about it."""

    device: str
    reason: str
    hint: str = ""
