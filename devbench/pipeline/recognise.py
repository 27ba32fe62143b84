"""What is it? By content rather than by name, without TensorFlow and without running anything of it."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from devbench.errors import ModelError
from devbench.files import open_regular, read_regular
from devbench.pipeline.archive import opened
from devbench.pipeline.keras_file import is_keras_zip, read_h5, read_keras_zip
from devbench.pipeline.onnx_source import is_onnx, read_onnx_source
from devbench.pipeline.source import Obstacle, Source
from devbench.pipeline.tensorflow_file import GRAPH_FILE, is_graph, read_frozen_graph, read_saved_model
from devbench.pipeline.tflite_source import read_tflite_source
from devbench.pipeline.torch_file import is_torch_zip, pickled, read_torch_zip

Unpack = Callable[[Path], Path]  # the folder that an archive was unpacked into

_HEAD_BYTES = 1 << 16
_MOST_GRAPH_BYTES = 1 << 31  # protobuf takes no more, nor do the offsets of a .tflite file
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SMALLER = "Make it smaller: with float16 weights, or with fewer of them."
_ENGINES = (b"ptrt", b"ftrt")
# What readers of a hostile file run into; it stands in one place, so that none is forgotten.
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    struct.error,
)
_KNOWN = (
    "Keras (.keras, .h5), SavedModel, frozen graph (.pb), .tflite, ONNX, PyTorch (.pt2), and folders and zips of these"
)


def recognise(path: Path, unpack: Unpack) -> Source:
    """What the file or folder at `path` is; a `ModelError` says why it cannot be measured, or is not known.

    unpack: unpacks an archive of several files, such as an export of Vertex AI, and gives the folder.
    """
    try:
        if path.is_dir():
            from devbench.pipeline.export import read_folder

            return _sized(read_folder(path, lambda one: recognise(one, unpack)))
        with open_regular(path) as file:
            head, size = file.read(_HEAD_BYTES), os.fstat(file.fileno()).st_size
        return _sized(_file(path, head, size, unpack))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}", "Name a file or folder.") from error
    except _DAMAGE as error:
        raise ModelError(
            f"{path}: the file is damaged or cut short ({error})", "Get it again, or save it again."
        ) from error


def _sized(source: Source) -> Source:
    """With what stands in the way of a source whose files are together too large for what is made of it."""
    size = sum(path.stat().st_size for path in source.files)
    if size <= _MOST_GRAPH_BYTES or any(one.fatal for one in source.obstacles):
        return source
    obstacle = Obstacle(text=_too_large(size), hint=_SMALLER, fatal=True)
    return replace(source, obstacles=(*source.obstacles, obstacle))


def _too_large(size: int) -> str:
    return f"it is {size / 1e9:.1f} GB large, and what is measured, a .tflite or ONNX file, holds at most 2"


def _refuse_too_large(path: Path, size: int) -> None:
    """Before it is read: that would take minutes, and the memory."""
    if size > _MOST_GRAPH_BYTES:
        raise ModelError(f"{path}: {_too_large(size)}", _SMALLER)


def _file(path: Path, head: bytes, size: int, unpack: Unpack) -> Source:
    if head.startswith(b"PK\x03\x04"):
        return _archive(path, unpack)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise pickled(path)
    _refuse_too_large(path, size)
    if head[4:8] == b"TFL3":
        return read_tflite_source(path)
    if head.startswith(_HDF5):
        return read_h5(path)
    if path.suffix == ".tflite":
        return read_tflite_source(path)  # says what it is instead
    refuse_other(path, head)
    if path.name == GRAPH_FILE and not is_graph(head):
        return read_saved_model(path.parent)
    data = read_regular(path, _MOST_GRAPH_BYTES)
    if is_graph(data):
        return read_frozen_graph(path, data)
    if is_onnx(data):
        return read_onnx_source(path, data)
    if path.suffix == ".onnx":
        hint = "Get it again, or export it again."
        raise ModelError(f"{path}: cannot be read as ONNX: there is no graph in it", hint)
    raise ModelError(f"{path}: this is not a network that devbench knows", f"It knows {_KNOWN}.")


def _archive(path: Path, unpack: Unpack) -> Source:
    with opened(path) as archive:
        names = archive.namelist()
        _refuse_too_large(path, max((info.file_size for info in archive.infolist()), default=0))
        if is_keras_zip(names):
            return read_keras_zip(path, archive)
        if is_torch_zip(names):
            return read_torch_zip(path, archive)
    return recognise(unpack(path), unpack)


def refuse_other(path: Path, head: bytes) -> None:
    """A `ModelError` for what people take for a network, and for what devbench cannot measure."""
    start = head[:512].lstrip().lower()
    if not head:
        raise ModelError(f"{path}: the file is empty", "Get it again.")
    if start.startswith((b"<!doctype html", b"<html")):
        raise ModelError(
            f"{path}: this is an HTML page, not a network",
            "Download the file itself: on GitHub, the address with /raw/ instead of /blob/.",
        )
    if start.startswith(b"version https://git-lfs"):
        raise ModelError(
            f"{path}: this is a Git LFS pointer, which stands for the file, not the file",
            "Get the file with `git lfs pull`, or download it by its /raw/ address.",
        )
    if start.startswith(b"<?xml") and b"<net " in start:
        raise ModelError(
            f"{path}: this is the intermediate form of a network (XML), whose weights are in a .bin file",
            "Give what it was made from, ONNX or .tflite: the runtime that reads this form loads both.",
        )
    if head[:4] in _ENGINES:
        raise ModelError(
            f"{path}: this is an engine, built for one GPU and one version of its runtime",
            "Give what it was built from, ONNX say: devbench builds the engine where it measures.",
        )
    if path.suffix == ".json" or start.startswith(b"{"):
        _refuse_json(path)


def _refuse_json(path: Path) -> None:
    try:
        found = json.loads(read_regular(path, 64 << 20))
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(found, dict) and "modelTopology" in found:
        raise ModelError(
            f"{path}: this is a TensorFlow.js network, which no runtime here loads",
            "Export it again as TensorFlow Lite or SavedModel.",
        )
