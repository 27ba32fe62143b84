"""What decides how long a network takes, read from its graph: multiply-accumulates by kind, and bytes that move."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from devbench_edgetpu.check.graph import Graph, Operation, Tensor
from devbench_edgetpu.check.mapping import Prediction
from devbench_edgetpu.check.parameters import constant_bytes, kept_bytes

_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "int16": 2}


@dataclass(frozen=True, kw_only=True)
class Features:
    """One inference of a network.

    macs: multiply-accumulates by kind: conv_1x1, conv_kxk, depthwise, dense, transposed.
    activation_bytes: what all operations read and write, parameters apart. io_bytes: the network's inputs and outputs.
    parameter_bytes: all constants. kept_bytes, operations_on_cpu: what the Edge TPU compiler makes of it, from and to.
    """

    macs: Mapping[str, int]
    activation_bytes: int
    io_bytes: int
    parameter_bytes: int
    kept_bytes: tuple[int, int]
    operations: int
    operations_on_cpu: tuple[int, int]


def features(graph: Graph, prediction: Prediction) -> Features:
    """The features of a graph, with what is predicted of it."""
    macs: Counter[str] = Counter()
    for operation in graph.operations:
        if kind := _kind(operation):
            macs[kind] += _macs(operation)
    made = [tensor for operation in graph.operations for tensor in operation.tensors if tensor.made]
    on_cpu = prediction.on_cpu
    return Features(
        macs=dict(macs),
        activation_bytes=sum(map(_size, made)),
        io_bytes=sum(map(_size, (*graph.inputs, *graph.outputs))),
        parameter_bytes=constant_bytes(graph.operations),
        kept_bytes=kept_bytes(prediction),
        operations=len(graph.operations),
        operations_on_cpu=(on_cpu.start, on_cpu.stop - 1),
    )


def _kind(operation: Operation) -> str:
    if operation.weights is None or not operation.outputs:
        return ""
    if operation.name == "TRANSPOSE_CONV" and len(operation.inputs) < 3:  # noqa: PLR2004 - sizes, weights, input
        return ""
    if operation.name == "CONV_2D":
        return "conv_1x1" if operation.weights.shape[1:3] == (1, 1) else "conv_kxk"
    return {"DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense", "TRANSPOSE_CONV": "transposed"}.get(
        operation.name, ""
    )


def _macs(operation: Operation) -> int:
    """The weights that each output value needs, for each; of a transposed convolution, those that each input meets."""
    weights = operation.weights
    assert weights is not None
    if operation.name == "DEPTHWISE_CONV_2D":
        return operation.outputs[0].elements * math.prod(weights.shape[1:3])
    if operation.name == "TRANSPOSE_CONV":
        return operation.inputs[2].elements * math.prod(weights.shape[:3])
    return operation.outputs[0].elements * weights.elements // max(weights.shape[0], 1)


def _size(tensor: Tensor) -> int:
    return tensor.elements * _BYTES.get(tensor.dtype, 1)
