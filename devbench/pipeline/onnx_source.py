"""Reads what an ONNX file says of itself, and which files hold its weights. The package `onnx` is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from devbench.domain.model import TensorSpec
from devbench.errors import ModelError
from devbench.pipeline.protobuf import Message, message
from devbench.pipeline.source import ONNX, Obstacle, Source

_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
_NEWEST_IR = 100
_EXTERNAL = 1
_QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul")


def is_onnx(data: bytes) -> bool:
    """Whether `data` begins as an ONNX network does: with its version, and has a graph."""
    try:
        number, version = next(iter(message(data[: 1 << 12] if len(data) < 1 << 12 else data)))
        return number == 1 and isinstance(version, int) and 0 < version < _NEWEST_IR and _has_graph(data)
    except (ValueError, StopIteration):
        return False


def _has_graph(data: bytes) -> bool:
    return any(number == 7 for number, _ in message(data))  # noqa: PLR2004 - ModelProto.graph


def read_onnx_source(path: Path, data: bytes) -> Source:
    """The network in `data`; a `ModelError` if its weights are elsewhere and not to be found."""
    try:
        model = message(data)
        graph = model.first(7)
        weights = list(graph.all(5))
        named = {one.text(8) for one in weights}
        beside = sorted({name for one in weights if one.integer(14) == _EXTERNAL for name in _locations(one)})
        kinds = [node.text(4) for node in graph.all(1)]
        opset = max((one.integer(2) for one in model.all(8) if not one.text(1)), default=0)
        inputs = tuple(spec for spec in map(_spec, graph.all(11)) if spec.name not in named)
        outputs = tuple(map(_spec, graph.all(12)))
        strange = sorted({node.text(7) for node in graph.all(1)} - {"", "ai.onnx", "ai.onnx.ml"})
    except ValueError as error:
        raise ModelError(
            f"{path}: the file is damaged or cut short ({error})", "Get it again, or export it again."
        ) from error
    if not kinds:
        raise ModelError(f"{path}: there is no graph in it", "Is it an ONNX file?")
    quantized = any(kind in _QUANTIZED for kind in kinds)
    obstacles = []
    if strange:
        text = f"it has operations of the domain {', '.join(strange)}, which few tools know"
        obstacles.append(Obstacle(text=text))
    return Source(
        path=path,
        format=ONNX,
        files=(path, *(_beside(path, name) for name in beside)),
        precision="int8" if quantized else "float32",
        inputs=inputs,
        outputs=outputs,
        about={
            "written by": " ".join(filter(None, (model.text(2), model.text(3)))),
            "opset": str(opset),
            "nodes": str(len(kinds)),
            **({"weights in": ", ".join(beside)} if beside else {}),
        },
        obstacles=tuple(obstacles),
    )


def _locations(tensor: Message) -> Iterator[str]:
    return (one.text(2) for one in tensor.all(13) if one.text(1) == "location")


def _beside(path: Path, name: str) -> Path:
    """The file of weights `name`, which must be beside the network, as ONNX has it."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not name:
        raise ModelError(f"{path}: says that its weights are in {name!r}, outside of its folder", "Do not use it.")
    found = path.parent / relative
    if not found.is_file() or not found.resolve().is_relative_to(path.parent.resolve()):
        raise ModelError(
            f"{path}: its weights are in another file, {name}, which is not beside it",
            "Copy both files, or save the network as one: torch.onnx.export(..., external_data=False).",
        )
    return found


def _spec(value: Message) -> TensorSpec:
    tensor = value.first(2).first(1)
    shape = tuple(_size(one) for one in tensor.first(2).all(1))
    return TensorSpec(name=value.text(1), dtype=_TYPES.get(tensor.integer(1), "unknown"), shape=shape)


def _size(dimension: Message) -> int:
    size = dimension.integer(1, -1)
    return size if size > 0 else -1
