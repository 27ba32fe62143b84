"""Builds small .tflite files with the schema alone, so tests need no TensorFlow and no file of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import flatbuffers
import tflite


@dataclass
class Tensor:
    """One tensor. signature: its shape signature, where it differs from the shape. zeros: bytes of a constant.

    scales: how many equal ones it has.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float = 0.0
    zero_point: int = 0
    signature: tuple[int, ...] = ()
    zeros: int = 0
    scales: int = 1


@dataclass
class Operation:
    """One operation: `code` is a builtin operator's name, or `custom:` and any name. options: of a custom one."""

    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: bytes = b""
    version: int = 1


def write_tflite(
    path: Path,
    tensors: Sequence[Tensor],
    operations: Sequence[Operation],
    inputs: Sequence[int],
    outputs: Sequence[int],
    padding_bytes: int = 0,
    outside: int = 0,
) -> Path:
    """Write a model to `path`. padding_bytes: size of a buffer of zeros at its end, to stand for weights.

    outside: buffers whose data are said to stand elsewhere in the file.
    """
    builder = flatbuffers.Builder(1024)
    buffers = [_buffer(builder, b""), _buffer(builder, b"\0" * padding_bytes)]
    buffers += [_elsewhere(builder) for _ in range(outside)]
    numbers = []
    for tensor in tensors:
        numbers.append(len(buffers) if tensor.zeros else 0)
        buffers += [_buffer(builder, b"\0" * tensor.zeros)] if tensor.zeros else []
    tensor_offsets = [_tensor(builder, tensor, number) for tensor, number in zip(tensors, numbers, strict=True)]
    codes = [_code(builder, operation.code, operation.version) for operation in operations]
    operator_offsets = [_operator(builder, index, operation) for index, operation in enumerate(operations)]
    graph = _graph(builder, tensor_offsets, operator_offsets, inputs, outputs)
    code_vector = _offsets(builder, tflite.ModelStartOperatorCodesVector, codes)
    graph_vector = _offsets(builder, tflite.ModelStartSubgraphsVector, [graph])
    buffer_vector = _offsets(builder, tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, code_vector)
    tflite.ModelAddSubgraphs(builder, graph_vector)
    tflite.ModelAddBuffers(builder, buffer_vector)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def classifier(path: Path) -> Path:
    """A uint8 image [1, 2, 2, 1] to four scores, which are the pixels themselves: the brightest one wins."""
    return write_tflite(
        path,
        [Tensor("image", "uint8", (1, 2, 2, 1), 1 / 127.5, 128), Tensor("scores", "uint8", (2, 2), 1 / 127.5, 128)],
        [Operation("SQUEEZE", (0,), (1,))],
        inputs=[0],
        outputs=[1],
    )


def two_odd_inputs(path: Path) -> Path:
    """Two inputs, int64 [1, 3] and bool [1, 2, 2], each handed on without its first dimension."""
    tensors = [
        Tensor("lengths", "int64", (1, 3)),
        Tensor("mask", "bool", (1, 2, 2)),
        Tensor("lengths_out", "int64", (3,)),
        Tensor("mask_out", "bool", (2, 2)),
    ]
    return write_tflite(
        path, tensors, [Operation("SQUEEZE", (0,), (2,)), Operation("SQUEEZE", (1,), (3,))], [0, 1], [2, 3]
    )


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    vector = builder.CreateByteVector(data) if data else None
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _elsewhere(builder: flatbuffers.Builder) -> int:
    tflite.BufferStart(builder)
    tflite.BufferAddOffset(builder, 8)
    tflite.BufferAddSize(builder, 4)
    return int(tflite.BufferEnd(builder))


def _tensor(builder: flatbuffers.Builder, tensor: Tensor, buffer: int) -> int:
    name = builder.CreateString(tensor.name)
    shape = _numbers(builder, tflite.TensorStartShapeVector, tensor.shape)
    signature = _numbers(builder, tflite.TensorStartShapeSignatureVector, tensor.signature) if tensor.signature else 0
    quantization = _quantization(builder, tensor) if tensor.scale else 0
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, getattr(tflite.TensorType, tensor.dtype.upper()))
    tflite.TensorAddName(builder, name)
    tflite.TensorAddBuffer(builder, buffer)
    if quantization:
        tflite.TensorAddQuantization(builder, quantization)
    if signature:
        tflite.TensorAddShapeSignature(builder, signature)
    return int(tflite.TensorEnd(builder))


def _quantization(builder: flatbuffers.Builder, tensor: Tensor) -> int:
    tflite.QuantizationParametersStartScaleVector(builder, tensor.scales)
    for _ in range(tensor.scales):
        builder.PrependFloat32(tensor.scale)
    scale = builder.EndVector()
    tflite.QuantizationParametersStartZeroPointVector(builder, tensor.scales)
    for _ in range(tensor.scales):
        builder.PrependInt64(tensor.zero_point)
    zero_point = builder.EndVector()
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scale)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_point)
    return int(tflite.QuantizationParametersEnd(builder))


def _code(builder: flatbuffers.Builder, code: str, version: int) -> int:
    custom = builder.CreateString(code.removeprefix("custom:")) if code.startswith("custom:") else None
    number = tflite.BuiltinOperator.CUSTOM if custom else getattr(tflite.BuiltinOperator, code)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    tflite.OperatorCodeAddVersion(builder, version)
    if custom:
        tflite.OperatorCodeAddCustomCode(builder, custom)
    return int(tflite.OperatorCodeEnd(builder))


def _operator(builder: flatbuffers.Builder, index: int, operation: Operation) -> int:
    inputs = _numbers(builder, tflite.OperatorStartInputsVector, operation.inputs)
    outputs = _numbers(builder, tflite.OperatorStartOutputsVector, operation.outputs)
    options = builder.CreateByteVector(operation.options) if operation.options else None
    tflite.OperatorStart(builder)
    if options is not None:
        tflite.OperatorAddCustomOptions(builder, options)
    tflite.OperatorAddOpcodeIndex(builder, index)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    return int(tflite.OperatorEnd(builder))


def _graph(
    builder: flatbuffers.Builder,
    tensors: Sequence[int],
    operators: Sequence[int],
    inputs: Sequence[int],
    outputs: Sequence[int],
) -> int:
    tensor_vector = _offsets(builder, tflite.SubGraphStartTensorsVector, tensors)
    operator_vector = _offsets(builder, tflite.SubGraphStartOperatorsVector, operators)
    input_vector = _numbers(builder, tflite.SubGraphStartInputsVector, inputs)
    output_vector = _numbers(builder, tflite.SubGraphStartOutputsVector, outputs)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensor_vector)
    tflite.SubGraphAddOperators(builder, operator_vector)
    tflite.SubGraphAddInputs(builder, input_vector)
    tflite.SubGraphAddOutputs(builder, output_vector)
    return int(tflite.SubGraphEnd(builder))


def _numbers(builder: flatbuffers.Builder, start: object, values: Sequence[int]) -> int:
    start(builder, len(values))  # type: ignore[operator]
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())


def _offsets(builder: flatbuffers.Builder, start: object, values: Sequence[int]) -> int:
    start(builder, len(values))  # type: ignore[operator]
    for value in reversed(values):
        builder.PrependUOffsetTRelative(value)
    return int(builder.EndVector())
