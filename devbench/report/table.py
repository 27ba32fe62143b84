"""A table of text, whatever it will be drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.printable import one_line


@dataclass(frozen=True, kw_only=True)
class CellLine:
    """One line of a cell. kind: the verdict, status or result that it tells of; "" for any other line."""

    text: str
    kind: str = ""

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal, or the next line: names and answers come from boards and files."""
        object.__setattr__(self, "text", one_line(self.text))


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """A cell. sort, unit: what it is sorted by; None where it holds no number. repeated: its text is that of above."""

    lines: tuple[CellLine, ...] = ()
    sort: float | None = None
    unit: str = ""
    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns.

    Whatever makes a table of what boards and files say, it holds only what can be shown.

    foot: rows that stay at the end however the table is sorted. notes: below the table, one line each.
    grouped: rows whose first cell is repeated belong to the row above.
    of_other_work: it holds figures that nothing here is compared with. source: the one file of several that it is of.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    foot: tuple[tuple[TableCell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    grouped: bool = False
    of_other_work: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal."""
        fit = {
            "title": one_line(self.title),
            "header": tuple(map(one_line, self.header)),
            "notes": tuple(map(one_line, self.notes)),
        }
        for name, value in fit.items():
            object.__setattr__(self, name, value)


def text_cell(*lines: str) -> TableCell:
    """A cell of plain text."""
    return TableCell(lines=tuple(CellLine(text=text) for text in lines if text))
