"""A change to a machine that somebody has asked for, with the way back: what a device gives the core to carry out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _taken(_said: str) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Programs to run, one after the other, and the one that undoes them.

    Where the place is behind ssh, each of them is a `command_there`.
    text: what is changed, from what to what. answer: what the programs are told on stdin.
    undo: does no harm where nothing was changed yet; it may be run by another process, after a crash.
    lasting: whether the change outlives a boot of this machine.
    refused: why it was not taken, from all that the programs have said; an exit status other than
        0 is a refusal as well.
    """

    text: str
    apply: tuple[tuple[str, ...], ...]
    undo: tuple[str, ...]
    answer: str = ""
    lasting: bool = False
    refused: Callable[[str], str] = _taken
