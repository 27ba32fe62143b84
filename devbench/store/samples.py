"""Samples as Parquet: one part a round while the run goes on, one file at the end."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from devbench.domain.outcome import Nanoseconds, Round
from devbench.errors import RunFolderError

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
    """The samples of one round, whole or not at all. Raises OSError."""
    phases = {"warmup": done.warmup_ns, "steady": done.samples_ns, "compute": done.compute_ns}
    tables = [_table(case_id, done.about.index, phase, ns) for phase, ns in phases.items() if len(ns)]
    _write(path, tables)


def join_parts(parts: Sequence[Path], path: Path) -> None:
    """All parts in one file, one after the other, so that memory holds one part at a time. Raises OSError."""
    _write(path, (pq.read_table(part) for part in parts))


def read_steady(path: Path, case_id: str, phase: str = "steady") -> dict[int, Nanoseconds]:
    """The steady samples of a case in the file or part at `path`, by round, in the order they were taken.

    phase: `warmup` for those before them, `compute` for those without copies.
    """
    try:
        with pq.ParquetFile(path) as file:
            groups = [
                number
                for number in range(file.num_row_groups)
                if _may_hold(file.metadata.row_group(number), case=case_id, phase=phase)
            ]
            table = file.read_row_groups(groups, columns=["case", "round", "phase", "index", "ns"])
    except (OSError, pa.ArrowInvalid) as error:
        raise RunFolderError(f"{path}: the samples cannot be read: {error}") from error
    table = table.filter((pc.field("case") == case_id) & (pc.field("phase") == phase))
    rounds = table["round"].to_numpy()
    ns = table["ns"].to_numpy()[np.lexsort((table["index"].to_numpy(), rounds))]
    rounds = np.sort(rounds)
    return {int(number): ns[rounds == number] for number in np.unique(rounds)}


def _may_hold(group: pq.RowGroupMetaData, **wanted: str) -> bool:
    """Whether the row group's bounds leave room for a row with these cells: one run's file holds many cases."""
    for index, name in enumerate(SCHEMA.names):
        bounds = group.column(index).statistics
        if name in wanted and bounds and bounds.has_min_max and not bounds.min <= wanted[name] <= bounds.max:
            return False
    return True


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
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(draft, SCHEMA, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
