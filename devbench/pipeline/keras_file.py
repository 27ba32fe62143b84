"""Reads what Keras files say of themselves: `.keras` (a zip) and `.h5`. Keras is not needed, and nothing is run."""

from __future__ import annotations

import json
import mmap
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devbench.domain.model import TensorSpec
from devbench.errors import ModelError
from devbench.pipeline.archive import member
from devbench.pipeline.source import KERAS, KERAS2, KERAS2_H5, KERAS_H5, Obstacle, Source

_CONFIG_BEGINS = (b'{"class_name"', b'{"module"', b'{"name"')
_MOST_CONFIG_BYTES = 64 << 20
_VERSION = re.compile(rb"keras_version\0[\0-\xff]{0,200}?([1-9][0-9]{0,2}\.[0-9]{1,3}\.[0-9][0-9a-z.+-]{0,30})")
_VERSION_NAME = b"keras_version\0"
_MOST_HEADER_BYTES = 100  # of an attribute, after its name
_OF_QAT = ("QuantizeLayer", "QuantizeWrapper", "QuantizeWrapperV2", "QuantizeAnnotate")
_KERAS = re.compile(r"(keras|tf_keras|tensorflow\.python\.keras)(\.|$)")
_FREE = (None, -1)


def is_keras_zip(names: list[str]) -> bool:
    """Whether a zip with these names is a `.keras` file."""
    return {"config.json", "metadata.json"} <= set(names)


def read_keras_zip(path: Path, archive: zipfile.ZipFile) -> Source:
    """The network in a `.keras` file. A ValueError if it is damaged."""
    config = json.loads(member(archive, "config.json"))
    version = str(json.loads(member(archive, "metadata.json")).get("keras_version", ""))
    if "model.weights.h5" not in archive.namelist():
        raise ValueError("its weights are missing (model.weights.h5)")
    return _source(path, KERAS2 if version.startswith("2.") else KERAS, version, config)


def read_h5(path: Path) -> Source:
    """The network in an `.h5` file; a `ModelError` if it holds something else."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _check_whole(path, data)
        version = _version(data)
        config = _config(data)
    if config is None:
        what = "weights alone" if version or b"weight_names" in path.read_bytes()[: 1 << 20] else "no Keras network"
        raise ModelError(f"{path}: this H5 file holds {what}", "Save the whole network: model.save('network.keras').")
    return _source(path, KERAS_H5 if version.startswith("3.") else KERAS2_H5, version, config)


def _check_whole(path: Path, data: mmap.mmap) -> None:
    """A superblock says where the file ends: at byte 40 in the versions 0 and 1, at byte 28 in the later ones."""
    at = 40 if data[8] < 2 else 28  # noqa: PLR2004
    end = int.from_bytes(data[at : at + 8], "little")
    if len(data) < max(end, at + 8):
        raise ModelError(
            f"{path}: the file is damaged or cut short ({len(data)} of {end} bytes)", "Get it again, or save it again."
        )


def _version(data: mmap.mmap) -> str:
    """The attribute `keras_version`: text beside its name, or in a heap that stands somewhere else."""
    position = data.find(_VERSION_NAME)
    while position >= 0:
        for at in range(position + len(_VERSION_NAME), min(position + _MOST_HEADER_BYTES, len(data) - 16)):
            length, heap, number = struct.unpack_from("<IQI", data, at)
            if 0 < length < _MOST_HEADER_BYTES and data[heap : heap + 4] == b"GCOL":
                return _in_heap(data, heap, number)[:length].decode(errors="replace")
        position = data.find(_VERSION_NAME, position + 1)
    found = _VERSION.search(data)
    return found[1].decode() if found else ""


def _in_heap(data: mmap.mmap, heap: int, number: int) -> bytes:
    """The object of this number in a global heap collection; each begins at a multiple of 8."""
    end = heap + int(struct.unpack_from("<Q", data, heap + 8)[0])
    at = heap + 16
    while at + 16 <= min(end, len(data)):
        own, _, _, size = struct.unpack_from("<HHIQ", data, at)
        if own in (number, 0):
            return data[at + 16 : at + 16 + size] if own else b""
        at += 16 + -(-size // 8) * 8
    return b""


def _config(data: mmap.mmap) -> dict[str, Any] | None:
    """The attribute `model_config`: JSON, which stands in the file as it is."""
    for begin in _CONFIG_BEGINS:
        position = data.find(begin)
        while position >= 0:
            text = data[position : position + _MOST_CONFIG_BYTES].split(b"\0", 1)[0].decode(errors="replace")
            try:
                found, _ = json.JSONDecoder().raw_decode(text)
                if isinstance(found, dict) and isinstance(found.get("config"), dict | list):
                    return found
            except (ValueError, RecursionError):
                pass
            position = data.find(begin, position + 1)
    return None


def _source(path: Path, kind: str, version: str, config: Any) -> Source:
    if not isinstance(config, dict):
        raise TypeError("its configuration is not that of a network")
    layers = list(_layers(config))
    about = {"written by": f"Keras {version}"} if version else {}
    if any(one.get("class_name") in _OF_QAT for one in layers):
        about["quantization-aware training"] = "tfmot"
    return Source(
        path=path,
        format=kind,
        files=(path,),
        precision="int8" if "quantization-aware training" in about else "float32",
        inputs=tuple(_inputs(config, layers)),
        about={**about, "layers": str(len(layers))},
        obstacles=tuple(_obstacles(layers)),
    )


def _layers(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All layers, those of networks within networks too."""
    waiting = [config]
    while waiting:
        one = waiting.pop(0)
        inner = one.get("config")
        within = inner.get("layers", []) if isinstance(inner, dict) else inner if isinstance(inner, list) else []
        wrapped = [
            inner[key] for key in ("layer", "model") if isinstance(inner, dict) and isinstance(inner.get(key), dict)
        ]
        found = [layer for layer in (*within, *wrapped) if isinstance(layer, dict) and "class_name" in layer]
        yield from found
        waiting += found


def _inputs(config: dict[str, Any], layers: list[dict[str, Any]]) -> Iterator[TensorSpec]:
    top = config.get("config")
    own = top.get("layers", []) if isinstance(top, dict) else []
    given = [one for one in own if isinstance(one, dict) and one.get("class_name") == "InputLayer"]
    for layer in given:
        settings = layer.get("config", {})
        shape = settings.get("batch_shape") or settings.get("batch_input_shape")
        if isinstance(shape, list):
            yield _spec(str(settings.get("name", "")), shape, settings.get("dtype"))
    if given:
        return
    for settings in (config.get("build_config"), *(one.get("config") for one in layers[:1])):
        if isinstance(settings, dict):
            shape = settings.get("input_shape") or settings.get("batch_input_shape")
            if isinstance(shape, list):
                yield _spec("", shape, None)
                return


def _spec(name: str, shape: list[Any], dtype: Any) -> TensorSpec:
    sizes = tuple(-1 if size in _FREE else int(size) for size in shape)
    return TensorSpec(name=name, dtype=dtype if isinstance(dtype, str) else "float32", shape=sizes)


def _obstacles(layers: list[dict[str, Any]]) -> Iterator[Obstacle]:
    strange = {str(one["class_name"]): str(one.get("module") or "") for one in layers if _is_custom(one)}
    if strange:
        names = ", ".join(sorted(strange))
        yield Obstacle(
            text=f"it has layers of somebody's own: {names}",
            hint="Their code is not in the file. Export it with its graph: model.export('folder') gives a SavedModel.",
            fatal=True,
        )
    if any(one["class_name"] == "Lambda" for one in layers):
        yield Obstacle(
            text="it has a Lambda layer, which is Python code within the file, and devbench does not run that",
            hint="Export it with its graph: model.export('folder') gives a SavedModel.",
            fatal=True,
        )


def _is_custom(layer: dict[str, Any]) -> bool:
    """Keras 3 says where a class comes from; of Keras 2, only what is registered under a package of its own shows."""
    module = layer.get("module")
    registered = str(layer.get("registered_name") or "")
    if layer["class_name"] in _OF_QAT:
        return False
    if isinstance(module, str) and module:
        return not _KERAS.match(module)
    return ">" in registered or ">" in str(layer["class_name"])
