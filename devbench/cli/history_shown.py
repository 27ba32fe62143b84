"""What `devbench history` prints of the cases that were asked for: a table, a file, or why there was an alarm."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.cli.output import write_output
from devbench.cli.screen import screen_width, show
from devbench.errors import DevbenchError

if TYPE_CHECKING:
    from devbench.domain.history import Series
    from devbench.domain.night import SeriesKey
    from devbench.history.store import History
    from devbench.report.screen import ScreenLine

_MOST_EXPLAINED = 20


def show_series(history: History, series: tuple[Series, ...], night: str, style: str, out: Path | None) -> None:
    """Print these series until a night, or write them to `out`. style: table, csv, json or html."""
    if style == "table":
        from devbench.report.history.table import table_lines

        _show_lines(table_lines(series, history.notes, screen_width()), out)
        return
    _show_text(_rendered(history, series, night, style), out)
    for note in history.notes if style == "csv" else ():
        print(f"note: {note}", file=sys.stderr)


def _rendered(history: History, series: tuple[Series, ...], night: str, style: str) -> str:
    from devbench.report.history.table import series_csv, series_data

    if style == "csv":
        return series_csv(series)
    if style == "json":
        return _as_json(series_data(series, history.changes(until=night), history.notes))
    from devbench.report.night.page import history_page

    return history_page(f"History until {night}", series, history.notes)


def explain_cases(
    history: History, wants: Callable[[SeriesKey], bool], night: str, style: str, out: Path | None
) -> None:
    """Print why there was an alarm about the cases that are meant, or why none. style: json, else sentences."""
    from dataclasses import asdict

    from devbench.history.explain import explain
    from devbench.report.history.explained import explanation_lines

    found = explain(history, night, wants)
    if not found:
        raise DevbenchError(f"{history.path}: has no such case", "`devbench history` lists every case.")
    if len(found) > _MOST_EXPLAINED:
        raise DevbenchError(
            f"{len(found)} cases on places match",
            "Name one more closely, or one place with --place: `devbench history`.",
        )
    if style == "json":
        _show_text(_as_json([asdict(one) for one in found]), out)
        return
    notes = [f"note: {one}" for one in history.notes]
    texts = [text for one in found for text in (*explanation_lines(one), "")]
    _show_sentences([*texts[:-1], *notes], out)


def _show_sentences(texts: Sequence[str], out: Path | None) -> None:
    """Broken between words where a terminal is narrower; what is indented stays so."""
    from devbench.report.screen import Span, wrapped

    width = screen_width()
    lines: list[ScreenLine] = []
    for text in texts:
        before = (Span(text="  "),) if text.startswith(" ") else ()
        lines += [(*before, *line) for line in wrapped(text.strip(), width - 2, indent="  ")] or [()]
    _show_lines(lines, out)


def _show_lines(lines: Sequence[ScreenLine], out: Path | None) -> None:
    from devbench.report.screen import plain

    if out:
        write_output(out, "".join(f"{plain(line)}\n" for line in lines))
    else:
        show(lines)


def _show_text(text: str, out: Path | None) -> None:
    if out:
        write_output(out, text)
    else:
        print(text, end="")


def _as_json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
