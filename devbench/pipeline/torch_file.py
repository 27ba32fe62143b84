"""Tells PyTorch's files apart: exported programs can be converted; pickles are code, and refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devbench.domain.model import TensorSpec
from devbench.errors import ModelError
from devbench.pipeline.archive import member
from devbench.pipeline.source import PT2, Source

_EXPORT = "torch.export.save(torch.export.export(model.eval(), (example,)), 'network.pt2')"
_PROGRAMS = ("serialized_exported_program.json", "models/model.json")
_TYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
}


def is_torch_zip(names: list[str]) -> bool:
    """Whether a zip with these names was written by PyTorch."""
    return bool(_program(names)) or any(name.endswith(("data.pkl", "constants.pkl")) for name in names)


def read_torch_zip(path: Path, archive: zipfile.ZipFile) -> Source:
    """The exported program in the archive; a `ModelError` for TorchScript and for pickled weights."""
    names = archive.namelist()
    program = _program(names)
    if not program:
        raise pickled(path, script=any("/code/" in name for name in names))
    try:
        found = json.loads(member(archive, program))
        inputs = tuple(_inputs(found))
        version = ".".join(str(found.get("schema_version", {}).get(key, "?")) for key in ("major", "minor"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        inputs, version = (), "unknown"
    return Source(path=path, format=PT2, files=(path,), inputs=inputs, about={"schema": version})


def pickled(path: Path, *, script: bool = False) -> ModelError:
    """Why such a file is not loaded."""
    if script:
        return ModelError(
            f"{path}: this is TorchScript, which no converter here reads",
            f"Export the network again: {_EXPORT}, or torch.onnx.export.",
        )
    return ModelError(
        f"{path}: this is a pickle of PyTorch: to load it is to run whatever code it holds, so devbench does not",
        f"Load it where you trust it, and export the network: {_EXPORT}, or torch.onnx.export.",
    )


def _program(names: list[str]) -> str:
    return next((name for name in names for end in _PROGRAMS if name == end or name.endswith(f"/{end}")), "")


def _inputs(program: dict[str, Any]) -> Iterator[TensorSpec]:
    """What the user gives, not the weights, with the sizes that the program fixes."""
    graph = program["graph_module"]["graph"]
    values = graph["tensor_values"]
    for one in program["graph_module"]["signature"]["input_specs"]:
        given = one.get("user_input")
        name = given["arg"]["as_tensor"]["name"] if given and "as_tensor" in given["arg"] else ""
        if name:
            about = values[name]
            shape = tuple(int(size["as_int"]) if "as_int" in size else -1 for size in about["sizes"])
            yield TensorSpec(name=name, dtype=_TYPES.get(int(about["dtype"]), "unknown"), shape=shape)
