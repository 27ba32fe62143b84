"""Small ONNX files with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

WEIGHTS = np.array([[40, -20, 0], [0, 60, -100], [127, 10, 5], [-30, 0, 90]], np.int8)
BIAS = np.array([0.5, -0.25, 0.0], np.float32)


def classifier(path: Path, *, quantized: bool = True, zero_point: int = 0, size: int | str = 1) -> Path:
    """Float [1, 2, 2, 1] to three probabilities, by one layer; int8 inside if `quantized`."""
    nodes = [helper.make_node("Reshape", ["image", "flat_shape"], ["flat"], name="flatten")]
    weights = {"flat_shape": np.array([1, 4], np.int64), "bias": BIAS}
    if quantized:
        weights |= {"step": np.float32(0.02), "zero": np.int8(zero_point)}
        weights |= {"weights": WEIGHTS.astype(np.float32) * np.float32(0.01)}
        weights |= {"weight_step": np.float32(0.01), "weight_zero": np.int8(0)}
        nodes += [
            helper.make_node("QuantizeLinear", ["flat", "step", "zero"], ["flat8"], name="quantize"),
            helper.make_node("DequantizeLinear", ["flat8", "step", "zero"], ["real"], name="back"),
            helper.make_node("QuantizeLinear", ["weights", "weight_step", "weight_zero"], ["weights8"], name="round"),
            helper.make_node("DequantizeLinear", ["weights8", "weight_step", "weight_zero"], ["matrix"], name="weigh"),
        ]
    else:
        weights |= {"matrix": WEIGHTS.astype(np.float32) * np.float32(0.01)}
        nodes.append(helper.make_node("Identity", ["flat"], ["real"], name="same"))
    nodes += [
        helper.make_node("MatMul", ["real", "matrix"], ["product"], name="dense"),
        helper.make_node("Add", ["product", "bias"], ["sum"], name="bias"),
        helper.make_node("Softmax", ["sum"], ["scores"], name="softmax", axis=-1),
    ]
    return write(path, nodes, weights, (size, 2, 2, 1), (1, 3))


def two_ends(path: Path) -> Path:
    """Two inputs and two outputs: `a` with 1 added, `b` with 10; an order that is mistaken shows."""
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2)) for name in "abcd"}
    nodes = [
        helper.make_node("Add", ["a", "one"], ["c"], name="first"),
        helper.make_node("Add", ["b", "ten"], ["d"], name="second"),
    ]
    values = {"one": np.float32([1, 1]), "ten": np.float32([10, 10])}
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(nodes, "net", [info["a"], info["b"]], [info["c"], info["d"]], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), path)
    return path


def odd_layer(path: Path) -> Path:
    """One layer that no TensorRT knows."""
    return write(path, [helper.make_node("Einsum", ["image"], ["scores"], name="odd", equation="abcd->abcd")], {})


def write(
    path: Path,
    nodes: Sequence[Any],
    weights: dict[str, Any],
    inputs: Sequence[int | str] = (1, 2, 2, 1),
    outputs: Sequence[int] = (1, 2, 2, 1),
) -> Path:
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, outputs)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), path)
    return path
