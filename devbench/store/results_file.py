"""results.csv as text and back. What comes in is checked cell by cell; nothing in it is ever a formula."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from devbench.domain.columns import COLUMNS, NAMES, SCHEMA, Column, names_in
from devbench.domain.figure import Figure
from devbench.errors import ResultsFileError
from devbench.files import read_regular
from devbench.printable import printable
from devbench.stats import Interval

_MOST_MISTAKES = 20
_FORMULA = ("=", "+", "-", "@")
_LARGEST_BYTES = 256 << 20


def write_results(rows: Iterable[Mapping[str, str]]) -> str:
    """`rows` as CSV with a header. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, NAMES, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(as_written(row))
    return buffer.getvalue()


def as_written(row: Mapping[str, str]) -> dict[str, str]:
    """The row's cells as they stand in a file: what cannot be shown is spelled out, and none is a formula."""
    return {column.name: _inert(column, row[column.name]) for column in COLUMNS}


def read_results(path: Path) -> list[Figure]:
    """The rows of the results CSV at `path`; a `ResultsFileError` names every cell that cannot be."""
    return [figure_of(row, str(path)) for row in read_rows(path)]


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows as text, with every column of today's schema, each cell checked."""
    rows, mistakes = [], []
    for line, row in _lines(path):
        rows.append(row)
        mistakes += [f"{path}:{line}: {mistake}" for mistake in _mistakes(row)]
        if len(mistakes) >= _MOST_MISTAKES:
            break
    if mistakes:
        raise ResultsFileError("\n".join(mistakes), "Correct these cells, or make the file again at its source.")
    return rows


def figure_of(row: Mapping[str, str], origin: str) -> Figure:
    """The row with its numbers as numbers."""
    return Figure(
        origin=origin,
        row=row,
        latency_ms=_interval(row, "latency_ms", "low_ms", "high_ms"),
        throughput_per_s=_interval(row, "throughput_per_s", "throughput_low_per_s", "throughput_high_per_s"),
    )


def _interval(row: Mapping[str, str], value: str, low: str, high: str) -> Interval | None:
    if not row[value]:
        return None
    estimate = float(row[value])
    return Interval(
        estimate=estimate,
        low=float(row[low] or estimate),
        high=float(row[high] or estimate),
        level=0.95 if row["interval"] == "ci95" else 1.0,
        between_rounds=row["interval"] == "ci95" and row["rounds"] not in ("", "1"),
        degrees_of_freedom=math.inf,
        method=row["interval"] or "not stated",
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line in the file, filled up to today's columns."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        names = _checked_header(header, text, path)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(names):
                raise ResultsFileError(
                    f"{path}:{reader.line_num}: has {len(cells)} cells, and the header {len(names)}",
                    "Is the file cut short, or a comma not inside quotes?",
                )
            yield reader.line_num, {**dict.fromkeys(NAMES, ""), **dict(zip(names, cells, strict=True))}
    except csv.Error as error:
        raise ResultsFileError(f"{path}:{reader.line_num}: {error}", "Is the file whole?") from error


def _text(path: Path) -> str:
    try:
        return read_regular(path, _LARGEST_BYTES).decode("utf-8-sig")  # spreadsheets put a byte order mark first
    except OSError as error:
        raise ResultsFileError(
            f"{path}: cannot be read: {error.strerror}", "Name a results CSV, or the folder of a run."
        ) from error
    except UnicodeDecodeError as error:
        raise ResultsFileError(f"{path}: is not UTF-8 (byte {error.start})", "Save it as CSV in UTF-8.") from error


def _checked_header(header: Sequence[str], text: str, path: Path) -> Sequence[str]:
    """The header, if it is that of a schema this devbench knows."""
    if len(header) < 2 and re.match(r"\"?schema\"?[;\t]", text):  # noqa: PLR2004
        raise ResultsFileError(
            f"{path}:1: cells are separated by {'semicolons' if ';' in text.partition(chr(10))[0] else 'tabs'}",
            "Save it with commas between cells and points in numbers.",
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    unknown = [name for name in header if name not in NAMES]
    missing = [name for name in names_in(1) if name not in header]
    if not twice and not unknown and not missing:
        return header
    if len(missing) == len(names_in(1)):
        raise ResultsFileError(
            f"{path}:1: this is not a results CSV of devbench", "See docs/results.md for its columns."
        )
    problems = [f"there are two columns '{name}'" for name in twice]
    problems += [f"unknown column '{name}'{_unit_hint(name)}" for name in unknown]
    problems += [f"the column '{name}' is missing" for name in missing]
    raise ResultsFileError(
        "\n".join(f"{path}:1: {problem}" for problem in problems),
        f"docs/results.md lists the columns of schema {SCHEMA}; a newer file needs a newer devbench.",
    )


def _unit_hint(name: str) -> str:
    stem = name.rpartition("_")[0]
    known = [column for column in COLUMNS if column.unit and column.name.startswith(f"{stem}_") and stem]
    return f": the unit is {known[0].unit}, in '{known[0].name}'" if known else ""


def _mistakes(row: Mapping[str, str]) -> Iterator[str]:
    for column in COLUMNS:
        if problem := _problem(column, row[column.name]):
            yield f"{column.name}: {problem}"
    schema = row["schema"]
    if not schema or (_is_count(schema) and not 1 <= int(schema) <= SCHEMA):
        yield f"schema: '{schema}' is not one that this devbench knows (1 to {SCHEMA})"
    if not row["model"]:
        yield "model: is empty"
    valued = bool(row["latency_ms"] or row["throughput_per_s"])
    if row["status"] in ("measured", "published") and not valued:
        yield f"status: '{row['status']}' without a figure; say 'skipped' or 'failed', with the reason"
    if row["status"] in ("skipped", "failed") and valued:
        yield f"status: '{row['status']}' with a figure"
    yield from _disorder(row, "low_ms", "latency_ms", "high_ms")
    yield from _disorder(row, "throughput_low_per_s", "throughput_per_s", "throughput_high_per_s")


def _disorder(row: Mapping[str, str], *names: str) -> Iterator[str]:
    found = [(name, float(row[name])) for name in names if row[name] and not _problem(_BY_NAME[name], row[name])]
    for (one, lower), (other, upper) in itertools.pairwise(found):
        if lower > upper:
            yield f"{one}: {lower:g} lies above {other}, {upper:g}"


_BY_NAME = {column.name: column for column in COLUMNS}


def _problem(column: Column, cell: str) -> str:
    """Why the cell cannot be; "" if it can."""
    if not cell:
        return "is empty" if column.name == "status" else ""
    match column.kind:
        case "choice":
            return "" if cell in column.choices else f"'{cell}' is not one of {', '.join(column.choices)}"
        case "count":
            return "" if _is_count(cell) else f"'{cell}' is not a whole number"
        case "positive" | "number":
            return _number_problem(cell, positive=column.kind == "positive")
        case "time":
            return _time_problem(cell)
        case "sha256":
            return "" if re.fullmatch(r"[0-9a-f]{64}", cell) else f"'{cell}' is not a SHA-256"
        case _:
            return f"'{cell}' would be run by a spreadsheet as a formula" if _is_formula(cell) else ""


def _is_count(cell: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", cell) is not None


def _number_problem(cell: str, *, positive: bool) -> str:
    if not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", cell):
        return f"'{cell}' is not a number" + (": write a point, not a comma" if "," in cell else "")
    value = float(cell)
    if not math.isfinite(value):
        return f"'{cell}' is too large"
    if positive and value <= 0:
        return f"'{cell}' is not above 0; leave the cell empty where there is no figure"
    return ""


def _time_problem(cell: str) -> str:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return f"'{cell}' is not an ISO 8601 date or time"
    return ""


def _inert(column: Column, cell: str) -> str:
    text = printable(cell)
    return f"'{text}" if column.kind == "text" and _is_formula(text) else text


def _is_formula(cell: str) -> bool:
    """Whether a spreadsheet may run it: some pass over what is blank or unseen before it, and take `＝` for `=`."""
    first = next((letter for letter in cell if letter.isprintable() and not letter.isspace()), "")
    return cell.startswith(("\t", "\r")) or unicodedata.normalize("NFKC", first) in _FORMULA
