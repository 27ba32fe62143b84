"""A .tflite file's first graph, operation by operation, as the rules of the Edge TPU need to see it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devbench import ModelError, read_tflite

# What the rules ask of an operation's options: the schema's class, and its fields by our names.
_OPTIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "AVERAGE_POOL_2D": ("Pool2DOptions", {"activation": "FusedActivationFunction"}),
    "MAX_POOL_2D": ("Pool2DOptions", {"activation": "FusedActivationFunction"}),
    "CONCATENATION": ("ConcatenationOptions", {"activation": "FusedActivationFunction", "axis": "Axis"}),
    "CONV_2D": ("Conv2DOptions", {"dilation_w": "DilationWFactor", "dilation_h": "DilationHFactor"}),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", {"dilation_w": "DilationWFactor", "dilation_h": "DilationHFactor"}),
    "FULLY_CONNECTED": ("FullyConnectedOptions", {"format": "WeightsFormat", "keep_num_dims": "KeepNumDims"}),
    "PACK": ("PackOptions", {"axis": "Axis"}),
    "STRIDED_SLICE": ("StridedSliceOptions", {"ellipsis_mask": "EllipsisMask", "new_axis_mask": "NewAxisMask"}),
}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor of the graph. Its number is what tells it from others: names need not differ, and may be empty.

    shape: -1 where a size is not fixed. data: of a constant, b"" of any other. constant: neither given nor computed.
    zero_point: what stands for zero, of a tensor that is quantized as a whole.
    """

    number: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes = b""
    constant: bool = False
    variable: bool = False
    zero_point: int = 0

    @property
    def integers(self) -> tuple[int, ...]:
        """The values of an int32 constant, such as axes."""
        return struct.unpack(f"<{len(self.data) // 4}i", self.data) if self.dtype == "int32" else ()

    @property
    def dimensions(self) -> int:
        """How many of its sizes are more than 1."""
        return sum(size != 1 for size in self.shape)

    def __str__(self) -> str:
        return f"‘{self.name}’" if self.name else f"number {self.number}"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, by its name in the schema, or a custom one's own name."""

    number: int
    name: str
    version: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, int]
    custom: bool = False

    def __str__(self) -> str:
        where = f" {self.outputs[0]}" if self.outputs and self.outputs[0].name else ""
        return f"operation {self.number}, {self.name}{where}"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The first graph of a file: operations in the order in which they run."""

    operations: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_graph(path: Path) -> Graph:
    """The graph in the file at `path`; a `ModelError` says why it is not a whole .tflite file."""
    read_tflite(path)  # says what is wrong with a file that is none, or not whole
    import tflite

    try:
        return _graph(tflite, tflite.Model.GetRootAs(path.read_bytes(), 0))
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ModelError(f"{path}: its graph cannot be read ({type(error).__name__}: {error})") from error


def _graph(schema: Any, model: Any) -> Graph:
    names = {getattr(schema.BuiltinOperator, name): name for name in vars(schema.BuiltinOperator) if name.isupper()}
    graph = model.Subgraphs(0)
    operators = [graph.Operators(number) for number in range(graph.OperatorsLength())]
    tensors = _tensors(schema, model, graph, operators)
    return Graph(
        operations=tuple(
            _operation(schema, model.OperatorCodes(one.OpcodeIndex()), one, number, tensors, names)
            for number, one in enumerate(operators)
        ),
        inputs=tuple(tensors[k] for k in _numbers(graph.Inputs, graph.InputsLength())),
        outputs=tuple(tensors[k] for k in _numbers(graph.Outputs, graph.OutputsLength())),
    )


def _operation(
    schema: Any, code: Any, operator: Any, number: int, tensors: list[Tensor], names: Mapping[int, str]
) -> Operation:
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # old files fill only the deprecated field
    custom = (code.CustomCode() or b"").decode(errors="replace")
    name = custom or names.get(builtin, f"operation {builtin}")
    return Operation(
        number=number,
        name=name,
        version=code.Version(),
        inputs=tuple(tensors[k] for k in _numbers(operator.Inputs, operator.InputsLength()) if k >= 0),
        outputs=tuple(tensors[k] for k in _numbers(operator.Outputs, operator.OutputsLength()) if k >= 0),
        options=_options(schema, name, operator),
        custom=bool(custom),
    )


def _tensors(schema: Any, model: Any, graph: Any, operators: list[Any]) -> list[Tensor]:
    types = {getattr(schema.TensorType, name): name.lower() for name in vars(schema.TensorType) if name.isupper()}
    made = {k for one in operators for k in _numbers(one.Outputs, one.OutputsLength())}
    made |= set(_numbers(graph.Inputs, graph.InputsLength()))
    return [
        _tensor(model, graph.Tensors(number), number, types, made=number in made)
        for number in range(graph.TensorsLength())
    ]


def _tensor(model: Any, tensor: Any, number: int, types: Mapping[int, str], *, made: bool) -> Tensor:
    buffer = model.Buffers(tensor.Buffer()) if tensor.Buffer() < model.BuffersLength() else None
    signature = _numbers(tensor.ShapeSignature, tensor.ShapeSignatureLength())
    quantization = tensor.Quantization()
    whole = quantization is not None and quantization.ZeroPointLength() == 1
    return Tensor(
        number=number,
        name=(tensor.Name() or b"").decode(errors="replace"),
        dtype=types.get(tensor.Type(), f"type {tensor.Type()}"),
        shape=tuple(signature or _numbers(tensor.Shape, tensor.ShapeLength())),
        data=bytes(buffer.DataAsNumpy()) if buffer and buffer.DataLength() else b"",
        constant=not made and not tensor.IsVariable(),
        variable=bool(tensor.IsVariable()),
        zero_point=int(quantization.ZeroPoint(0)) if whole else 0,
    )


def _options(schema: Any, name: str, operator: Any) -> dict[str, int]:
    table = operator.BuiltinOptions()
    if name not in _OPTIONS or table is None:
        return {}
    kind, fields = _OPTIONS[name]
    options = getattr(schema, kind)()
    options.Init(table.Bytes, table.Pos)
    return {ours: int(getattr(options, theirs)()) for ours, theirs in fields.items()}


def _numbers(get: Any, length: int) -> list[int]:
    return [int(get(k)) for k in range(length)]
