"""Samples as Parquet: one part a round while the run goes on, one file at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from devbench.domain.outcome import Nanoseconds, Round
from devbench.errors import DamagedError, RecordError
from devbench.files import replacing

_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("case", _TEXT, nullable=False, metadata={"meaning": "id of the case, as in run.json"}),
        pa.field("round", pa.int16(), nullable=False, metadata={"meaning": "number of the round, from 0"}),
        pa.field("phase", _TEXT, nullable=False, metadata={"meaning": "warmup, steady or compute"}),
        pa.field("index", pa.int32(), nullable=False, metadata={"meaning": "number of the sample in its phase"}),
        pa.field("ns", pa.int64(), nullable=False, metadata={"meaning": "nanoseconds per inference"}),
    ]
)


def write_part(path: Path, case_id: str, done: Round) -> None:
    """The samples of one round, whole or not at all. Raises OSError; a `RecordError` for what cannot be samples."""
    about = done.about
    phases = {
        "warmup": (done.warmup_ns, about.warmup_samples),
        "steady": (done.samples_ns, about.samples),
        "compute": (done.compute_ns, about.compute_samples),
    }
    for phase, (ns, count) in phases.items():
        if not isinstance(ns, np.ndarray) or ns.dtype != np.int64 or ns.shape != (count,) or (ns < 1).any():
            raise RecordError(f"its {phase} samples are not {count} times of 1 ns or more")
    _write(path, [_table(case_id, about.index, phase, ns) for phase, (ns, _) in phases.items() if len(ns)])


def join_parts(parts: Sequence[Path], path: Path) -> None:
    """All parts in one file, one after the other, so that memory holds one part at a time.

    Raises OSError; a `DamagedError` for a part that cannot be read.
    """
    _write(path, (table for part in parts for table in _tables(part)))


def read_phase(path: Path, case_id: str, phase: str, *, trusted: bool) -> dict[int, Nanoseconds]:
    """The samples of a case in the file or part at `path`, by round, in the order they were taken.

    phase: `steady`, `warmup` for those before them, or `compute` for those without copies.
    trusted: whether its checksum was found right. In a damaged file pyarrow's bounds of a row group end the process.
    """
    wanted = {"case": case_id, "phase": phase}
    with _opened(path) as file:
        if trusted:
            every = range(file.num_row_groups)
            groups = [number for number in every if _may_hold(file.metadata.row_group(number), wanted)]
        else:
            contents = _contents(path, path.stat().st_mtime_ns)
            groups = [number for number, held in enumerate(contents) if held.issuperset(wanted.items())]
        table = file.read_row_groups(groups, columns=SCHEMA.names)
        table = table.filter((pc.field("case") == case_id) & (pc.field("phase") == phase))
        rounds, index, ns = (table[name].to_numpy() for name in ("round", "index", "ns"))
    order = np.lexsort((index, rounds))
    rounds, index, ns = rounds[order], index[order], ns[order]
    found = {}
    for number in np.unique(rounds):
        those = rounds == number
        found[int(number)] = ns[those]
        if ns[those].min() < 1 or not np.array_equal(index[those], np.arange(those.sum())):
            raise DamagedError(f"{path}: is damaged: round {number} of {case_id} has samples that cannot be")
    return found


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The file, as far as it is one of ours. All that pyarrow raises on a damaged one becomes a `DamagedError`."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(SCHEMA):
                raise DamagedError(f"{path}: is not a file of samples: it has other columns")
            yield file
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        first = str(error).partition("\n")[0]
        raise DamagedError(f"{path}: the samples cannot be read: {first}") from error


def _tables(path: Path) -> Iterator[pa.Table]:
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _may_hold(group: pq.RowGroupMetaData, wanted: dict[str, str]) -> bool:
    """Whether the row group's bounds leave room for a row with these cells: one run's file holds many cases."""
    for index, name in enumerate(SCHEMA.names):
        bounds = group.column(index).statistics
        if name in wanted and bounds and bounds.has_min_max and not bounds.min <= wanted[name] <= bounds.max:
            return False
    return True


@lru_cache(maxsize=8)
def _contents(path: Path, _changed_ns: int) -> list[set[tuple[str, str]]]:
    """The cases and phases that each row group holds, by reading them."""
    columns = ["case", "phase"]
    with _opened(path) as file:
        tables = [file.read_row_group(number, columns=columns) for number in range(file.num_row_groups)]
        return [{(name, one) for name in columns for one in table[name].unique().to_pylist()} for table in tables]


def _table(case_id: str, number: int, phase: str, ns: Nanoseconds) -> pa.Table:
    count = len(ns)
    same = np.zeros(count, dtype=np.int32)
    columns = [
        pa.DictionaryArray.from_arrays(same, [case_id]),
        np.full(count, number, dtype=np.int16),
        pa.DictionaryArray.from_arrays(same, [phase]),
        np.arange(count, dtype=np.int32),
        ns,
    ]
    return pa.table([pa.array(column) if isinstance(column, np.ndarray) else column for column in columns], SCHEMA)


def _write(path: Path, tables: Iterable[pa.Table]) -> None:
    with (
        replacing(path) as draft,
        pq.ParquetWriter(draft, SCHEMA, compression="zstd", write_page_checksum=True) as writer,
    ):
        for table in tables:
            writer.write_table(table)
