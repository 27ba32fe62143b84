"""Lines for a terminal: broken between words, names never cut, each piece with a style."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from devbench.printable import one_line

_GAP = "   "
_NARROWEST = 24  # a last column of sentences
_UNDER = "          "  # a hint stands under the text that follows a mark


@dataclass(frozen=True, kw_only=True)
class Span:
    """A piece of a line with a style, as rich names them; "" for none."""

    text: str
    style: str = ""

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal: names and answers come from boards and files."""
        object.__setattr__(self, "text", one_line(self.text))


ScreenLine = tuple[Span, ...]


def plain(line: ScreenLine) -> str:
    """The line without its styles."""
    return "".join(span.text for span in line)


def wrapped(text: str, width: int, style: str = "", indent: str = "") -> list[ScreenLine]:
    """Broken between words only: a name is never cut. indent: of every line but the first."""
    lines = textwrap.wrap(
        one_line(text), max(width, 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [(Span(text=line, style=style),) for line in lines]


def marked(mark: str, text: str, hint: str, width: int, style: str = "") -> list[ScreenLine]:
    """`mark    text`, with the hint below. style: of the mark."""
    first, *rest = wrapped(f"{mark:<7} {text}", width, indent=_UNDER)
    head = plain(first)[len(mark) :]
    lines = [(Span(text=mark, style=style), Span(text=head)), *rest]
    return [*lines, *wrapped(f"{_UNDER}→ {hint}", width, indent=f"{_UNDER}  ")] if hint else lines


def aligned(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    right: Sequence[int] = (),
    styles: Mapping[str, str] = MappingProxyType({}),
) -> list[ScreenLine]:
    """Columns without a frame; where they do not fit, each row is a group of lines under its first cell.

    right: the columns that hold numbers. The last column may be broken between words. styles: of last cells, by text.
    """
    widths = [max(len(one_line(row[at])) for row in (header, *rows)) for at in range(len(header))]
    before_last = sum(widths[:-1]) + len(_GAP) * (len(header) - 1)
    room = width - before_last
    longest = max((len(word) for row in (header, *rows) for word in row[-1].split()), default=0)
    if room < max(longest, min(widths[-1], _NARROWEST)):
        return [line for row in rows for line in _group(header, row, width, styles)]
    lines: list[ScreenLine] = []
    for row in (header, *rows):
        cells = zip(map(one_line, row[:-1]), widths[:-1], strict=True)
        padded = [cell.rjust(size) if at in right else cell.ljust(size) for at, (cell, size) in enumerate(cells)]
        of_row = "bold" if row is header else ""
        style = of_row or styles.get(row[-1], "")
        head, *more = wrapped(row[-1], room, style) or [()]
        lines.append(_stripped(Span(text=_GAP.join([*padded, ""]), style=of_row), head))
        lines += [(Span(text=" " * before_last), *line) for line in more]
    return lines


def _stripped(before: Span, rest: ScreenLine) -> ScreenLine:
    return (before, *rest) if rest else (Span(text=before.text.rstrip(), style=before.style),)


def _group(header: Sequence[str], row: Sequence[str], width: int, styles: Mapping[str, str]) -> list[ScreenLine]:
    """The first cell, and the others below it; those that are not told by what they say are named."""
    lines: list[ScreenLine] = [(Span(text=row[0], style="bold"),)]
    if row[-1] in styles:
        lines += wrapped(f"  {', '.join(row[1:-1])}", width, indent="  ")
        return [*lines, *wrapped(f"  {row[-1]}", width, styles[row[-1]], indent="  ")]
    text = ", ".join(f"{name} {cell}".strip() for name, cell in zip(header[1:], row[1:], strict=True) if cell)
    return [*lines, *wrapped(f"  {text}", width, indent="  ")] if text else lines
