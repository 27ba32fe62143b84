"""A change to a machine that lab.yaml asks for, and how to undo it. A device gives it, and the core makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devbench.domain.place import Place


def _taken(_said: str) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Programs to run on the machine of a place, one after the other, and what it takes to undo them.

    setting: which of the device's `settings` it is. text: what is changed, from what to what.
    was: what `Device.undo` must be told to undo it, as text; it is kept in a file until then.
    answer: what the programs are told on stdin.
    lasting: whether the change outlives a boot of that machine.
    refused: why it was not taken, from all that the programs have said; an exit status other than
        0 is a refusal as well.
    """

    setting: str
    text: str
    apply: tuple[tuple[str, ...], ...]
    was: Mapping[str, str]
    answer: str = ""
    lasting: bool = False
    refused: Callable[[str], str] = _taken


@dataclass(frozen=True, kw_only=True)
class ChangeAt:
    """A change at its place. undo: the program that undoes it there."""

    place: Place
    change: Change
    undo: tuple[str, ...]

    @property
    def host(self) -> str:
        """The machine that ssh reaches the place on; "" for this one."""
        return self.place.ssh.host if self.place.ssh else ""

    @property
    def text(self) -> str:
        """What is changed, and where if that is not here."""
        return f"{self.host}: {self.change.text}" if self.host else self.change.text
