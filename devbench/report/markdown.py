"""Tables as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from devbench.report.table import Table, TableCell

_ESCAPES = str.maketrans({"\\": "\\\\", "&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|"})
_LINK = re.compile(r"\](?=[(:\[])")  # [text](address), [text][name], and [name]: address elsewhere


def markdown(tables: Sequence[Table], sentences: Sequence[str] = ()) -> str:
    """The answer, then all tables, one below the other, each with its notes."""
    answer = "".join(f"{_safe(text)}\n\n" for text in sentences)
    return answer + "\n".join(_table(table) for table in tables)


def _table(table: Table) -> str:
    lines = [f"**{_safe(table.title)}**", "", _row([(name,) for name in table.header])]
    lines.append("|" + "---|" * len(table.header))
    lines += [_row([_lines(cell) for cell in row]) for row in (*table.rows, *table.foot)]
    lines += ["", *(f"- {_safe(note)}" for note in table.notes), ""]
    return "\n".join(lines)


def _lines(cell: TableCell) -> tuple[str, ...]:
    return ("",) if cell.repeated else tuple(line.text for line in cell.lines)


def _row(cells: Sequence[tuple[str, ...]]) -> str:
    return "| " + " | ".join("<br>".join(_safe(line) for line in lines) for lines in cells) + " |"


def _safe(text: str) -> str:
    """Names come from files: none of them may end a cell, open a tag, or be a link or an image."""
    return _LINK.sub(r"]\\", text.translate(_ESCAPES))
