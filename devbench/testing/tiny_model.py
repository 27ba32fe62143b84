"""A tiny network that contract tests bring: 280 million multiply-accumulates, and answers that numpy can work out.

It is a stack of 1 × 1 convolutions with ReLU6, in float32, with random weights. It takes as long as a small vision
network: so an engine that does not do the work shows. It can be written as `.tflite` or `.onnx`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
INPUT, OUTPUT = "image", "scores"
_WIDTH = 64
_RELU6, _VALID = 3, 1  # of the schema of .tflite files


def _weights(layers: int) -> list[Floats]:
    random = np.random.RandomState(17)
    widths = [8, *[_WIDTH] * layers, 4]
    pairs = pairwise(widths)
    return [random.normal(0, (2 / one) ** 0.5, (one, other)).astype(np.float32) for one, other in pairs]


@dataclass(frozen=True)
class TinyModel:
    """layers: how many of 64 channels. height, width: of the image, which is not square, so that turning it shows."""

    layers: int = 10
    height: int = 96
    width: int = 72
    weights: list[Floats] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _weights(self.layers))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Batch, height, width, channels."""
        return (1, self.height, self.width, 8)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The same of the output."""
        return (1, self.height, self.width, 4)

    def answer(self, image: Floats) -> Floats:
        """What the network gives for `image`, computed by numpy; float32, and no BLAS: one thread."""
        values = image.reshape(-1, image.shape[-1])
        for index, weight in enumerate(self.weights):
            values = np.einsum("pi,io->po", values, weight)
            if index < len(self.weights) - 1:
                values = np.minimum(np.maximum(values, 0), 6)
        return values.astype(np.float32).reshape(self.output_shape)

    def write(self, path: Path) -> Path:
        """Write the network to `path`: its ending says as what."""
        writers = {".tflite": _tflite, ".onnx": _onnx}
        if path.suffix not in writers:
            raise ValueError(f"the tiny model can be written as .tflite or .onnx, not as {path.suffix}: give a model")
        path.write_bytes(writers[path.suffix](self))
        return path


def _onnx(model: TinyModel) -> bytes:
    onnx: Any = import_module("onnx")  # some of its types are wrong
    helper, constant = onnx.helper, onnx.numpy_helper.from_array
    nodes = [helper.make_node("Reshape", [INPUT, "flat"], ["x"])]
    constants, before = [], "x"
    constants.append(constant(np.array([-1, model.input_shape[-1]]), "flat"))
    constants.append(constant(np.array(model.output_shape), "shape"))
    constants += [constant(np.array(value, np.float32), name) for name, value in (("low", 0), ("high", 6))]
    for index, weight in enumerate(model.weights):
        constants.append(constant(weight, f"w{index}"))
        nodes.append(helper.make_node("MatMul", [before, f"w{index}"], [f"y{index}"]))
        before = f"y{index}"
        if index < len(model.weights) - 1:
            nodes.append(helper.make_node("Clip", [before, "low", "high"], [f"z{index}"]))
            before = f"z{index}"
    nodes.append(helper.make_node("Reshape", [before, "shape"], [OUTPUT]))
    ends = [
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)]
        for name, shape in ((INPUT, model.input_shape), (OUTPUT, model.output_shape))
    ]
    graph = helper.make_graph(nodes, "tiny", *ends, initializer=constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data


def _tflite(model: TinyModel) -> bytes:
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1 << 16)
    shapes = [(INPUT, model.input_shape, 0)]
    datas = [b""]
    operators = []
    for index, weight in enumerate(model.weights):
        columns = weight.shape[1]
        datas += [np.ascontiguousarray(weight.T).tobytes(), np.zeros(columns, np.float32).tobytes()]
        last = index == len(model.weights) - 1
        shapes += [
            (f"weights{index}", (columns, 1, 1, weight.shape[0]), len(datas) - 2),
            (f"bias{index}", (columns,), len(datas) - 1),
            (OUTPUT if last else f"values{index}", (*model.output_shape[:-1], columns), 0),
        ]
        operators.append(((3 * index, 3 * index + 1, 3 * index + 2), 3 * index + 3, 0 if last else _RELU6))
    buffers = [_buffer(builder, tflite, data) for data in datas]
    tensors = [_tensor(builder, tflite, *one) for one in shapes]
    convolutions = [_convolution(builder, tflite, *one) for one in operators]
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddBuiltinCode(builder, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddVersion(builder, 1)
    codes = _vector(builder, tflite.ModelStartOperatorCodesVector, [tflite.OperatorCodeEnd(builder)])
    parts = (
        _vector(builder, tflite.SubGraphStartTensorsVector, tensors),
        _vector(builder, tflite.SubGraphStartInputsVector, [0], builder.PrependInt32),
        _vector(builder, tflite.SubGraphStartOutputsVector, [len(shapes) - 1], builder.PrependInt32),
        _vector(builder, tflite.SubGraphStartOperatorsVector, convolutions),
    )
    tflite.SubGraphStart(builder)
    adders = (
        tflite.SubGraphAddTensors,
        tflite.SubGraphAddInputs,
        tflite.SubGraphAddOutputs,
        tflite.SubGraphAddOperators,
    )
    for add, part in zip(adders, parts, strict=True):
        add(builder, part)
    graphs = _vector(builder, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    stored = _vector(builder, tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, stored)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(builder: Any, tflite: Any, data: bytes) -> int:
    vector = builder.CreateByteVector(data) if data else None
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _tensor(builder: Any, tflite: Any, name: str, shape: tuple[int, ...], buffer: int) -> int:
    text = builder.CreateString(name)
    sizes = _vector(builder, tflite.TensorStartShapeVector, shape, builder.PrependInt32)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, sizes)
    tflite.TensorAddType(builder, tflite.TensorType.FLOAT32)
    tflite.TensorAddBuffer(builder, buffer)
    tflite.TensorAddName(builder, text)
    return int(tflite.TensorEnd(builder))


def _convolution(builder: Any, tflite: Any, inputs: tuple[int, ...], output: int, activation: int) -> int:
    tflite.Conv2DOptionsStart(builder)
    tflite.Conv2DOptionsAddPadding(builder, _VALID)
    tflite.Conv2DOptionsAddStrideW(builder, 1)
    tflite.Conv2DOptionsAddStrideH(builder, 1)
    tflite.Conv2DOptionsAddFusedActivationFunction(builder, activation)
    options = tflite.Conv2DOptionsEnd(builder)
    given = _vector(builder, tflite.OperatorStartInputsVector, inputs, builder.PrependInt32)
    made = _vector(builder, tflite.OperatorStartOutputsVector, [output], builder.PrependInt32)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, 0)
    tflite.OperatorAddInputs(builder, given)
    tflite.OperatorAddOutputs(builder, made)
    tflite.OperatorAddBuiltinOptionsType(builder, tflite.BuiltinOptions.Conv2DOptions)
    tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _vector(builder: Any, start: Callable[..., Any], values: Any, prepend: Callable[[int], None] | None = None) -> int:
    start(builder, len(values))
    for value in reversed(values):
        (prepend or builder.PrependUOffsetTRelative)(value)
    return int(builder.EndVector())
