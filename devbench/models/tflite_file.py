"""Reads what a .tflite file says of itself: tensors, types, shapes, operations. It runs nothing."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from devbench.domain.model import Quantization, TensorSpec
from devbench.errors import ModelError
from devbench.files import read_regular

IDENTIFIER = b"TFL3"
_LARGEST_BYTES = 1 << 31  # offsets in the format have 32 bits, the first of them a sign
_MOST_DIMENSIONS = 32
_MOST_INPUTS = 1000  # and outputs
_LONGEST_OPERATION_BYTES = 1000
_TENSOR_NAME, _CUSTOM_CODE = 10, 6  # slots in their tables, as the schema has them
_NAMES_OVER_FILE = 16  # tensors may share the bytes of a name
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


@dataclass(frozen=True, kw_only=True)
class TfliteFile:
    """What stands in a .tflite file.

    tensor_types: how many tensors of each type, all subgraphs together.
    quantized: whether any of them holds small integers with a scale.
    operations: how often each operation occurs; a custom one by its own name.
    dynamic: names of tensors with a size that is not fixed (-1 in the shape signature).
    per_channel_dense: dense layers (FULLY_CONNECTED) whose weights have more than one scale. outside: buffers whose
        data stand in the file, but outside the FlatBuffer. Older interpreters misread both (`models/readers.py`).
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensor_types: Mapping[str, int]
    quantized: bool
    operations: Mapping[str, int]
    dynamic: tuple[str, ...]
    per_channel_dense: int = 0
    outside: int = 0

    @property
    def precision(self) -> str:
        """`int8` (signed or not) or `float32` if the network computes in that alone, `mixed` if in several."""
        found = {_PRECISIONS[name] for name in self.tensor_types if name in _PRECISIONS}
        return found.pop() if len(found) == 1 else "mixed" if found else "unknown"

    @property
    def quantization(self) -> Quantization:
        """Whoever made the file has quantized it, or it holds floats only."""
        return "as-made" if self.quantized else "none"


def read_tflite(path: Path) -> TfliteFile:
    """Read the file at `path`; a `ModelError` says why it is not a whole .tflite file."""
    try:
        data = read_regular(path, _LARGEST_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}", "Name a .tflite file.") from error
    if data[4:8] != IDENTIFIER:
        raise _not_tflite(path, data)
    try:
        return _read(_schema().Model.GetRootAs(data, 0), len(data))
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


def _not_tflite(path: Path, data: bytes) -> ModelError:
    """What the file is instead, as far as its beginning tells: downloads often bring something else."""
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return ModelError(
            f"{path}: this is an HTML page, not a .tflite file",
            "Download the file itself: on GitHub, the address with /raw/ instead of /blob/.",
        )
    if start.startswith(b"version https://git-lfs"):
        return ModelError(
            f"{path}: this is a Git LFS pointer, which stands for the file, not the file",
            "Get the file with `git lfs pull`, or download it by its /raw/ address.",
        )
    if not data:
        return ModelError(f"{path}: the file is empty", "Get it again.")
    return ModelError(
        f"{path}: this is not a TensorFlow Lite file (bytes 4 to 8 are {data[4:8]!r}, not {IDENTIFIER!r})",
        "Convert the model to .tflite first.",
    )


def _read(model: Any, size: int) -> TfliteFile:
    _check_buffers(model, size)
    _check_sizes(model, size)
    types: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    dynamic: list[str] = []
    quantized = False
    per_channel_dense = 0
    for index in range(model.SubgraphsLength()):
        graph = model.Subgraphs(index)
        tensors = [graph.Tensors(position) for position in range(graph.TensorsLength())]
        specs = [_spec(tensor) for tensor in tensors]
        types.update(spec.dtype for spec in specs)
        quantized |= any(map(_is_quantized, tensors, specs))
        dynamic += [spec.name for spec in specs if -1 in spec.shape]
        for position in range(graph.OperatorsLength()):
            operator = graph.Operators(position)
            name = _operation(model, operator)
            operations[name] += 1
            per_channel_dense += name == "FULLY_CONNECTED" and _weight_scales(graph, operator) > 1
    main = model.Subgraphs(0)
    return TfliteFile(
        inputs=tuple(_spec(main.Tensors(main.Inputs(k))) for k in range(main.InputsLength())),
        outputs=_outputs(model, main),
        tensor_types=dict(types),
        quantized=quantized,
        operations=dict(operations),
        dynamic=tuple(dynamic),
        per_channel_dense=per_channel_dense,
        outside=sum(_stands_outside(model.Buffers(index)) for index in range(model.BuffersLength())),
    )


def _check_buffers(model: Any, size: int) -> None:
    """Weights stand at the end of the file, so a cut file often still has its whole graph."""
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        length = buffer.DataLength()
        if length:
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            if start + length > size:
                raise ValueError("a buffer ends after the file does")
        elif _stands_outside(buffer) and buffer.Offset() + buffer.Size() > size:
            raise ValueError("a buffer ends after the file does")


def _stands_outside(buffer: Any) -> bool:
    """Newer converters may put large buffers behind the FlatBuffer; an offset of 1 is a mark for "not set yet"."""
    return not buffer.DataLength() and buffer.Size() > 0 and buffer.Offset() > 1


def _weight_scales(graph: Any, operator: Any) -> int:
    """How many scales the second input of an operation has."""
    if operator.InputsLength() < 2 or operator.Inputs(1) < 0:  # noqa: PLR2004
        return 0
    quantization = graph.Tensors(operator.Inputs(1)).Quantization()
    return int(quantization.ScaleLength()) if quantization else 0


def _check_sizes(model: Any, size: int) -> None:
    """In a file made to hurt, parts share their bytes: a small file then has millions of tensors, or long names."""
    graphs = [model.Subgraphs(index) for index in range(model.SubgraphsLength())]
    parts = sum(graph.TensorsLength() + graph.OperatorsLength() for graph in graphs)
    if 4 * parts > size:  # each takes four bytes at least
        raise ValueError("more tensors and operations than the file has room for")
    tensors = (graph.Tensors(position) for graph in graphs for position in range(graph.TensorsLength()))
    if sum(_text_bytes(tensor, _TENSOR_NAME) for tensor in tensors) > _NAMES_OVER_FILE * size:
        raise ValueError("the names of the tensors are longer than the file")
    codes = map(model.OperatorCodes, range(model.OperatorCodesLength()))
    if any(_text_bytes(code, _CUSTOM_CODE) > _LONGEST_OPERATION_BYTES for code in codes):
        raise ValueError("the name of an operation is too long")
    if graphs[0].InputsLength() + graphs[0].OutputsLength() > _MOST_INPUTS:
        raise ValueError("too many inputs and outputs")


def _text_bytes(table: Any, slot: int) -> int:
    offset = table._tab.Offset(slot)
    return int(table._tab.VectorLen(offset)) if offset else 0


def _spec(tensor: Any) -> TensorSpec:
    if max(tensor.ShapeLength(), tensor.ShapeSignatureLength()) > _MOST_DIMENSIONS:
        raise ValueError("a tensor has too many dimensions")
    signature = tensor.ShapeSignatureAsNumpy() if tensor.ShapeSignatureLength() else None
    shape = signature if signature is not None else [tensor.Shape(k) for k in range(tensor.ShapeLength())]
    scale, zero_point = _quantization(tensor.Quantization())
    return TensorSpec(
        name=(tensor.Name() or b"").decode(errors="replace"),
        dtype=_names("TensorType").get(tensor.Type(), f"type {tensor.Type()}").lower(),
        shape=tuple(int(size) for size in shape),
        scale=scale,
        zero_point=zero_point,
    )


def _outputs(model: Any, graph: Any) -> tuple[TensorSpec, ...]:
    """The outputs, and of those that the file dequantizes at its end, what from."""
    operators = map(graph.Operators, range(graph.OperatorsLength()))
    last = {one.Outputs(0): one.Inputs(0) for one in operators if _operation(model, one) == "DEQUANTIZE"}
    found = []
    for number in (graph.Outputs(k) for k in range(graph.OutputsLength())):
        spec = _spec(graph.Tensors(number))
        if number in last and (before := _spec(graph.Tensors(last[number]))).scale:
            spec = replace(spec, scale=before.scale, zero_point=before.zero_point, stands_for=before.dtype)
        found.append(spec)
    return tuple(found)


def _is_quantized(tensor: Any, spec: TensorSpec) -> bool:
    """int32 biases have a scale too, but only beside tensors of these types."""
    small = _PRECISIONS.get(spec.dtype, "").startswith("int")
    return small and tensor.Quantization() is not None and tensor.Quantization().ScaleLength() > 0


def _quantization(quantization: Any) -> tuple[float, int]:
    """Scale and zero point of a tensor quantized as a whole; per-channel weights and floats give (0, 0)."""
    if quantization is None or quantization.ScaleLength() != 1 or quantization.ZeroPointLength() != 1:
        return 0.0, 0
    scale = float(quantization.Scale(0))
    if not (math.isfinite(scale) and scale >= 0):
        raise ValueError("a scale is not a positive number")
    return scale, int(quantization.ZeroPoint(0))


def _operation(model: Any, operator: Any) -> str:
    code = model.OperatorCodes(operator.OpcodeIndex())
    if code.CustomCode():
        return str(code.CustomCode().decode(errors="replace"))
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # old files fill only the deprecated field
    return _names("BuiltinOperator").get(number, f"operation {number}")


def _schema() -> ModuleType:
    """The schema as Python, which takes longer to load than the rest of devbench."""
    import tflite

    schema: ModuleType = tflite
    return schema


@cache
def _names(enumeration: str) -> Mapping[int, str]:
    """What the numbers of one of the schema's enumerations are called."""
    found = vars(getattr(_schema(), enumeration))
    return {number: name for name, number in found.items() if not name.startswith("_")}
