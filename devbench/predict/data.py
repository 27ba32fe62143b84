"""Reads a CSV file of this package, each cell checked: it is ours, and still may have been edited."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from devbench.errors import DevbenchError


@dataclass(frozen=True)
class Row:
    """One row: cells that are names, and cells that are numbers, none of them negative."""

    texts: dict[str, str]
    numbers: dict[str, float]


def read_data(name: str, *, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[Row]:
    """The rows of the file `name`; lines that begin with # are comments. A `DevbenchError` names what is wrong."""
    lines = files(__package__).joinpath(name).read_text("utf-8").splitlines()
    reader = csv.DictReader(line for line in lines if not line.startswith("#"))
    if reader.fieldnames is None or set(reader.fieldnames) != {*texts, *numbers}:
        raise _wrong(name, f"its columns are {reader.fieldnames}")
    for row in reader:
        try:
            found = Row(texts={key: row[key] for key in texts}, numbers={key: float(row[key]) for key in numbers})
        except (TypeError, ValueError) as error:
            raise _wrong(name, f"{error} in {row}") from error
        if not all(math.isfinite(value) and value >= 0 for value in found.numbers.values()):
            raise _wrong(name, f"a number is negative or not finite in {row}")
        yield found


def _wrong(name: str, what: str) -> DevbenchError:
    return DevbenchError(f"devbench/predict/{name}: {what}", "Install devbench again.")
