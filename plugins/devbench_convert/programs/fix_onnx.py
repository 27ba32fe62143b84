"""ONNX as one file, with a free batch fixed at 1 and other free sizes as the suite says them."""

from __future__ import annotations

from typing import Any

import onnx

MOST_BYTES = 2**31 - 1  # of a protobuf


def convert(order: Any) -> Any:
    """Write `order["source"]` anew."""
    model = onnx.load(order["source"])  # with the weights from the file beside it
    told = []
    weights = {one.name for one in model.graph.initializer}
    names: dict[str, int] = {}
    for value in model.graph.input:
        if value.name not in weights:
            told += _fix(value, order["inputs"].get(value.name), names)
    for value in (*model.graph.output, *model.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param in names:
                size.dim_value = names[size.dim_param]
    if model.ByteSize() > MOST_BYTES:
        raise ValueError("it is larger than 2 GB, which is the most that one ONNX file can hold")
    onnx.checker.check_model(model)
    onnx.save(model, order["out"], save_as_external_data=False)
    order.compare(order.reader(order["source"]), exact=True)
    return {"changed": "; ".join(told)} if told else {"changed": "the weights are in the file itself"}


def _fix(value: Any, shape: Any, names: Any) -> Any:
    sizes = value.type.tensor_type.shape.dim
    if shape and len(shape) != len(sizes):
        raise ValueError(f"its input '{value.name}' has {len(sizes)} sizes, and `ends` says {len(shape)}")
    told = []
    for index, size in enumerate(sizes):
        if size.HasField("dim_value") and size.dim_value > 0:
            continue
        if not shape and index:
            raise ValueError(
                f"the sizes of its input '{value.name}' are free: say them in the suite, "
                f"`ends: {{inputs: {{{value.name}: [1, ...]}}}}`"
            )
        fixed = shape[index] if shape else 1
        if size.dim_param:
            names[size.dim_param] = fixed
        told.append("the free batch is fixed at 1" if not index and fixed == 1 else f"size {index} is {fixed}")
        size.dim_value = fixed
    return told
