"""Reads a history: the rows of certain series and nights, from monthly files and from the runs that are in none yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from devbench.domain.history import night_order
from devbench.domain.night import SeriesKey
from devbench.errors import DamagedError
from devbench.history.columns import COLUMNS, key_of
from devbench.history.files import MONTHS, RUNS, About, FileName, checked_bytes, listed, opened, rank_of, strangers

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
    series: npt.NDArray[np.int64]
    night: npt.NDArray[np.int64]
    table: pa.Table
    notes: tuple[str, ...] = ()

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column of numbers; NaN where it is not known."""
        return np.asarray(self.table[column].to_numpy(), dtype=np.float64)

    def codes(self, column: str) -> tuple[npt.NDArray[np.int64], list[str]]:
        """A column of text as an index for each row, and the texts."""
        return _codes(self.table[column])

    def texts(self, column: str) -> list[str]:
        """A column of text."""
        codes, texts = self.codes(column)
        return [texts[code] for code in codes]


@dataclass
class _Chosen:
    """The files to read, and what speaks against others."""

    months: list[tuple[Path, bytes, About]] = field(default_factory=list)
    runs: list[tuple[FileName, Path]] = field(default_factory=list)
    folded: dict[str, tuple[bool, int, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read(folder: Path, which: Which) -> Rows:
    """The rows of the history in `folder`. What cannot be read is left out, with a note. Raises OSError."""
    for _ in range(_TRIES - 1):
        try:
            return _read(folder, which)
        except FileNotFoundError:  # it was folded, and removed, since it was listed
            continue
    return _read(folder, which)


def _read(folder: Path, which: Which) -> Rows:
    chosen = choose(folder, which)
    runs = _newest_runs(chosen)
    newer = frozenset(runs) & chosen.folded.keys()  # runs that were continued after they were folded
    parts: list[tuple[list[Parts], pa.Table]] = []
    known: dict[Parts, bool] = {}  # a series is in every month
    for _, data, about in chosen.months:
        parts += _filtered(pq.ParquetFile(pa.BufferReader(data)), about, which, known, without=newer)
    for file, about in runs.values():
        parts += _filtered(file, about, which, known)
    for place in (MONTHS, RUNS):
        if strange := strangers(folder / place):
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            chosen.notes.append(f"{folder / place / strange[0]}{more}: not a name that devbench gives; left out")
    return _joined(parts, which, tuple(chosen.notes))


def choose(folder: Path, which: Which) -> _Chosen:
    """The newest whole file of each month, and the runs that are in none of these."""
    chosen = _Chosen()
    months: dict[str, list[tuple[FileName, Path]]] = {}
    for name, path in listed(folder / MONTHS):
        if which.may_have_month(name.what):
            months.setdefault(name.what, []).append((name, path))
    inside: set[tuple[str, str]] = set()
    for files in months.values():
        found = newest(files, chosen.notes)
        if found:
            about = found[2]
            chosen.months.append(found)
            inside |= {(one.key, one.sum) for one in about.runs}
            for one in about.runs:
                chosen.folded[one.key] = max(one.rank, chosen.folded.get(one.key, one.rank))
    chosen.runs = [
        (name, path)
        for name, path in listed(folder / RUNS)
        if (name.key, name.sum) not in inside and which.has_night(name.what)
    ]
    return chosen


def _newest_runs(chosen: _Chosen) -> dict[str, tuple[pq.ParquetFile, About]]:
    """Of each run that is in no month, or was continued since, its newest file: by the run's key."""
    best: dict[str, tuple[bool, int, str]] = dict(chosen.folded)
    found: dict[str, tuple[pq.ParquetFile, About]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (name, path), data in zip(chosen.runs, pool.map(_bytes_or_damage, chosen.runs), strict=True):
            try:
                if isinstance(data, DamagedError):
                    raise data
                with opened(data, path, keep=True) as (file, about):
                    rank = rank_of(about, name)
            except DamagedError as error:
                chosen.notes.append(error.message)
                continue
            if name.key not in best or rank > best[name.key]:
                best[name.key] = rank
                found[name.key] = file, about
    return found


def newest(files: Sequence[tuple[FileName, Path]], notes: list[str]) -> tuple[Path, bytes, About] | None:
    """The newest of a month's files that can be read; None if none can."""
    for name, path in sorted(files, key=lambda one: one[0].key, reverse=True):
        try:
            data = checked_bytes(name, path)
            with opened(data, path) as (_, about):
                return path, data, about
        except DamagedError as error:
            notes.append(error.message)
    return None


def _bytes_or_damage(file: tuple[FileName, Path]) -> bytes | DamagedError:
    try:
        return checked_bytes(*file)
    except DamagedError as error:
        return error


def _filtered(
    file: pq.ParquetFile,
    about: About,
    which: Which,
    known: dict[Parts, bool],
    without: frozenset[str] = frozenset(),
) -> Iterator[tuple[list[Parts], pa.Table]]:
    """The rows of one file, in pieces, with the keys that `series` points into."""
    for parts in about.series:
        if parts not in known:
            known[parts] = which.wants(key_of(parts))
    wanted = [number for number, parts in enumerate(about.series) if known[parts]]
    if not wanted:
        return
    ids = np.array(wanted)
    whole = len(wanted) == len(about.series)
    with file:
        of_series = file.schema.names.index("series")
        columns = list(dict.fromkeys(["series", "night", "purpose", *which.columns, *(["run_key"] if without else [])]))
        for number in range(file.num_row_groups):
            if not _may_hold(file.metadata.row_group(number).column(of_series).statistics, ids):
                continue
            table = file.read_row_group(number, columns=columns, use_threads=False)
            keep = np.ones(table.num_rows, dtype=bool)
            if not whole:
                keep &= np.isin(table["series"].to_numpy(), ids)
            for name, holds in (("night", which.has_night), ("purpose", which.purposes.__contains__)):
                keep &= _where(table[name], holds)
            if without:
                keep &= _where(table["run_key"], lambda key: key not in without)
            table = table.replace_schema_metadata(None)
            yield list(about.series), table if keep.all() else table.filter(pa.array(keep))


def _may_hold(bounds: pq.Statistics | None, ids: npt.NDArray[np.int64]) -> bool:
    if not bounds or not bounds.has_min_max:
        return True
    first = int(np.searchsorted(ids, bounds.min))
    return first < len(ids) and int(ids[first]) <= bounds.max


def _where(column: pa.ChunkedArray, holds: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    codes, texts = _codes(column)
    return np.array([holds(text) for text in texts], dtype=bool)[codes] if texts else np.zeros(len(codes), dtype=bool)


def _codes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[str]]:
    if not len(column):
        return np.zeros(0, dtype=np.int64), []
    joined = column.unify_dictionaries().combine_chunks()
    if isinstance(joined, pa.ChunkedArray):  # as some versions of pyarrow return it
        joined = joined.chunk(0)
    return np.asarray(joined.indices.to_numpy(), dtype=np.int64), joined.dictionary.to_pylist()


def _joined(parts: Iterable[tuple[list[Parts], pa.Table]], which: Which, notes: tuple[str, ...]) -> Rows:
    parts = [part for part in parts if part[1].num_rows]
    numbers: dict[Parts, int] = {}
    mapped = []
    for series, table in parts:
        local = table["series"].to_numpy()
        used = np.unique(local)
        target = np.zeros(len(series), dtype=np.int64)
        for one in used:
            target[one] = numbers.setdefault(tuple(series[one]), len(numbers))
        mapped.append(target[local])
    order = sorted(numbers)
    rank = np.zeros(len(order), dtype=np.int64)
    for place, key in enumerate(order):
        rank[numbers[key]] = place
    columns = list(dict.fromkeys(["night", "purpose", *which.columns]))
    empty = pa.schema([COLUMNS.field(name) for name in columns]).empty_table()
    table = pa.concat_tables([table.select(columns) for _, table in parts]) if parts else empty
    codes, texts = _codes(table["night"])
    nights = sorted({texts[code] for code in np.unique(codes)}, key=night_order)  # others may be in a file's dictionary
    place_of = {night: number for number, night in enumerate(nights)}
    to_night = np.array([place_of.get(text, -1) for text in texts], dtype=np.int64)
    return Rows(
        keys=tuple(key_of(key) for key in order),
        nights=tuple(nights),
        series=rank[np.concatenate(mapped)] if mapped else np.zeros(0, dtype=np.int64),
        night=to_night[codes] if len(codes) else codes,
        table=table,
        notes=notes,
    )
