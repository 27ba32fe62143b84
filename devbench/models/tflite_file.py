"""Reads what a .tflite file says of itself: tensors, types, shapes, operations. It runs nothing."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tflite

from devbench.domain.model import TensorSpec
from devbench.errors import ModelError
from devbench.files import read_regular

IDENTIFIER = b"TFL3"
_LARGEST_BYTES = 1 << 31  # offsets in the format have 32 bits, the first of them a sign
_MOST_DIMENSIONS = 32
_NAMES_OVER_FILE = 16  # tensors may share a name's bytes
_HINT = "Name a .tflite file."
# Other types (int32 biases and shapes, int64 indices, bool) say nothing about the arithmetic.
_PRECISIONS = {
    "float16": "float16",
    "float32": "float32",
    "float64": "float64",
    "int4": "int4",
    "int8": "int8",
    "uint8": "int8",
    "int16": "int16",
}
_TYPES = {
    getattr(tflite.TensorType, name): name.lower() for name in vars(tflite.TensorType) if not name.startswith("_")
}
_OPERATORS = {
    getattr(tflite.BuiltinOperator, name): name for name in vars(tflite.BuiltinOperator) if not name.startswith("_")
}


@dataclass(frozen=True, kw_only=True)
class TfliteFile:
    """What stands in a .tflite file.

    tensor_types: how many tensors of each type, all subgraphs together.
    operations: how often each operation occurs; a custom one by its own name.
    dynamic: names of tensors with a size that is not fixed (-1 in the shape signature).
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensor_types: Mapping[str, int]
    operations: Mapping[str, int]
    dynamic: tuple[str, ...]

    @property
    def precision(self) -> str:
        """`int8` (signed or not) or `float32` if the network computes in that alone, `mixed` if in several."""
        found = {_PRECISIONS[name] for name in self.tensor_types if name in _PRECISIONS}
        return found.pop() if len(found) == 1 else "mixed" if found else "unknown"


def read_tflite(path: Path) -> TfliteFile:
    """Read the file at `path`; a `ModelError` says why it is not a whole .tflite file."""
    try:
        data = read_regular(path, _LARGEST_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}", _HINT) from error
    if data[4:8] != IDENTIFIER:
        raise ModelError(
            f"{path}: this is not a TensorFlow Lite file (bytes 4 to 8 are {data[4:8]!r}, not {IDENTIFIER!r})",
            "Convert the model to .tflite first.",
        )
    try:
        return _read(tflite.Model.GetRootAs(data, 0), len(data))
    except (
        struct.error,
        IndexError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise ModelError(
            f"{path}: the file is damaged or cut short ({len(data)} bytes)",
            "Get it again, and compare its sha256.",
        ) from error


def _read(model: Any, size: int) -> TfliteFile:
    _check_buffers(model, size)
    graphs = [model.Subgraphs(index) for index in range(model.SubgraphsLength())]
    _check_counts(model, graphs, size)
    codes = [_code_name(model.OperatorCodes(index)) for index in range(model.OperatorCodesLength())]
    specs = [[_spec(graph.Tensors(position)) for position in range(graph.TensorsLength())] for graph in graphs]
    everything = [spec for of_graph in specs for spec in of_graph]
    if sum(map(len, codes)) + sum(len(spec.name) for spec in everything) > _NAMES_OVER_FILE * size:
        raise ValueError("its names are longer than the file")
    main = graphs[0]
    return TfliteFile(
        inputs=tuple(specs[0][_index(main.Inputs(k))] for k in range(main.InputsLength())),
        outputs=tuple(specs[0][_index(main.Outputs(k))] for k in range(main.OutputsLength())),
        tensor_types=dict(Counter(spec.dtype for spec in everything)),
        operations=dict(
            Counter(
                codes[graph.Operators(position).OpcodeIndex()]
                for graph in graphs
                for position in range(graph.OperatorsLength())
            )
        ),
        dynamic=tuple(spec.name for spec in everything if -1 in spec.shape),
    )


def _check_counts(model: Any, graphs: Sequence[Any], size: int) -> None:
    """Every part takes four bytes at least. In a file made to hurt, many graphs share their parts."""
    parts = model.OperatorCodesLength() + sum(graph.TensorsLength() + graph.OperatorsLength() for graph in graphs)
    if 4 * parts > size:
        raise ValueError("it has more parts than bytes")


def _index(number: int) -> int:
    if number < 0:  # to Python, the last one
        raise IndexError(number)
    return number


def _check_buffers(model: Any, size: int) -> None:
    """Weights stand at the end of the file, so a cut file often still has its whole graph."""
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        length = buffer.DataLength()
        if length:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            if start + length > size:
                raise ValueError("a buffer ends after the file does")


def _spec(tensor: Any) -> TensorSpec:
    if max(tensor.ShapeLength(), tensor.ShapeSignatureLength()) > _MOST_DIMENSIONS:
        raise ValueError("a tensor has too many dimensions")
    signature = tensor.ShapeSignatureAsNumpy() if tensor.ShapeSignatureLength() else None
    shape = signature if signature is not None else [tensor.Shape(k) for k in range(tensor.ShapeLength())]
    scale, zero_point = _quantization(tensor.Quantization())
    return TensorSpec(
        name=(tensor.Name() or b"").decode(errors="replace"),
        dtype=_TYPES.get(tensor.Type(), f"type {tensor.Type()}"),
        shape=tuple(int(size) for size in shape),
        scale=scale,
        zero_point=zero_point,
    )


def _quantization(quantization: Any) -> tuple[float, int]:
    """Scale and zero point of a tensor quantized as a whole; per-channel weights and floats give (0, 0)."""
    if quantization is None or quantization.ScaleLength() != 1 or quantization.ZeroPointLength() != 1:
        return 0.0, 0
    scale = float(quantization.Scale(0))
    if not (math.isfinite(scale) and scale >= 0):
        raise ValueError("a scale is not a positive number")
    return scale, int(quantization.ZeroPoint(0))


def _code_name(code: Any) -> str:
    if code.CustomCode():
        return str(code.CustomCode().decode(errors="replace"))
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # old files fill only the deprecated field
    return str(_OPERATORS.get(number, f"operation {number}"))
