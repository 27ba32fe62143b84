"""The terminal: the compact report, or every table there is. Colours only where they are wanted (`NO_COLOR`)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from devbench.compare.overview import Overview
from devbench.report.compact import compact_lines
from devbench.report.table import Table, TableCell

_STYLES = {
    "clean": "green",
    "suspect": "yellow",
    "contaminated": "red",
    "failed": "red",
    "faster": "green",
    "slower": "magenta",
    "winner": "bold",
}


def print_compact(overview: Overview, console: Console, where: str = "", *, causes: bool = True) -> None:
    """Print the report that fits on a screen. where: of everything else. causes: why cases have no figure."""
    for line in compact_lines(overview, console.width, where, causes=causes):
        text = Text.assemble(*((span.text, span.style) for span in line))
        console.print(text, soft_wrap=True)


def print_tables(tables: Sequence[Table], console: Console) -> None:
    """Print all tables, each with its notes."""
    for table in tables:
        console.print(Text(table.title, style="bold"))
        console.print(_drawn(table))
        for note in table.notes:
            console.print(Text(f"• {note}"))
        console.print()


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=box.ROUNDED, show_lines=not table.grouped)
    for index, name in enumerate(table.header):
        left = index == 0 or table.grouped
        drawn.add_column(Text(name, overflow="fold"), justify="left" if left else "right", overflow="fold")
    rows = [*table.rows, *table.foot]
    for row, below in itertools.zip_longest(rows, rows[1:]):
        ends_group = table.grouped and below is not None and not below[0].repeated
        drawn.add_row(*(_text(cell) for cell in row), end_section=ends_group)
    return drawn


def _text(cell: TableCell) -> Text:
    if cell.repeated:
        return Text("")
    lines = [Text(line.text, style=_STYLES.get(line.kind, "")) for line in cell.lines]
    return Text("\n").join(lines)
