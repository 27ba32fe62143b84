"""Tables of text as cells that a page can mark and sort."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from devbench.report.tables import Table

_MARKED = re.compile(r"(clean|suspect|contaminated|failed|skipped|pending|published)\b")
_NUMBER = re.compile(r"\s*(-?\d[\d,]*(?:\.\d+)?)\s*(×|[^\s\d±\[]+)?")
_ENDS = re.compile(r"\[(\d+(?:\.\d+)?), (\d+(?:\.\d+)?)\]$")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a cell. kind: the verdict or status that it tells of, "" for any other line."""

    text: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class PageCell:
    """A cell. key, unit: what it is sorted by, None where it holds no number. repeated: its text is from above."""

    lines: tuple[Line, ...]
    key: float | None = None
    unit: str = ""
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table for the page. foot: rows that stay at its end however it is sorted."""

    title: str
    header: tuple[str, ...]
    body: tuple[tuple[PageCell, ...], ...]
    foot: tuple[tuple[PageCell, ...], ...]
    notes: tuple[str, ...]


def page_table(table: Table, told: frozenset[str] = frozenset()) -> PageTable:
    """The table with sort keys. told: notes that the page tells elsewhere."""
    body: list[tuple[PageCell, ...]] = []
    foot: list[tuple[PageCell, ...]] = []
    name: tuple[str, ...] = ("",)
    for row in table.rows:
        repeated = row[0] == ("",)
        name = name if repeated else row[0]
        cells = (_name(name, repeated=repeated), *(_cell(lines) for lines in row[1:]))
        (foot if name[0].startswith("geometric mean") else body).append(cells)
    return PageTable(
        title=table.title,
        header=table.header,
        body=tuple(body),
        foot=tuple(foot),
        notes=tuple(note for note in table.notes if note not in told),
    )


def sort_key(text: str) -> tuple[float | None, str]:
    """The number that a line begins with and its unit; of an interval without a number its geometric middle.

    >>> sort_key("16.20 ms ± 6.0 %"), sort_key("failed")
    ((16.2, 'ms'), (None, ''))
    """
    if found := _NUMBER.match(text):
        return float(found[1].replace(",", "")), found[2] or ""
    if found := _ENDS.search(text):
        return math.sqrt(float(found[1]) * float(found[2])), "×"
    return None, ""


def _name(lines: tuple[str, ...], *, repeated: bool) -> PageCell:
    return PageCell(lines=tuple(Line(text=text) for text in lines), repeated=repeated)


def _cell(lines: tuple[str, ...]) -> PageCell:
    key, unit = sort_key(lines[0])
    return PageCell(lines=tuple(Line(text=text, kind=_kind(text)) for text in lines), key=key, unit=unit)


def _kind(text: str) -> str:
    found = _MARKED.match(text)
    return found[1] if found else ""
