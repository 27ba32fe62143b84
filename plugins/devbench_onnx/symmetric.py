"""Rewrites the quantization of an ONNX graph for TensorRT, whose parser takes no zero point but 0.

TensorFlow Lite quantizes activations as real = scale * (q - zero point). The same range of reals is covered here by
int8 from -127 to 127 around 0, so a range that begins at 0, as after a ReLU, keeps 7 of its 8 bits: that is how
TensorRT's own calibration does it as well. (onnx-tensorrt, QuantDequantLinearHelper: "zero point must be all zeros";
NVIDIA/TensorRT issue 2774.) After it,

* where such a range was what a ReLU had left to be done, there is a Relu;
* every QuantizeLinear of an activation is followed by its DequantizeLinear, and what lies between pairs is float;
* weights are the reals that int8 stands for, with a pair behind them (TensorRT 8 takes no int8 constants); biases are
  float;
* inputs and outputs of the network are float.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

_LARGEST = 127
_NEVER_NEGATIVE = ("Relu", "Softmax", "Sigmoid")
_POOLS = ("AveragePool", "GlobalAveragePool", "MaxPool", "GlobalMaxPool")
_EIGHT_BITS = (TensorProto.INT8, TensorProto.UINT8)


def zero_points(model: Any) -> list[str]:
    """The names of the nodes whose zero point is not 0."""
    weights = {**_weights(model.graph), **_constants(model.graph)}
    return [
        node.name or node.output[0]
        for node in model.graph.node
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and _zero_point(node, weights).any()
    ]


def make_symmetric(model: Any) -> bool:
    """Rewrite `model` in place; whether there was anything quantized in it."""
    graph = model.graph
    weights = _weights(graph)
    if not any(node.op_type == "DequantizeLinear" for node in graph.node):
        return False
    graph_ends = _float_ends(graph)
    rewriter = _Rewriter(graph, weights, graph_ends)
    nodes = [new for node in graph.node for new in rewriter.rewritten(node)]
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    del graph.value_info[:]
    return True


def _weights(graph: Any) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in graph.initializer}


def _constants(graph: Any) -> dict[str, Any]:
    """Weights that are nodes of their own."""
    nodes = [node for node in graph.node if node.op_type == "Constant"]
    return {node.output[0]: one.t for node in nodes for one in node.attribute if one.name == "value"}


def _zero_point(node: Any, weights: dict[str, Any]) -> np.ndarray:
    has = len(node.input) > 2 and node.input[2] in weights  # noqa: PLR2004 - x, scale, zero point
    return numpy_helper.to_array(weights[node.input[2]]) if has else np.zeros((), np.uint8)  # ONNX's own default


def _float_ends(graph: Any) -> set[str]:
    """Make 8-bit inputs and outputs float32; the names of these outputs."""
    changed = set()
    for ends in (graph.input, graph.output):
        for one in ends:
            if one.type.tensor_type.elem_type in _EIGHT_BITS:
                one.type.tensor_type.elem_type = TensorProto.FLOAT
                changed.add(one.name)
    return changed & {one.name for one in graph.output}


class _Rewriter:
    """Rewrites node by node, in the graph's order.

    Integer activations become the floats that they stand for, under the same name. So a DequantizeLinear of one
    becomes its own input, and only what comes from the network's input is still to be quantized there.
    """

    def __init__(self, graph: Any, weights: dict[str, Any], ends: set[str]) -> None:
        self._graph, self._weights, self._ends = graph, weights, ends
        self._outputs = {one.name for one in graph.output}
        self._quantized: set[str] = set()  # floats that have been through a pair
        self._same: dict[str, str] = {}  # names of what is now the same as something else
        self._made_by = {name: node for node in graph.node for name in node.output}
        self._uses: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._uses.setdefault(name, []).append(node)
        self._last = set(self._leading_to_ends())

    def rewritten(self, node: Any) -> Iterator[Any]:
        """What stands in the place of `node`."""
        uses = self._uses.get(node.output[0], [])
        node.input[:] = [self._same.get(name, name) for name in node.input]
        if node.op_type == "DequantizeLinear" and node.input[0] in self._weights:
            yield from self._weight(node)
        elif node.op_type == "QuantizeLinear":
            yield from self._activation(node, needed=node.output[0] not in self._last)
        elif node.op_type == "DequantizeLinear":
            only_quantized = bool(uses) and all(use.op_type == "QuantizeLinear" for use in uses)
            first = node.input[0] not in self._quantized and not only_quantized
            yield from self._activation(node, needed=first and node.output[0] not in self._last)
        else:
            self._refuse_integers(node)
            if any(name in self._quantized for name in node.input) and _moves_only(node):
                self._quantized.update(node.output)
            yield node

    def _activation(self, node: Any, *, needed: bool) -> Iterator[Any]:
        """A pair that rounds to int8 and back, or nothing but another name; a Relu if the range did its work."""
        source, result = node.input[0], node.output[0]
        low, high = self._range(node)
        if node.op_type == "QuantizeLinear" and low >= 0 and not self._never_negative(source):
            yield helper.make_node("Relu", [source], [f"{result}/positive"], name=f"{result}/relu")
            source = f"{result}/positive"
        if not needed:
            if result in self._outputs:
                yield helper.make_node("Identity", [source], [result], name=f"{result}/same")
            else:
                self._same[result] = source
            return
        largest = max(abs(low), abs(high))
        scale = self._constant(f"{result}/scale", np.asarray(largest / _LARGEST, np.float32))
        zero = self._constant(f"{result}/zero", np.zeros((), np.int8))
        yield helper.make_node("QuantizeLinear", [source, scale, zero], [f"{result}/int8"], name=f"{result}/quantize")
        yield helper.make_node("DequantizeLinear", [f"{result}/int8", scale, zero], [result], name=f"{result}/back")
        self._quantized.add(result)

    def _never_negative(self, name: str) -> bool:
        """Whether a tensor, as it is without the rounding that follows, has no value below 0."""
        node = self._made_by.get(name)
        if node is None or node.op_type in _NEVER_NEGATIVE:
            return node is not None
        if node.op_type == "Clip":
            low = self._weights.get(node.input[1]) if len(node.input) > 1 else None
            return low is not None and float(numpy_helper.to_array(low)) >= 0
        if node.op_type == "QuantizeLinear":
            return self._range(node)[0] >= 0
        if node.op_type == "DequantizeLinear":
            return node.input[0] not in self._weights and self._never_negative(node.input[0])
        if node.op_type in _POOLS or _moves_only(node):
            values = node.input if node.op_type == "Concat" else node.input[:1]
            return all(self._never_negative(one) for one in values)
        return False

    def _range(self, node: Any) -> tuple[float, float]:
        """The least and the largest real that the node's quantization holds."""
        scale = numpy_helper.to_array(self._weights[node.input[1]]).astype(np.float64)
        zero = _zero_point(node, self._weights)
        if scale.size != 1:
            raise ValueError(f"{node.name or node.output[0]}: activations with a scale per channel are not rewritten")
        limits = np.iinfo(zero.dtype)
        low, high = ((limit - int(zero)) * float(scale.reshape(())) for limit in (limits.min, limits.max))
        return low, high

    def _weight(self, node: Any) -> Iterator[Any]:
        """8-bit weights keep a pair, symmetric; 32-bit biases become float, for TensorRT dequantizes 8 bit only."""
        stored = numpy_helper.to_array(self._weights[node.input[0]])
        scale = numpy_helper.to_array(self._weights[node.input[1]])
        zero = _zero_point(node, self._weights)
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
        real = (stored.astype(np.float64) - _along(zero, stored, axis)) * _along(scale, stored, axis)
        result = node.output[0]
        if stored.dtype not in (np.int8, np.uint8):
            self._constant(result, real.astype(np.float32))
        elif stored.dtype == np.int8 and not zero.any():
            yield from self._weight_pair(result, real, scale.astype(np.float32), axis)
        else:
            yield from self._weight_pair(result, real, *self._scales_for(real, result))

    def _scales_for(self, real: np.ndarray, result: str) -> tuple[np.ndarray, int]:
        """One for each output channel of a convolution: a lost bit costs small channels too much."""
        for_convolutions = all(use.op_type == "Conv" for use in self._uses[result])
        others = tuple(range(1, real.ndim)) if for_convolutions else None
        largest = np.maximum(np.abs(real).max(axis=others), np.finfo(np.float32).tiny)
        return np.asarray(largest / _LARGEST, np.float32), 0

    def _weight_pair(self, result: str, real: np.ndarray, scale: np.ndarray, axis: int) -> Iterator[Any]:
        steps = np.clip(np.round(real / _along(scale, real, axis)), -_LARGEST - 1, _LARGEST)
        value = self._constant(f"{result}/real", (steps * _along(scale, real, axis)).astype(np.float32))
        pair = [
            self._constant(f"{result}/scale", scale),
            self._constant(f"{result}/zero", np.zeros(scale.shape, np.int8)),
        ]
        along: dict[str, Any] = {"axis": axis} if scale.size > 1 else {}
        yield helper.make_node("QuantizeLinear", [value, *pair], [f"{result}/int8"], name=f"{result}/quantize", **along)
        yield helper.make_node("DequantizeLinear", [f"{result}/int8", *pair], [result], name=f"{result}/back", **along)

    def _constant(self, name: str, value: np.ndarray) -> str:
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name))
        return name

    def _leading_to_ends(self) -> Iterator[str]:
        """What leads to the network's 8-bit outputs through nothing but quantization and moves: it stays float."""
        made_by = {name: node for node in self._graph.node for name in node.output}
        waiting = sorted(self._ends)
        while waiting:
            name = waiting.pop()
            node = made_by.get(name)
            if node is None or not (node.op_type in ("QuantizeLinear", "DequantizeLinear") or _moves_only(node)):
                continue
            if len(self._uses.get(name, [])) + (name in self._ends) > 1:
                continue  # something else takes it as well
            yield name
            waiting.append(node.input[0])

    def _refuse_integers(self, node: Any) -> None:
        if "Integer" in node.op_type or node.op_type.startswith("QLinear"):
            raise ValueError(f"{node.op_type} computes in integers, which TensorRT's parser does not take")


def _moves_only(node: Any) -> bool:
    """Whether the values that come out are among those that went in."""
    moves = (
        "Reshape",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
        "Flatten",
        "Slice",
        "Identity",
        "Gather",
        "Split",
        "MaxPool",
        "Concat",
    )
    return node.op_type in moves


def _along(values: np.ndarray, like: np.ndarray, axis: int) -> np.ndarray:
    """One value for all, or one for each index of `axis`, in a shape that goes with `like`."""
    if values.size == 1:
        return values.astype(np.float64).reshape(())
    shape = [1] * like.ndim
    shape[axis] = values.size
    return values.astype(np.float64).reshape(shape)


def _drop_unused(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input} | {one.name for one in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
