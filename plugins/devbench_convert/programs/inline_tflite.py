"""A .tflite file with all its weights inside of the FlatBuffer, where every reader finds them."""

from __future__ import annotations

from typing import Any

from ai_edge_litert.tools import flatbuffer_utils


def convert(order: Any) -> Any:
    """Read the file and write it anew."""
    flatbuffer_utils.write_model(flatbuffer_utils.read_model(order["source"]), order["out"])
    order.compare(order.reader(order["source"]), exact=True)
    return {"changed": "the weights are inside the FlatBuffer"}
