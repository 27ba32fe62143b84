"""How wide a plot is, and names in it: wrapped, never cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.printable import one_line

_PARTS = re.compile(r"[^_/@:.+-]*[_/@:.+-]+|[^_/@:.+-]+")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """width: inches. label, text: characters at the left and at the right of the axes, after which a line is broken."""

    width: float
    label: int
    text: int


WIDE = Layout(width=6.8, label=30, text=36)
NARROW = Layout(width=3.6, label=15, text=16)  # for the screen of a phone


def wrapped(name: str, width: int) -> str:
    """A name in lines of at most `width` characters: broken at blanks, a longer word at its punctuation; never cut.

    >>> wrapped("Dev Board with Edge TPU", 15)
    'Dev Board with\\nEdge TPU'
    """
    lines = [""]
    for word in one_line(name).split():
        pieces = [word] if len(word) <= width else _pieces(word, width)
        for number, piece in enumerate(pieces):
            blank = " " if lines[-1] and not number else ""
            if lines[-1] and len(lines[-1] + blank + piece) > width:
                lines.append(piece)
            else:
                lines[-1] += blank + piece
    return "\n".join(lines)


def _pieces(word: str, width: int) -> list[str]:
    return [part[at : at + width] for part in _PARTS.findall(word) for at in range(0, len(part), width)]
