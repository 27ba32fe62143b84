"""One table of figures as a grid, published or ours: devices over a baseline, models over a reference model."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.domain.figure import Figure
from devbench.errors import DevbenchError
from devbench.stats import GeometricMean, Interval, divide, geometric_mean_of_intervals


@dataclass(frozen=True, kw_only=True)
class RowKey:
    """A row: a model at one input size."""

    model: str
    size: str

    def __str__(self) -> str:
        return f"{self.model} {self.size.replace('x', '×')}".strip()


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Two columns that some rows show no difference between. apart: the rows that do."""

    one: int
    other: int
    same: tuple[RowKey, ...]
    apart: tuple[RowKey, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Figures by row and column.

    over_baseline: how many times faster than the baseline column, by row and column.
    over_reference: how many times as long as the reference model takes in the same column, by row and column.
    means: by column, of `over_baseline` over the models, where there are two or more.
    """

    source: str
    rows: tuple[RowKey, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[RowKey, int], Figure]
    baseline: int | None
    reference: RowKey | None
    over_baseline: Mapping[tuple[RowKey, int], Interval]
    over_reference: Mapping[tuple[RowKey, int], Interval]
    means: Mapping[int, GeometricMean]
    alike: tuple[Alike, ...]


def times_as_long(one: Figure, other: Figure) -> Interval | None:
    """How many times as long `one` takes as `other`: by latency, or by rate if both have only that; else None."""
    if one.latency_ms and other.latency_ms:
        return divide(one.latency_ms, other.latency_ms)
    if one.latency_ms or other.latency_ms or not (one.throughput_per_s and other.throughput_per_s):
        return None
    return divide(other.throughput_per_s, one.throughput_per_s)


def grid_of(figures: Sequence[Figure], source: str, baseline: str = "", reference: str = "") -> Grid:
    """The grid of one file's figures. By default the desktop CPU is the baseline, and the first model the reference."""
    columns = tuple(dict.fromkeys(column_of(one) for one in figures))
    cells = {(row_of(one), columns.index(column_of(one))): one for one in figures}
    rows = tuple(dict.fromkeys(row for row, _ in cells))
    base = _baseline(figures, columns, baseline, source)
    model = _reference(rows, reference, source)
    over_baseline, over_reference = {}, {}
    for (row, index), one in cells.items():
        if (
            base is not None
            and index != base
            and (row, base) in cells
            and (times := times_as_long(cells[row, base], one))
        ):
            over_baseline[row, index] = times
        if model and row != model and (model, index) in cells and (times := times_as_long(one, cells[model, index])):
            over_reference[row, index] = times
    return Grid(
        source=source,
        rows=rows,
        columns=columns,
        cells=cells,
        baseline=base,
        reference=model,
        over_baseline=over_baseline,
        over_reference=over_reference,
        means=_means(over_baseline, len(columns)),
        alike=tuple(_alike(rows, len(columns), cells)),
    )


def column_of(figure: Figure) -> str:
    """What heads a figure's column: the device, and what it ran with where devbench measured it."""
    if not figure.measured:
        return figure.device
    threads = f"threads={figure['threads']}" if figure["threads"] else ""
    parts = (figure.device, figure["place"], figure["runtime"], threads, figure["options"])
    return " ".join(part for part in parts if part and part != "local")


def row_of(figure: Figure) -> RowKey:
    """The row a figure stands in. Measured rows of one model differ by precision too."""
    shape = figure["input_shape"]
    precision = f" {figure['precision']}" if figure.measured and figure["precision"] else ""
    return RowKey(model=figure["model"] + precision, size=shape)


def _baseline(figures: Sequence[Figure], columns: Sequence[str], wanted: str, source: str) -> int | None:
    devices = {columns.index(column_of(one)): one["device"] for one in figures}
    for index, column in enumerate(columns):
        if (wanted or "desktop-cpu") in (column, devices[index]):
            return index
    if wanted:
        raise DevbenchError(
            f"{source} has no device '{wanted}'", f"It has: {', '.join(dict.fromkeys([*devices.values(), *columns]))}."
        )
    return None


def _reference(rows: Sequence[RowKey], wanted: str, source: str) -> RowKey | None:
    found = next((row for row in rows if not wanted or wanted in (row.model, row.model.partition(" ")[0])), None)
    if wanted and not found:
        raise DevbenchError(
            f"{source} has no model '{wanted}'", f"It has: {', '.join(dict.fromkeys(row.model for row in rows))}."
        )
    return found


def _means(ratios: Mapping[tuple[RowKey, int], Interval], columns: int) -> dict[int, GeometricMean]:
    found = {}
    for column in range(columns):
        those = [ratio for (_, index), ratio in ratios.items() if index == column]
        if len(those) > 1:
            found[column] = geometric_mean_of_intervals(those)
    return found


def _alike(rows: Sequence[RowKey], columns: int, cells: Mapping[tuple[RowKey, int], Figure]) -> list[Alike]:
    """Pairs of columns of which at least one row shows no difference; the eye takes such a row for the rule."""
    found = []
    for one, other in itertools.combinations(range(columns), 2):
        ratios = {
            row: times_as_long(cells[row, one], cells[row, other])
            for row in rows
            if (row, one) in cells and (row, other) in cells
        }
        same = tuple(row for row, ratio in ratios.items() if ratio and ratio.holds(1))
        apart = tuple(row for row, ratio in ratios.items() if ratio and not ratio.holds(1))
        if same and len(same) + len(apart) > 1:
            found.append(Alike(one=one, other=other, same=same, apart=apart))
    return found
