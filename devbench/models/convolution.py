"""A .tflite file with one large convolution, to measure what arithmetic a runtime reaches at best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SCALE = 1 / 128
_TYPES = {"int8": ("INT8", 1), "float32": ("FLOAT32", 4)}
_BIAS = {"int8": "INT32", "float32": "FLOAT32"}


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """A convolution of a square image with as many channels in as out, without a stride. side, kernel: in pixels."""

    side: int
    channels: int
    kernel: int
    precision: str

    @property
    def operations(self) -> int:
        """Multiplications and additions of one inference."""
        return 2 * (self.side * self.channels * self.kernel) ** 2

    @property
    def name(self) -> str:
        """Such as `convolution_int8_3x3_56_128`."""
        return f"convolution_{self.precision}_{self.kernel}x{self.kernel}_{self.side}_{self.channels}"


def convolution_file(one: Convolution) -> bytes:
    """The file, with random weights from a fixed seed."""
    import flatbuffers
    import numpy as np
    import tflite

    builder = flatbuffers.Builder(1 << 20)
    random = np.random.default_rng(0)
    shape = (one.channels, one.kernel, one.kernel, one.channels)
    whole = random.integers(-127, 128, shape, dtype=np.int8)
    weights = whole if one.precision == "int8" else whole.astype(np.float32) * np.float32(_SCALE)
    bias = np.zeros(one.channels, dtype=np.int32 if one.precision == "int8" else np.float32)
    buffers = [_buffer(builder, data) for data in (b"", weights.tobytes(), bias.tobytes())]
    image = (1, one.side, one.side, one.channels)
    kind, quantized = _TYPES[one.precision][0], one.precision == "int8"
    tensors = [
        _tensor(builder, "image", kind, image, 0, _SCALE if quantized else 0),
        _tensor(builder, "weights", kind, shape, 1, _SCALE if quantized else 0),
        _tensor(builder, "bias", _BIAS[one.precision], (one.channels,), 2, _SCALE**2 if quantized else 0),
        _tensor(builder, "result", kind, image, 0, _SCALE * one.channels if quantized else 0),
    ]
    operator = _operator(builder)
    graph = _graph(builder, tensors, operator)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddBuiltinCode(builder, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddVersion(builder, 3 if quantized else 1)
    code = tflite.OperatorCodeEnd(builder)
    codes = _offsets(builder, tflite.ModelStartOperatorCodesVector, [code])
    graphs = _offsets(builder, tflite.ModelStartSubgraphsVector, [graph])
    kept = _offsets(builder, tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, kept)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(builder: Any, data: bytes) -> int:
    import tflite

    vector = _aligned(builder, data) if data else None
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _aligned(builder: Any, data: bytes) -> int:
    """Runtimes read weights where they lie: at a multiple of 16 bytes."""
    builder.StartVector(1, len(data), 16)
    builder.head -= len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return int(builder.EndVector())


def _tensor(builder: Any, name: str, kind: str, shape: tuple[int, ...], buffer: int, scale: float) -> int:
    import tflite

    text = builder.CreateString(name)
    sizes = _numbers(builder, tflite.TensorStartShapeVector, shape)
    quantization = _quantization(builder, scale) if scale else None
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, sizes)
    tflite.TensorAddType(builder, getattr(tflite.TensorType, kind))
    tflite.TensorAddBuffer(builder, buffer)
    tflite.TensorAddName(builder, text)
    if quantization is not None:
        tflite.TensorAddQuantization(builder, quantization)
    return int(tflite.TensorEnd(builder))


def _quantization(builder: Any, scale: float) -> int:
    import tflite

    tflite.QuantizationParametersStartScaleVector(builder, 1)
    builder.PrependFloat32(scale)
    scales = builder.EndVector()
    tflite.QuantizationParametersStartZeroPointVector(builder, 1)
    builder.PrependInt64(0)
    zero_points = builder.EndVector()
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scales)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_points)
    return int(tflite.QuantizationParametersEnd(builder))


def _operator(builder: Any) -> int:
    import tflite

    tflite.Conv2DOptionsStart(builder)
    tflite.Conv2DOptionsAddPadding(builder, tflite.Padding.SAME)
    tflite.Conv2DOptionsAddStrideW(builder, 1)
    tflite.Conv2DOptionsAddStrideH(builder, 1)
    tflite.Conv2DOptionsAddDilationWFactor(builder, 1)
    tflite.Conv2DOptionsAddDilationHFactor(builder, 1)
    options = tflite.Conv2DOptionsEnd(builder)
    inputs = _numbers(builder, tflite.OperatorStartInputsVector, (0, 1, 2))
    outputs = _numbers(builder, tflite.OperatorStartOutputsVector, (3,))
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, 0)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    tflite.OperatorAddBuiltinOptionsType(builder, tflite.BuiltinOptions.Conv2DOptions)
    tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _graph(builder: Any, tensors: list[int], operator: int) -> int:
    import tflite

    kept = _offsets(builder, tflite.SubGraphStartTensorsVector, tensors)
    inputs = _numbers(builder, tflite.SubGraphStartInputsVector, (0,))
    outputs = _numbers(builder, tflite.SubGraphStartOutputsVector, (3,))
    operators = _offsets(builder, tflite.SubGraphStartOperatorsVector, [operator])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, kept)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    return int(tflite.SubGraphEnd(builder))


def _offsets(builder: Any, start: Any, offsets: list[int]) -> int:
    start(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: Any, start: Any, numbers: tuple[int, ...]) -> int:
    start(builder, len(numbers))
    for number in reversed(numbers):
        builder.PrependInt32(number)
    return int(builder.EndVector())
