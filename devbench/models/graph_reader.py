"""Reads the FlatBuffer of a .tflite file into a `Graph`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tflite

from devbench.models.graph import Graph, Operation, Tensor

# What rules ask of an operation's options: the schema's class, and its fields by our names.
_POOL = ("Pool2DOptions", {"activation": "FusedActivationFunction"})
_DILATION = {"dilation_w": "DilationWFactor", "dilation_h": "DilationHFactor"}
_OPTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "CONCATENATION": ("ConcatenationOptions", {"activation": "FusedActivationFunction", "axis": "Axis"}),
    "CONV_2D": ("Conv2DOptions", _DILATION),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _DILATION),
    "FULLY_CONNECTED": ("FullyConnectedOptions", {"format": "WeightsFormat", "keep_num_dims": "KeepNumDims"}),
    "PACK": ("PackOptions", {"axis": "Axis"}),
    "STRIDED_SLICE": ("StridedSliceOptions", {"ellipsis_mask": "EllipsisMask", "new_axis_mask": "NewAxisMask"}),
    "TRANSPOSE_CONV": ("TransposeConvOptions", {"stride_w": "StrideW", "stride_h": "StrideH"}),
}
_NAMES = {number: name for name, number in vars(tflite.BuiltinOperator).items() if name.isupper()}
_TYPES = {number: name.lower() for name, number in vars(tflite.TensorType).items() if name.isupper()}


def graph_of(data: bytes) -> Graph:
    """The first graph in the bytes of a whole .tflite file."""
    model = tflite.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    tensors = _tensors(data, model, graph, operators)
    return Graph(
        operations=tuple(
            _operation(model.OperatorCodes(one.OpcodeIndex()), one, number, tensors)
            for number, one in enumerate(operators)
        ),
        inputs=tuple(tensors[k] for k in _numbers(graph.Inputs, graph.InputsLength())),
        outputs=tuple(tensors[k] for k in _numbers(graph.Outputs, graph.OutputsLength())),
    )


def _operation(code: Any, operator: Any, number: int, tensors: list[Tensor]) -> Operation:
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # old files fill only the deprecated field
    custom = (code.CustomCode() or b"").decode(errors="replace")
    name = custom or _NAMES.get(builtin, f"operation {builtin}")
    return Operation(
        number=number,
        name=name,
        version=code.Version(),
        inputs=tuple(tensors[k] for k in _numbers(operator.Inputs, operator.InputsLength()) if k >= 0),
        outputs=tuple(tensors[k] for k in _numbers(operator.Outputs, operator.OutputsLength()) if k >= 0),
        options=_options(name, operator),
        custom=bool(custom),
    )


def _tensors(data: bytes, model: Any, graph: Any, operators: list[Any]) -> list[Tensor]:
    made = {k for one in operators for k in _numbers(one.Outputs, one.OutputsLength())}
    made |= set(_numbers(graph.Inputs, graph.InputsLength()))
    return [
        _tensor(data, model, graph.Tensors(number), number, made=number in made)
        for number in range(graph.TensorsLength())
    ]


def _tensor(data: bytes, model: Any, tensor: Any, number: int, *, made: bool) -> Tensor:
    content, outside = _content(data, model, tensor.Buffer())
    shape, free = _shape(tensor)
    scales, scale, zero_point = _quantization(tensor.Quantization())
    return Tensor(
        number=number,
        name=(tensor.Name() or b"").decode(errors="replace"),
        dtype=_TYPES.get(tensor.Type(), f"type {tensor.Type()}"),
        shape=shape,
        free=free,
        data=content,
        constant=not made and not tensor.IsVariable(),
        variable=bool(tensor.IsVariable()),
        outside=outside,
        scale=scale,
        zero_point=zero_point,
        scales=scales,
    )


def _content(data: bytes, model: Any, index: int) -> tuple[bytes, bool]:
    """A buffer's bytes, and whether they stand outside the FlatBuffer, as newer converters put large ones."""
    if index >= model.BuffersLength():
        return b"", False
    buffer = model.Buffers(index)
    if buffer.DataLength():
        return bytes(buffer.DataAsNumpy()), False
    if buffer.Size() and buffer.Offset() > 1:  # 0 is "inside", 1 a converter's mark for "not set yet"
        return data[buffer.Offset() : buffer.Offset() + buffer.Size()], True
    return b"", False


def _shape(tensor: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sizes, and the dimensions that are not fixed: the converter writes 1 for these, and -1 into the signature."""
    sizes = _numbers(tensor.Shape, tensor.ShapeLength())
    signature = _numbers(tensor.ShapeSignature, tensor.ShapeSignatureLength()) or sizes
    free = tuple(position for position, size in enumerate(signature) if size == -1)
    batch = signature[0] == -1 and len(signature) > 1 if signature else False
    return tuple(1 if batch and position == 0 else size for position, size in enumerate(signature)), free


def _quantization(found: Any) -> tuple[int, float, int]:
    """How many scales; scale and zero point where there is one of each."""
    if found is None:
        return 0, 0.0, 0
    whole = found.ScaleLength() == 1 and found.ZeroPointLength() == 1
    return found.ScaleLength(), *((float(found.Scale(0)), int(found.ZeroPoint(0))) if whole else (0.0, 0))


def _options(name: str, operator: Any) -> dict[str, int]:
    table = operator.BuiltinOptions()
    if name not in _OPTIONS or table is None:
        return {}
    kind, fields = _OPTIONS[name]
    options = getattr(tflite, kind)()
    options.Init(table.Bytes, table.Pos)
    return {ours: int(getattr(options, theirs)()) for ours, theirs in fields.items()}


def _numbers(get: Any, length: int) -> list[int]:
    return [int(get(k)) for k in range(length)]
