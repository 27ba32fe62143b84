"""The files of a history: each is written once, whole, under a name with its own checksum, and never changed.

So any number of writers on any number of hosts may add files beside readers. A file that was cut or altered does not
have the checksum in its name: it is left out, said so, and never parsed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.parquet as pq
from annotated_types import MaxLen, MinLen
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from devbench.domain.night import SeriesKey
from devbench.domain.ranges import Count
from devbench.errors import DamagedError
from devbench.files import make_folder, read_regular, sync_folder
from devbench.history.columns import COLUMNS, SCHEMA, as_tuple

RUNS, MONTHS, CHANGES = "runs", "months", "changes"
_NAME = re.compile(r"(?P<what>[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:-[0-9]+)?)?)_(?P<key>[0-9a-zA-Z]+)_(?P<sum>[0-9a-f]{16})")
_SUFFIX = ".parquet"
_LARGEST_BYTES = 1 << 30
_ABOUT, _RUNS = b"devbench.history", b"devbench.history.runs"
_ROW_GROUP = 16_384
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, order=True)
class FileName:
    """What the name of a file says.

    what: its night, or its month. key: its run, or its generation. sum: the checksum of its bytes.
    """

    what: str
    key: str
    sum: str

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return f"{self.what}_{self.key}_{self.sum}"


@dataclass(frozen=True)
class Folded:
    """A run file that a month has taken in, or found to be older than what it has of that run; and since when."""

    key: str
    sum: str
    folded_utc: str
    measured: Count
    finished: bool

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Of two files of one run, the greater one counts: a run that was continued has more cases."""
        return self.finished, self.measured, self.sum


@checked(frozen=True)
class About:
    """What a file says of itself. schema: of its columns. series: the parts of their keys.

    measured, finished: of a run: how many cases it has measured, and whether it was over.
    """

    schema: int
    series: tuple[Annotated[tuple[str, ...], MinLen(6), MaxLen(6)], ...]
    measured: Count = 0
    finished: bool = True


def rank_of(about: About, name: FileName) -> tuple[bool, int, str]:
    """As `Folded.rank`, of a run file."""
    return about.finished, about.measured, name.sum


_CHECK: TypeAdapter[About] = TypeAdapter(About)
_ROWS: TypeAdapter[list[tuple[str, str, str, Count, bool]]] = TypeAdapter(list[tuple[str, str, str, Count, bool]])


def listed(folder: Path, suffix: str = _SUFFIX) -> list[tuple[FileName, Path]]:
    """The files in `folder` that have a name of ours, sorted; none where there is no such folder. Raises OSError."""
    found = []
    for path in _names(folder):
        parts = _NAME.fullmatch(path.name.removesuffix(suffix))
        if parts and path.name.endswith(suffix):
            found.append((FileName(parts["what"], parts["key"], parts["sum"]), path))
    return sorted(found)


def strangers(folder: Path, suffix: str = _SUFFIX) -> list[str]:
    """Names in `folder` that are not ours, other than hidden ones. Raises OSError."""
    ours = {path for _, path in listed(folder, suffix)}
    return sorted(path.name for path in _names(folder) if path not in ours and not path.name.startswith("."))


def _names(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def checked_bytes(name: FileName, path: Path) -> bytes:
    """The bytes of a file, which have the checksum of its name; a `DamagedError` else, FileNotFoundError if gone."""
    try:
        data = read_regular(path, _LARGEST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not data:
        raise DamagedError(f"{path}: is empty")
    if hashlib.sha256(data).hexdigest()[:16] != name.sum:
        raise DamagedError(f"{path}: is not as it was written: its checksum differs from the one in its name")
    return data


@dataclass(eq=False)
class HistoryFile:
    """A file that is open, and what it says of itself."""

    path: Path
    file: pq.ParquetFile
    about: About

    @cached_property
    def runs(self) -> tuple[Folded, ...]:
        """The run files that a month has taken in. A year's list is long, so it is read when it is asked for."""
        text = (self.file.metadata.metadata or {}).get(_RUNS, b"[]")
        try:
            return tuple(Folded(*row) for row in _ROWS.validate_json(text))
        except ValidationError as error:
            raise DamagedError(f"{self.path}: is not a history file of devbench") from error


def open_file(data: bytes, path: Path) -> HistoryFile:
    """The Parquet file in `data`; a `DamagedError` if devbench did not write it, or its schema is another one."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        return HistoryFile(path, file, _about_of(file, path))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedError(f"{path}: is not a history file: {str(error).partition(chr(10))[0]}") from error


def _about_of(file: pq.ParquetFile, path: Path) -> About:
    text = (file.metadata.metadata or {}).get(_ABOUT)
    if text is None:
        raise DamagedError(f"{path}: was not written by devbench")
    try:
        about = _about_in(text)
    except ValueError as error:
        raise DamagedError(f"{path}: is not a history file of devbench") from error
    if isinstance(about, str):
        raise DamagedError(f"{path}: has schema {about[:20]}, and this devbench reads {SCHEMA}")
    missing = set(COLUMNS.names).difference(file.schema.names)
    if missing:
        raise DamagedError(f"{path}: has no column {min(missing)}")
    return about


@lru_cache(maxsize=4)
def _about_in(text: bytes) -> About | str:
    """What a file says of itself, or which schema it has where that is another one. Raises ValueError.

    Most months have the same thousands of series, so that it is the same text.
    """
    try:
        about = _CHECK.validate_json(text)
    except ValidationError:
        about = None
    if about and about.schema == SCHEMA:
        return about
    try:
        schema = json.loads(text)["schema"]
    except (KeyError, TypeError) as error:
        raise ValueError from error
    if schema == SCHEMA:
        raise ValueError
    return str(schema)


def encoded(table: pa.Table, series: Sequence[SeriesKey], runs: Sequence[Folded] = (), **about: Any) -> bytes:
    """The bytes of a file with these rows, sorted by series and night. runs: of a month, those that are in it."""
    document = {"schema": SCHEMA, "series": [as_tuple(key) for key in series], **about}
    told = [(one.key, one.sum, one.folded_utc, one.measured, one.finished) for one in runs]
    metadata = {_ABOUT: json.dumps(document, ensure_ascii=False), _RUNS: json.dumps(told)}
    table = table.replace_schema_metadata(metadata)
    floats = [field.name for field in COLUMNS if pa.types.is_floating(field.type)]
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        row_group_size=_ROW_GROUP,
        use_dictionary=[field.name for field in COLUMNS if field.name not in floats],
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
        write_page_checksum=True,
    )
    return sink.getvalue()


def put(folder: Path, what: str, key: str, data: bytes, suffix: str = _SUFFIX) -> tuple[FileName, bool]:
    """Put `data` into `folder` under a name of its own; the name, and whether it was new. Raises OSError.

    Never over a file that is there. One that has our name and other bytes is damaged: it is put aside, and kept.
    """
    name = FileName(what, key, hashlib.sha256(data).hexdigest()[:16])
    path = folder / f"{name.stem}{suffix}"
    make_folder(folder)
    draft = folder / f".{name.stem}.{secrets.token_hex(4)}.{os.getpid()}.tmp"
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new = _linked(draft, path, name)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)
    return name, new


def _linked(draft: Path, path: Path, name: FileName) -> bool:
    for _ in range(3):
        try:
            os.link(draft, path)
        except (
            FileExistsError
        ):  # somebody has just done the same, or a reply over the network was lost, or it is damaged
            if _is_whole(path, name):
                return False
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_name(f"{path.name}.damaged-{secrets.token_hex(3)}"))
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            draft.rename(path)  # a file system without links; the bytes are those of the name, so nothing is lost
            return True
        else:
            return True
    raise OSError(errno.EEXIST, "a file is in the way", str(path))


def _is_whole(path: Path, name: FileName) -> bool:
    try:
        checked_bytes(name, path)
    except (DamagedError, OSError):
        return False
    return True
