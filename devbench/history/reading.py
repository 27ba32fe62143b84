"""Reads a history: the rows of certain series and nights, from monthly files and from the runs that are in none yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from devbench.domain.history import night_order
from devbench.domain.night import SeriesKey
from devbench.errors import DamagedError
from devbench.history.columns import COLUMNS, key_of
from devbench.history.files import (
    MONTHS,
    RUNS,
    FileName,
    HistoryFile,
    checked_bytes,
    listed,
    open_file,
    rank_of,
    strangers,
)
from devbench.history.plain import Integers, integers_of, mask_of, numbers_of

_TRIES = 3
Parts = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which rows. wants: the series. since, until: nights or days, both included; "" does not bound it.

    purposes: why they were measured. columns: besides series and night.
    """

    wants: Callable[[SeriesKey], bool] = lambda _: True
    since: str = ""
    until: str = ""
    purposes: tuple[str, ...] = ("",)
    columns: tuple[str, ...] = ()

    def has_night(self, night: str) -> bool:
        """Whether rows of this night are wanted."""
        order = night_order(night)
        if self.since and order < night_order(self.since):
            return False
        return not self.until or order <= night_order(self.until)

    def may_have_month(self, month: str) -> bool:
        """Whether rows of this month may be."""
        return (not self.since or month >= self.since[:7]) and (not self.until or month <= self.until[:7])


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a history.

    keys: the series, sorted. nights: the nights that there are, sorted. table: the columns that were asked for.
    series, night: of each row, as index into these. notes: what could not be read, and why.
    """

    keys: tuple[SeriesKey, ...]
    nights: tuple[str, ...]
    series: Integers
    night: Integers
    table: pa.Table
    notes: tuple[str, ...] = ()

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column of numbers; NaN where it is not known."""
        return numbers_of(self.table[column])

    def codes(self, column: str) -> tuple[Integers, list[str]]:
        """A column of text as an index for each row, and the texts."""
        return _codes(self.table[column])

    def texts(self, column: str) -> list[str]:
        """A column of text."""
        codes, texts = self.codes(column)
        return [texts[code] for code in codes]


def read(folder: Path, which: Which) -> Rows:
    """The rows of the history in `folder`. What cannot be read is left out, with a note. Raises OSError."""
    for _ in range(_TRIES - 1):
        try:
            return _read(folder, which)
        except FileNotFoundError:  # it was folded, and removed, since it was listed
            continue
    return _read(folder, which)


def _read(folder: Path, which: Which) -> Rows:
    notes: list[str] = []
    runs: dict[str, list[tuple[FileName, Path]]] = {}
    for name, path in listed(folder / RUNS):
        if which.has_night(name.what):
            runs.setdefault(name.what[:7], []).append((name, path))
    months: dict[str, list[tuple[FileName, Path]]] = {}
    for name, path in listed(folder / MONTHS):
        if which.may_have_month(name.what):
            months.setdefault(name.what, []).append((name, path))
    parts: list[tuple[Sequence[Parts], pa.Table]] = []
    known = _Wanted(which.wants)
    for month in sorted({*runs, *months}):
        parts += _of_month(months.get(month, []), runs.get(month, []), which, known, notes)
    for place in (MONTHS, RUNS):
        if strange := strangers(folder / place):
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            notes.append(f"{folder / place / strange[0]}{more}: not a name that devbench gives; left out")
    return _joined(parts, which, tuple(notes))


def _of_month(
    months: Sequence[tuple[FileName, Path]],
    runs: Sequence[tuple[FileName, Path]],
    which: Which,
    known: _Wanted,
    notes: list[str],
) -> list[tuple[Sequence[Parts], pa.Table]]:
    """The rows of one month. Its files are let go of before those of the next one are read."""
    whole, found = newest(months, notes), list[tuple[Sequence[Parts], pa.Table]]()
    fresh = _newest_runs(runs, whole, notes)
    if whole:
        found += _filtered(whole, which, known, without=frozenset(fresh))
    for file in fresh.values():
        found += _filtered(file, which, known)
    return found


def _newest_runs(
    files: Sequence[tuple[FileName, Path]], month: HistoryFile | None, notes: list[str]
) -> dict[str, HistoryFile]:
    """Of each run that is not in its month, or was continued since, its newest file: by the run's key."""
    folded = month.runs if month and files else ()
    inside = {(one.key, one.sum) for one in folded}
    best = {one.key: one.rank for one in sorted(folded, key=lambda one: one.rank)}
    outside = [file for file in files if (file[0].key, file[0].sum) not in inside]
    found: dict[str, HistoryFile] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (name, path), data in zip(outside, pool.map(_bytes_or_damage, outside), strict=True):
            try:
                if isinstance(data, DamagedError):
                    raise data
                file = open_file(data, path)
            except DamagedError as error:
                notes.append(error.message)
                continue
            rank = rank_of(file.about, name)
            if name.key not in best or rank > best[name.key]:
                best[name.key] = rank
                found[name.key] = file
    return found


def newest(files: Sequence[tuple[FileName, Path]], notes: list[str]) -> HistoryFile | None:
    """The newest of a month's files that can be read; None if none can."""
    for name, path in sorted(files, key=lambda one: one[0].key, reverse=True):
        try:
            return open_file(checked_bytes(name, path), path)
        except DamagedError as error:
            notes.append(error.message)
    return None


def _bytes_or_damage(file: tuple[FileName, Path]) -> bytes | DamagedError:
    try:
        return checked_bytes(*file)
    except DamagedError as error:
        return error


class _Wanted:
    """Which series are wanted: each is asked about once, though it is in every month."""

    def __init__(self, wants: Callable[[SeriesKey], bool]) -> None:
        self._wants = wants
        self._known: dict[Parts, bool] = {}
        self._last: tuple[Sequence[Parts], npt.NDArray[np.bool_]] = (), np.zeros(0, dtype=bool)

    def of(self, series: Sequence[Parts]) -> npt.NDArray[np.bool_]:
        """Of each of a file's series, whether it is wanted."""
        if series is not self._last[0]:
            for parts in series:
                if parts not in self._known:
                    self._known[parts] = self._wants(key_of(parts))
            self._last = series, np.array([self._known[parts] for parts in series], dtype=bool)
        return self._last[1]


def _filtered(
    opened: HistoryFile, which: Which, known: _Wanted, without: frozenset[str] = frozenset()
) -> Iterator[tuple[Sequence[Parts], pa.Table]]:
    """The rows of one file, in pieces, with the keys that `series` points into. without: runs that are left out."""
    series, file = opened.about.series, opened.file
    is_wanted = known.of(series)
    ids = np.flatnonzero(is_wanted)
    if not len(ids):
        return
    whole = len(ids) == len(series)
    with file:
        of_series = file.schema.names.index("series")
        columns = list(dict.fromkeys(["series", "night", "purpose", *which.columns, *(["run_key"] if without else [])]))
        for number in range(file.num_row_groups):
            if not _may_hold(file.metadata.row_group(number).column(of_series).statistics, ids):
                continue
            table = file.read_row_group(number, columns=columns, use_threads=False)
            keep = np.ones(table.num_rows, dtype=bool)
            if not whole:
                keep &= is_wanted[integers_of(table["series"])]
            for name, holds in (("night", which.has_night), ("purpose", which.purposes.__contains__)):
                keep &= _where(table[name], holds)
            if without:
                keep &= _where(table["run_key"], lambda key: key not in without)
            table = table.replace_schema_metadata(None)
            yield series, table if keep.all() else table.filter(mask_of(keep))


def _may_hold(bounds: pq.Statistics | None, ids: npt.NDArray[np.int64]) -> bool:
    if not bounds or not bounds.has_min_max:
        return True
    first = int(np.searchsorted(ids, bounds.min))
    return first < len(ids) and int(ids[first]) <= bounds.max


def _where(column: pa.ChunkedArray, holds: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    codes, texts = _codes(column)
    return np.array([holds(text) for text in texts], dtype=bool)[codes] if texts else np.zeros(len(codes), dtype=bool)


def _codes(column: pa.ChunkedArray) -> tuple[Integers, list[str]]:
    if not len(column):
        return np.zeros(0, dtype=np.int32), []
    joined = column.unify_dictionaries().combine_chunks()
    if isinstance(joined, pa.ChunkedArray):  # as some versions of pyarrow return it
        joined = joined.chunk(0)
    return integers_of(joined.indices), joined.dictionary.to_pylist()


def _joined(parts: Iterable[tuple[Sequence[Parts], pa.Table]], which: Which, notes: tuple[str, ...]) -> Rows:
    parts = [part for part in parts if part[1].num_rows]
    numbers: dict[Parts, int] = {}
    mapped = []
    for series, table in parts:
        local = integers_of(table["series"])
        used = np.unique(local)
        target = np.zeros(len(series), dtype=np.int32)
        for one in used:
            target[one] = numbers.setdefault(tuple(series[one]), len(numbers))
        mapped.append(target[local])
    order = sorted(numbers)
    rank = np.zeros(len(order), dtype=np.int32)
    for place, key in enumerate(order):
        rank[numbers[key]] = place
    columns = list(dict.fromkeys(["night", "purpose", *which.columns]))
    if parts:
        table = pa.concat_tables([table.select(columns) for _, table in parts])
    else:
        table = pa.Table.from_batches([], pa.schema([COLUMNS.field(name) for name in columns]))
    codes, texts = _codes(table["night"])
    nights = sorted({texts[code] for code in np.unique(codes)}, key=night_order)  # others may be in a file's dictionary
    place_of = {night: number for number, night in enumerate(nights)}
    to_night = np.array([place_of.get(text, -1) for text in texts], dtype=np.int32)
    return Rows(
        keys=tuple(key_of(key) for key in order),
        nights=tuple(nights),
        series=rank[np.concatenate(mapped)] if mapped else np.zeros(0, dtype=np.int32),
        night=to_night[codes] if len(codes) else codes,
        table=table,
        notes=notes,
    )
