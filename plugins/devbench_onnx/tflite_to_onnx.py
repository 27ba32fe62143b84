"""A .tflite file to ONNX by tf2onnx; for TensorRT with float ends and without zero points."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

OPSET = 13  # the first with scales per channel, and the last that TensorRT 8.0 to 8.2 know


def convert(order: Any) -> Any:
    """Convert `order["source"]` to the format `order["to"]`."""
    import onnx
    import tf2onnx

    try:
        model, _ = tf2onnx.convert.from_tflite(order["source"], opset=OPSET)
    except Exception as error:
        raise ValueError("tf2onnx says: " + " ".join(str(error).split())[:500]) from error
    said = {"opset": str(OPSET)}
    if order["to"] == "onnx-symmetric" and _sibling("symmetric").make_symmetric(model):
        said["requantized"] = "symmetrically, as TensorRT takes no zero points"
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, order["out"])
    if order["precision"] == "float32":
        order.compare(order.reader(order["source"]))
    return said


def _sibling(name: Any) -> Any:
    """The module that stands beside this file, which may be run by any interpreter."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
