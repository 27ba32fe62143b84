"""Folding: the run files of a month become one file, so that a question opens twelve files a year and not thousands.

One process at a time does it. It writes a new generation of the month, reads it back, and removes a run file only when
it has been in the month for a while: until then it is the copy to go back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from devbench.domain.history import night_order
from devbench.errors import DamagedError, DevbenchError
from devbench.files import make_folder
from devbench.history.columns import COLUMNS, key_of
from devbench.history.files import (
    CHANGES,
    MONTHS,
    RUNS,
    FileName,
    Folded,
    HistoryFile,
    checked_bytes,
    encoded,
    listed,
    open_file,
    put,
    rank_of,
)
from devbench.history.reading import Parts, newest

LOCK = ".fold.lock"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What is kept how long.

    run_files_days: a run file after it is in its month. months: of history; None is for ever.
    unmeasured: whether a month keeps the rows of cases that were not measured, with their reasons.
    again: whether it keeps what was measured again to judge a change.
    """

    run_files_days: float = 7.0
    months: int | None = None
    unmeasured: bool = False
    again: bool = True


@dataclass(frozen=True, kw_only=True)
class FoldedMonth:
    """What folding has done with a month. dropped: rows that the month does not keep."""

    month: str
    runs: int
    rows: int
    dropped: int
    size_bytes: int


def fold(
    folder: Path, retention: Retention | None = None, now: datetime | None = None
) -> tuple[list[FoldedMonth], list[str]]:
    """Fold every month of the history in `folder` that has runs outside of it; what was done, and notes.

    Raises a `DevbenchError` if another process is folding, and OSError.
    """
    from filelock import FileLock, Timeout

    retention, now = retention or Retention(), now or datetime.now(UTC)
    if not folder.is_dir():
        raise DevbenchError(f"{folder}: no history here", "`devbench history import RUN…` begins one.")
    try:
        with FileLock(folder / LOCK, timeout=0):
            return _fold_all(folder, retention, now)
    except Timeout:
        raise DevbenchError(
            f"{folder}: another devbench is folding it", "Nothing to do: wait until it is ready."
        ) from None


def _fold_all(folder: Path, retention: Retention, now: datetime) -> tuple[list[FoldedMonth], list[str]]:
    for name in (RUNS, MONTHS, CHANGES):
        make_folder(folder / name)
        _remove_drafts(folder / name, now)
    done, notes = [], []
    runs, months = _by_month(listed(folder / RUNS)), _by_month(listed(folder / MONTHS))
    oldest = _oldest(now, retention.months)
    for month in sorted({*runs, *months}):
        if month < oldest:
            for _, path in [*runs.get(month, []), *months.get(month, [])]:
                path.unlink(missing_ok=True)
            notes.append(f"{month}: removed, as {retention.months} months are kept")
            continue
        found = newest(months.get(month, []), notes)
        inside = {(one.key, one.sum) for one in found.runs} if found else set()
        outside = [(name, path) for name, path in runs.get(month, []) if (name.key, name.sum) not in inside]
        if outside:
            made = _fold_month(folder, month, found, outside, retention, now, notes)
            if made:
                done.append(made)
        _remove_old(folder, month, runs.get(month, []), retention, now, notes)
    return done, notes


def _by_month(files: Sequence[tuple[FileName, Path]]) -> dict[str, list[tuple[FileName, Path]]]:
    found: dict[str, list[tuple[FileName, Path]]] = {}
    for name, path in files:
        found.setdefault(name.what[:7], []).append((name, path))
    return found


def _oldest(now: datetime, months: int | None) -> str:
    """The first month that is kept, this one being the last."""
    if months is None:
        return ""
    count = now.year * 12 + now.month - 1 - max(months - 1, 0)
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _fold_month(
    folder: Path,
    month: str,
    old: HistoryFile | None,
    outside: Sequence[tuple[FileName, Path]],
    retention: Retention,
    now: datetime,
    notes: list[str],
) -> FoldedMonth | None:
    """Write the month's next generation, with the runs that are outside of it."""
    stamp = now.isoformat(timespec="seconds")
    folded = list(old.runs) if old else []
    ranks: dict[str, tuple[bool, int, str]] = {}
    for taken in folded:
        ranks[taken.key] = max(taken.rank, ranks.get(taken.key, taken.rank))
    best: dict[str, tuple[pa.Table, tuple[Parts, ...]]] = {}
    for name, path in outside:
        try:
            one = open_file(checked_bytes(name, path), path)
            folded.append(Folded(name.key, name.sum, stamp, one.about.measured, one.about.finished))
            rank = rank_of(one.about, name)
            if name.key not in ranks or rank > ranks[name.key]:
                ranks[name.key] = rank
                best[name.key] = one.file.read(columns=COLUMNS.names), one.about.series
        except (DamagedError, FileNotFoundError) as error:
            notes.append(getattr(error, "message", str(error)))
    if old and len(folded) == len(old.runs):
        return None
    tables: list[tuple[pa.Table, Sequence[Parts]]] = list(best.values())
    if old:
        tables.append((_without(old.file.read(columns=COLUMNS.names), set(best)), old.about.series))
    if not tables:
        return None
    whole, series = _sorted(tables)
    slim = _slimmed(whole, retention)
    data = encoded(slim, [key_of(parts) for parts in series], folded)
    generation = max((int(name.key[1:]) for name, _ in listed(folder / MONTHS) if name.what == month), default=0) + 1
    name, _ = put(folder / MONTHS, month, f"g{generation:06d}", data)
    path = folder / MONTHS / f"{name.stem}.parquet"
    open_file(checked_bytes(name, path), path)  # before anything relies on it
    return FoldedMonth(
        month=month,
        runs=len(best),
        rows=slim.num_rows,
        dropped=whole.num_rows - slim.num_rows,
        size_bytes=len(data),
    )


def _without(table: pa.Table, keys: set[str]) -> pa.Table:
    return table.filter(
        pc.invert(pc.is_in(pc.cast(table["run_key"], pa.string()), pa.array(sorted(keys), pa.string())))
    )


def _slimmed(table: pa.Table, retention: Retention) -> pa.Table:
    if not retention.unmeasured:
        table = table.filter(pc.field("status") == "measured")
    if not retention.again:
        table = table.filter(pc.field("purpose") != "again")
    return table


def _sorted(tables: Sequence[tuple[pa.Table, Sequence[Parts]]]) -> tuple[pa.Table, list[Parts]]:
    """All rows, by series and then by night and begin, with one list of series."""
    series = sorted({tuple(parts) for _, listed_ in tables for parts in listed_})
    number = {parts: place for place, parts in enumerate(series)}
    joined = []
    for table, own in tables:
        to_all = np.array([number[tuple(parts)] for parts in own], dtype=np.int32)
        column = pa.array(to_all[table["series"].to_numpy()] if table.num_rows else np.zeros(0, dtype=np.int32))
        joined.append(table.replace_schema_metadata(None).set_column(0, COLUMNS.field("series"), column))
    whole = pa.concat_tables(joined).unify_dictionaries()
    nights = pc.cast(whole["night"], pa.string())
    texts = pc.unique(nights).to_pylist()
    order = {text: place for place, text in enumerate(sorted(texts, key=night_order))}
    rank = np.array([order[text] for text in texts], dtype=np.int64)
    place = rank[pc.index_in(nights, pa.array(texts)).to_numpy()] if texts else np.zeros(0, dtype=np.int64)
    started = pc.fill_null(pc.cast(whole["started"], pa.int64()), 0).to_numpy()
    rows = np.lexsort((started, place, whole["series"].to_numpy()))
    return whole.take(pa.array(rows)), series


def _remove_old(
    folder: Path,
    month: str,
    runs: Sequence[tuple[FileName, Path]],
    retention: Retention,
    now: datetime,
    notes: list[str],
) -> None:
    """Remove run files that have been in the month for long enough, and the generations before its newest.

    The month is read from the disk once more, and nothing is removed because of a file that cannot be read.
    """
    files = [file for file in listed(folder / MONTHS) if file[0].what == month]
    found = newest(files, notes)
    if not found:
        return
    limit = timedelta(days=retention.run_files_days)
    since = {(one.key, one.sum): datetime.fromisoformat(one.folded_utc) for one in found.runs}
    for name, path in runs:
        folded = since.get((name.key, name.sum))
        if folded and now - folded >= limit:
            path.unlink(missing_ok=True)
    newest_key = next(name.key for name, path in files if path == found.path)
    for name, path in files:
        if name.key < newest_key and _age(path, now) >= timedelta(days=min(1.0, retention.run_files_days)):
            path.unlink(missing_ok=True)


def _remove_drafts(folder: Path, now: datetime) -> None:
    """What writers that were killed have left. Not by their process id: the writer may be on another host."""
    for path in folder.glob(".*.tmp"):
        if _age(path, now) >= timedelta(days=1):
            path.unlink(missing_ok=True)


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return timedelta(0)
