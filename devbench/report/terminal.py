"""Tables for the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from devbench.report.tables import Table


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
        drawn.add_column(Text(name), justify="left" if index == 0 or table.grouped else "right")
    for row, below in itertools.zip_longest(table.rows, table.rows[1:]):
        ends_group = table.grouped and below is not None and below[0] != ("",)
        drawn.add_row(*(Text("\n".join(lines)) for lines in row), end_section=ends_group)
    return drawn
