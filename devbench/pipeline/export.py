"""Folders: a SavedModel, or what Vertex AI, Teachable Machine and others export: a network with labels beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from devbench.errors import ModelError
from devbench.files import read_regular
from devbench.models.prediction import label_names
from devbench.pipeline.source import Source
from devbench.pipeline.tensorflow_file import GRAPH_FILE, read_saved_model
from devbench.pipeline.tflite_source import COMPILED

_NETWORKS = (".tflite", ".onnx", ".keras", ".h5", ".pb", ".pt2")
_LABELS = ("dict.txt", "labels.txt", "label.txt", "labelmap.txt")
_METADATA = "tflite_metadata.json"
_MOST_FILES = 5000
_MOST_TEXT_BYTES = 4 << 20
_NEVER = {".mlmodel": "Core ML", ".mlpackage": "Core ML", ".pth": "a pickle of PyTorch", ".pt": "PyTorch"}


def read_folder(folder: Path, recognise: Callable[[Path], Source]) -> Source:
    """The network in `folder`, with labels and metadata from beside it; a `ModelError` if there is none, or several."""
    files = sorted(_files(folder))
    if (folder / GRAPH_FILE).is_file():
        return _with_labels(read_saved_model(folder), files)
    saved = sorted(one.parent for one in files if one.name == GRAPH_FILE)
    networks = [one for one in files if one.suffix.lower() in _NETWORKS and not any(map(one.is_relative_to, saved))]
    found = [*saved, *networks]
    if not found:
        raise _nothing(folder, files)
    chosen = found[0] if len(found) == 1 else _chosen(folder, found)
    return _with_labels(recognise(chosen), files)


def _files(folder: Path) -> Iterator[Path]:
    """Those that a listing shows, not too many; nothing that a link leads to."""
    for count, path in enumerate(folder.rglob("*")):
        if count >= _MOST_FILES:
            raise ModelError(f"{folder}: has more than {_MOST_FILES} files", "Name the network itself.")
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _chosen(folder: Path, found: list[Path]) -> Path:
    """The only one that is not compiled for an accelerator; else the user has to say."""
    plain = [one for one in found if not _is_compiled(one)]
    if len(plain) == 1:
        return plain[0]
    names = ", ".join(str(one.relative_to(folder)) for one in found[:5])
    more = ", …" if len(found) > 5 else ""  # noqa: PLR2004
    raise ModelError(f"{folder}: holds {len(found)} networks: {names}{more}", "Name one of them as the source.")


def _is_compiled(path: Path) -> bool:
    return path.suffix == ".tflite" and COMPILED.encode() in read_regular(path, 1 << 31)


def _nothing(folder: Path, files: list[Path]) -> ModelError:
    for path in files:
        if kind := _NEVER.get(path.suffix):
            return ModelError(
                f"{folder}: holds {kind} ({path.name}), which cannot be measured here",
                "Export it as TensorFlow Lite, SavedModel or ONNX.",
            )
        if path.name == "model.json":
            return ModelError(
                f"{folder}: holds a TensorFlow.js network, which no runtime here loads",
                "Export it again as TensorFlow Lite or SavedModel.",
            )
    hint = "A SavedModel is the folder with saved_model.pb."
    return ModelError(f"{folder}: there is no network in this folder", hint)


def _with_labels(source: Source, files: list[Path]) -> Source:
    """Labels of the network itself come first; those of the export are in a file beside it."""
    listed = next((one for name in _LABELS for one in files if one.name == name), None)
    metadata = next((one for one in files if one.name == _METADATA), None)
    about = dict(source.about)
    if metadata:
        about |= _vertex(metadata)
    labels = source.labels
    if listed and not labels:
        labels = _labels(listed)
        about["labels in"] = listed.name
    return replace(source, labels=labels, about=about, export=_kind(listed, metadata))


def _kind(listed: Path | None, metadata: Path | None) -> str:
    if metadata or (listed and listed.name == "dict.txt"):
        return "a Vertex AI Edge (AutoML) export"
    if listed and listed.name == "labels.txt":
        return "an export with labels.txt, as Teachable Machine makes it"
    return ""


def _labels(path: Path) -> tuple[str, ...]:
    try:
        return tuple(label_names(read_regular(path, _MOST_TEXT_BYTES).decode("utf-8")))
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: the labels are not UTF-8 text (byte {error.start})") from error


def _vertex(path: Path) -> Mapping[str, str]:
    """What `tflite_metadata.json` says: the type of the arithmetic, and what the outputs stand for."""
    try:
        found: Any = json.loads(read_regular(path, _MOST_TEXT_BYTES))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: is damaged: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path}: is damaged: it is not an object")
    told = {"inference type": found.get("inferenceType"), "outputs are": found.get("outputTensorRepresentation")}
    return {
        name: value if isinstance(value, str) else ", ".join(map(str, value)) for name, value in told.items() if value
    }
