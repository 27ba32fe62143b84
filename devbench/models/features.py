"""What decides how long a network takes, read from its file: multiply-accumulates, and the bytes that move.

Counted are convolutions, dense layers and matrix products, as in the papers; not biases, normalization, activations,
pooling and additions. So the counts are never too high.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devbench.models.graph import Graph, Operation, Tensor, read_graph

OTHER = "other"
KINDS = ("conv_1x1", "conv_kxk", "depthwise", "dense", "transposed", "matmul", "recurrent")
_BYTES = {
    "complex128": 16, "complex64": 8, "float64": 8, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "uint32": 4,
    "float16": 2, "bfloat16": 2, "int16": 2, "uint16": 2,
}  # fmt: skip
_HALF_BYTE = ("int4", "uint4")
# They compute as well, but nobody has written here how much.
_UNCOUNTED = re.compile(r"LSTM|RNN|SVDF|WHILE|IF|CALL|CONV_.*|STABLEHLO_.*")
_RECURRENT = re.compile(r"(UNI|BI)DIRECTIONAL_SEQUENCE_(LSTM|RNN)")
_MATRIX = 2  # dimensions
# What each counts as, and the dimensions that its second input, the weights, may have.
_KINDS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "CONV_2D": ("conv_kxk", (4,)),
    "CONV_3D": ("conv_kxk", (5,)),
    "DEPTHWISE_CONV_2D": ("depthwise", (4,)),
    "TRANSPOSE_CONV": ("transposed", (4,)),
    "FULLY_CONNECTED": ("dense", (_MATRIX,)),
    "BATCH_MATMUL": ("matmul", (2, 3, 4, 5)),
}
_AT_LEAST = {"TRANSPOSE_CONV": 3}  # inputs: output shape, weights, input


@dataclass(frozen=True, kw_only=True)
class NetworkFeatures:
    """One inference of a network.

    macs: multiply-accumulates by kind of operation (`KINDS`).
    weight_bytes: constants by kind (`KINDS`, and `other`), each counted once, as wide as the file has them.
    activation_bytes: what the operations of a kind read and write, constants apart.
    input_bytes, output_bytes: of the whole network.
    precision: of the arithmetic, as `TfliteFile` names it: `int8`, `float32`, `mixed`...
    uncounted: operations that compute something which `macs` lacks, by name: of a file for an accelerator all of it.
    free_sizes: whether a size other than the batch is not fixed; it is counted as 1.
    """

    macs: Mapping[str, int] = field(default_factory=dict)
    weight_bytes: Mapping[str, int] = field(default_factory=dict)
    activation_bytes: Mapping[str, int] = field(default_factory=dict)
    input_bytes: int = 0
    output_bytes: int = 0
    operations: int = 0
    precision: str = ""
    uncounted: Mapping[str, int] = field(default_factory=dict)
    free_sizes: bool = False

    @property
    def total_macs(self) -> int:
        """Of all kinds together."""
        return sum(self.macs.values())

    @property
    def total_weight_bytes(self) -> int:
        """Of all kinds together."""
        return sum(self.weight_bytes.values())

    @property
    def total_activation_bytes(self) -> int:
        """Of all kinds together."""
        return sum(self.activation_bytes.values())

    @property
    def complete(self) -> bool:
        """Whether all that computes is counted; else the network takes at least as long as these numbers say."""
        return not self.uncounted and not self.free_sizes


def read_features(path: Path) -> NetworkFeatures:
    """The features of the .tflite file at `path`; a `ModelError` says why it cannot be read."""
    from devbench.models.tflite_file import read_tflite

    return features_of(read_graph(path), read_tflite(path).precision)


def features_of(graph: Graph, precision: str = "") -> NetworkFeatures:
    """The features of a graph. precision: of its arithmetic; what its convolutions compute in if it is not given."""
    widened = _widened(graph)
    macs: Counter[str] = Counter()
    weights: Counter[str] = Counter()
    activations: Counter[str] = Counter()
    uncounted: Counter[str] = Counter()
    counted: set[int] = set()
    for operation in graph.operations:
        if _only_widens(operation):
            continue  # it runs once, before the first inference
        kind = _kind(operation)
        if kind != OTHER:
            macs[kind] += _macs(operation)
        elif _computes(operation):
            uncounted[operation.name] += 1
        constants = [widened.get(one.number, one) for one in operation.inputs]
        new = {one.number: one for one in constants if one.constant and one.number not in counted}
        counted |= set(new)
        weights[kind] += sum(len(one.data) for one in new.values())
        activations[kind] += sum(_size(one) for one in operation.tensors if one.made and one.number not in widened)
    return NetworkFeatures(
        macs=dict(macs),
        weight_bytes=dict(weights),
        activation_bytes=dict(activations),
        input_bytes=_sizes(graph.inputs),
        output_bytes=_sizes(graph.outputs),
        operations=len(graph.operations),
        precision=precision or _precision(graph),
        uncounted=dict(uncounted),
        free_sizes=any(_is_free(one) for one in graph.computed),
    )


def _kind(operation: Operation) -> str:
    """What it counts as; `other` also where a file says too little of it to count."""
    if not operation.outputs or len(operation.inputs) < _AT_LEAST.get(operation.name, 2):
        return OTHER
    if _RECURRENT.fullmatch(operation.name):
        return "recurrent"
    shape = operation.inputs[1].shape
    kind, dimensions = _KINDS.get(operation.name, (OTHER, ()))
    if len(shape) not in dimensions or not (operation.inputs[0].shape and operation.outputs[0].shape):
        return OTHER
    return "conv_1x1" if operation.name == "CONV_2D" and shape[1:3] == (1, 1) else kind


def _macs(operation: Operation) -> int:
    """The weights that each output value needs, for each; of a transposed convolution, those that each input meets."""
    shape = tuple(map(abs, operation.inputs[1].shape))
    put_out = operation.outputs[0].elements
    match operation.name:
        case "CONV_2D" | "FULLY_CONNECTED":
            return put_out * math.prod(shape[1:])
        case "CONV_3D":  # depth, height, width, channels in, channels out
            return put_out * math.prod(shape[:-1])
        case "DEPTHWISE_CONV_2D":
            return put_out * math.prod(shape[1:3])
        case "TRANSPOSE_CONV":
            return operation.inputs[2].elements * math.prod(shape[:3])
        case name if _RECURRENT.fullmatch(name):  # each step meets every matrix
            matrices = (one for one in operation.inputs if one.constant and len(one.shape) == _MATRIX)
            return math.prod(map(abs, operation.inputs[0].shape[:-1])) * sum(one.elements for one in matrices)
        case _:  # a matrix product: each value is a row times a column; the row may be transposed
            of_first, columns = tuple(map(abs, operation.inputs[0].shape)), abs(operation.outputs[0].shape[-1])
            rows = put_out // max(columns, 1) // max(math.prod(of_first[:-2]), 1)
            return put_out * (math.prod(of_first[-2:]) // max(rows, 1))


def _computes(operation: Operation) -> bool:
    """Whether it does work that is not counted: what others have brought, and networks inside of an operation."""
    return operation.custom or bool(_UNCOUNTED.fullmatch(operation.name))


def _only_widens(operation: Operation) -> bool:
    """Whether it makes wider numbers of constants, as files with float16 or sparse weights have it."""
    widens = operation.name in ("DEQUANTIZE", "DENSIFY")
    return widens and len(operation.inputs) == 1 and operation.inputs[0].constant


def _widened(graph: Graph) -> dict[int, Tensor]:
    """The constants that such tensors are made of."""
    found: dict[int, Tensor] = {}
    for one in graph.operations:
        if _only_widens(one):
            found |= {tensor.number: one.inputs[0] for tensor in one.outputs}
    return found


def _precision(graph: Graph) -> str:
    found = {operation.inputs[0].dtype for operation in graph.operations if _kind(operation) != OTHER}
    found = {"int8" if one == "uint8" else one for one in found}
    return found.pop() if len(found) == 1 else "mixed" if found else ""


def _is_free(tensor: Tensor) -> bool:
    """Whether a size is not fixed, apart from the batch in front of other sizes."""
    return any(position > 0 or len(tensor.shape) == 1 for position in tensor.free)


def _sizes(tensors: Iterable[Tensor]) -> int:
    return sum(map(_size, tensors))


def _size(tensor: Tensor) -> int:
    if tensor.dtype in _HALF_BYTE:
        return (tensor.elements + 1) // 2
    return tensor.elements * _BYTES.get(tensor.dtype, 1)
