"""Reads what Model Maker and Google's own files say within a `.tflite`: labels, and how pictures are prepared.

The schema is TensorFlow Lite's metadata_schema.fbs; the labels are in a zip at the end of the file.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devbench.domain.making import Preparation
from devbench.files import read_regular
from devbench.models.prediction import label_names

_BUFFER = b"TFLITE_METADATA"
_IDENTIFIER = b"M001"
_LARGEST_BYTES = 1 << 31
_MOST_LABELS_BYTES = 4 << 20
_MOST_ITEMS = 1000
_NORMALIZATION, _AXIS_LABELS = 1, 2
_COLOURS = {1: "rgb", 2: "greyscale"}


@dataclass(frozen=True, kw_only=True)
class TfliteMetadata:
    """colours: "rgb", "greyscale" or ""."""

    name: str = ""
    preparation: Preparation | None = None
    colours: str = ""
    labels: tuple[str, ...] = ()


def read_metadata(path: Path) -> TfliteMetadata | None:
    """The metadata in the whole .tflite file at `path`; None if it has none, or none that can be read. OSError."""
    import tflite

    data = read_regular(path, _LARGEST_BYTES)
    model = tflite.Model.GetRootAs(data, 0)
    for index in range(min(model.MetadataLength(), _MOST_ITEMS)):
        one = model.Metadata(index)
        if one.Name() == _BUFFER:
            found = model.Buffers(one.Buffer())
            content = bytes(found.DataAsNumpy()) if found.DataLength() else b""
            try:
                return _read(content, data)
            except (struct.error, IndexError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, RuntimeError):
                return None
    return None


def _read(content: bytes, file: bytes) -> TfliteMetadata | None:
    if content[4:8] != _IDENTIFIER:
        return None
    top = _root(content)
    graph = next(_tables(top, 3), None)
    given = next(_tables(graph, 2), None) if graph else None
    results = list(_tables(graph, 3)) if graph else []
    names = [_text(one, 0) for result in results for one in _tables(result, 6) if _byte(one, 2) == _AXIS_LABELS]
    content_options = _table(given, 3) if given else None
    properties = _table(content_options, 1) if content_options else None
    return TfliteMetadata(
        name=_text(top, 0),
        preparation=_preparation(given) if given else None,
        colours=_COLOURS.get(_byte(properties, 0), "") if properties else "",
        labels=_labels(file, names[0]) if names else (),
    )


def _preparation(given: Any) -> Preparation | None:
    for unit in _tables(given, 4):
        options = _table(unit, 1)
        if _byte(unit, 0) == _NORMALIZATION and options:
            means, deviations = _floats(options, 0), _floats(options, 1)
            if means and len(means) == len(deviations) and all(one > 0 for one in deviations):
                alike = len(set(means)) == len(set(deviations)) == 1
                return Preparation(mean=means[0] if alike else means, std=deviations[0] if alike else deviations)
    return None


def _labels(file: bytes, name: str) -> tuple[str, ...]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        if archive.getinfo(name).file_size > _MOST_LABELS_BYTES:
            return ()
        return tuple(label_names(archive.read(name).decode("utf-8")))


def _root(content: bytes) -> Any:
    from flatbuffers.table import Table

    return Table(bytearray(content), struct.unpack_from("<I", content)[0])


def _field(table: Any, slot: int) -> int:
    """Where the field stands; 0 if it is not there."""
    offset = table.Offset(4 + 2 * slot)
    return int(offset + table.Pos) if offset else 0


def _table(table: Any, slot: int) -> Any:
    from flatbuffers.table import Table

    at = _field(table, slot)
    return Table(table.Bytes, table.Indirect(at)) if at else None


def _tables(table: Any, slot: int) -> Iterator[Any]:
    from flatbuffers.table import Table

    offset = table.Offset(4 + 2 * slot)
    if not offset:
        return
    begin, count = table.Vector(offset), min(table.VectorLen(offset), _MOST_ITEMS)
    for index in range(count):
        yield Table(table.Bytes, table.Indirect(begin + 4 * index))


def _text(table: Any, slot: int) -> str:
    at = _field(table, slot)
    return bytes(table.String(at)).decode(errors="replace") if at else ""


def _byte(table: Any, slot: int) -> int:
    at = _field(table, slot)
    return int(table.Bytes[at]) if at else 0


def _floats(table: Any, slot: int) -> tuple[float, ...]:
    offset = table.Offset(4 + 2 * slot)
    if not offset:
        return ()
    begin, count = table.Vector(offset), min(table.VectorLen(offset), _MOST_ITEMS)
    return struct.unpack_from(f"<{count}f", table.Bytes, begin)
