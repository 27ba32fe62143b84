"""Files as the tools write them, made by hand: enough of each for what is read without running it."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def shape(*sizes: int) -> bytes:
    """A TensorShapeProto."""
    return b"".join(field(2, field(1, size)) for size in sizes)


def node(name: str, operation: str, *inputs: str, **attributes: bytes) -> bytes:
    """A NodeDef within a GraphDef."""
    extra = b"".join(field(5, field(1, key) + field(2, value)) for key, value in attributes.items())
    return field(1, field(1, name) + field(2, operation) + b"".join(field(3, one) for one in inputs) + extra)


def frozen_graph(path: Path, *, variable: bool = False) -> Path:
    """A placeholder of a free batch, a convolution, and a softmax that nobody reads."""
    given = node("image", "Placeholder", dtype=field(6, 1), shape=field(7, shape(-1, 32, 32, 3)))
    weights = node("weights", "VariableV2" if variable else "Const")
    path.write_bytes(given + weights + node("conv", "Conv2D", "image", "weights") + node("scores", "Softmax", "conv:0"))
    return path


def saved_model(folder: Path, *, signature: bool = True, variables: bool = True) -> Path:
    """A SavedModel of TensorFlow 2.21 with one signature."""
    folder.mkdir()

    def end(key: str, name: str, *sizes: int) -> bytes:
        return field(1, key) + field(2, field(1, name) + field(2, 1) + field(3, shape(*sizes)))

    body = field(1, end("image", "serve_image:0", -1, 32, 32, 3)) + field(2, end("scores", "call:0", -1, 10))
    graph = field(1, field(4, "serve") + field(5, "2.21.0")) + field(2, node("kernel", "VarHandleOp"))
    graph += field(5, field(1, "serving_default") + field(2, body)) if signature else b""
    (folder / "saved_model.pb").write_bytes(field(1, 1) + field(2, graph))
    if variables:
        (folder / "variables").mkdir()
        (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def keras_config(*layers: dict[str, Any]) -> dict[str, Any]:
    given = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 32, 32, 3], "dtype": "float32", "name": "image"},
        "registered_name": None,
    }
    return {"module": "keras", "class_name": "Functional", "config": {"name": "digits", "layers": [given, *layers]}}


def layer(name: str, module: str = "keras.layers", registered: str | None = None) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": {"name": name.lower()}, "registered_name": registered}


def keras_zip(path: Path, *layers: dict[str, Any], version: str = "3.15.1") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(keras_config(*layers)))
        archive.writestr("model.weights.h5", b"weights")
    return path


def h5(path: Path, *layers: dict[str, Any], version: str = "3.15.1") -> Path:
    """A superblock of version 0, and the attributes as HDF5 lays them down."""
    config = json.dumps(keras_config(*layers)).encode()
    body = (
        b"keras_version\0\0\0"
        + struct.pack("<HHI", 1, 2, 3)
        + version.encode()
        + b"\0\0model_config\0"
        + config
        + b"\0"
    )
    head = b"\x89HDF\r\n\x1a\n" + bytes(32)
    path.write_bytes(head + struct.pack("<Q", len(head) + 8 + len(body)) + body)
    return path


def onnx(path: Path, *, beside: str = "", batch: int | str = 1) -> Path:
    """One convolution with a picture as NCHW. beside: the file that says to hold its weights."""
    first = field(1, field(2, batch) if isinstance(batch, str) else field(1, batch))
    sizes = first + b"".join(field(1, field(1, size)) for size in (3, 32, 32))
    given = field(1, "image") + field(2, field(1, field(1, 1) + field(2, sizes)))
    scores = field(1, "scores") + field(
        2, field(1, field(1, 1) + field(2, field(1, field(1, 1)) + field(1, field(1, 10))))
    )
    weights = field(8, "weights") + (
        field(14, 1) + field(13, field(1, "location") + field(2, beside)) if beside else b""
    )
    graph = field(1, field(1, "image") + field(1, "weights") + field(2, "scores") + field(4, "Conv"))
    graph += field(5, weights) + field(11, given) + field(12, scores)
    model = field(1, 8) + field(2, "pytorch") + field(3, "2.14.1") + field(7, graph) + field(8, field(2, 13))
    path.write_bytes(model)
    return path


def exported_program(path: Path) -> Path:
    """What torch.export.save writes: JSON in a zip."""
    graph = {
        "tensor_values": {"x": {"dtype": 7, "sizes": [{"as_int": 1}, {"as_int": 3}, {"as_expr": {}}, {"as_int": 32}]}}
    }
    specs = [{"parameter": {}}, {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}]
    program = {
        "schema_version": {"major": 8, "minor": 2},
        "graph_module": {"graph": graph, "signature": {"input_specs": specs}},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/models/model.json", json.dumps(program))
        archive.writestr("net/archive_format", "pt2")
    return path
