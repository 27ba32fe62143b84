"""A float .tflite to int8 with ai-edge-quantizer: int8 ends, dense layers with one scale, weights inside the file."""

from __future__ import annotations

import os
from typing import Any

from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import qtyping, quantizer, recipe

SIGNATURE = "serving_default"


def convert(order: Any) -> Any:
    """Quantize `order["source"]` with the pictures of the order."""
    signed = os.path.join(order["scratch"], "signed.tflite")
    key, name = _with_signature(order["source"], signed)
    maker = quantizer.Quantizer(signed, recipe.static_wi8_ai8())
    maker.add_static_config(
        ".*", qtyping.TFLOperationName.FULLY_CONNECTED, 8, 8, weight_granularity=qtyping.QuantGranularity.TENSORWISE
    )
    # In one thread: the number of threads decides in which order sums are made.
    ranges = maker.calibrate({key: _Shown(order, name)}, num_threads=1)
    result = maker.quantize(ranges)
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(result.quantized_model))
    flatbuffer_utils.write_model(model, order["out"])  # puts all weights inside
    return {"dense layers": "one scale each", "weights": "inside the file"}


class _Shown:
    """The pictures by the name of the input. The quantizer counts them first, and goes through them again."""

    def __init__(self, order: Any, name: str) -> None:
        self._order, self._name = order, name

    def __iter__(self) -> Any:
        return ({self._name: batch} for batch in self._order.batches())


def _with_signature(source: Any, into: Any) -> Any:
    """Copy the file, with a signature if it has none, as files made of frozen graphs; its key, and its input's name."""
    model = flatbuffer_utils.read_model(source)
    graph = model.subgraphs[0]
    if not model.signatureDefs:
        model.signatureDefs = [_signature(graph)]
    signature = model.signatureDefs[0]
    if len(signature.inputs) != 1:
        raise ValueError(f"it has {len(signature.inputs)} inputs, and pictures can be given to one")
    flatbuffer_utils.write_model(model, into)
    return _text(signature.signatureKey), _text(signature.inputs[0].name)


def _signature(graph: Any) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    found = schema.SignatureDefT()
    found.signatureKey = SIGNATURE.encode()
    found.subgraphIndex = 0
    found.inputs = [_end(schema, graph, int(index)) for index in graph.inputs]
    found.outputs = [_end(schema, graph, int(index)) for index in graph.outputs]
    return found


def _end(schema: Any, graph: Any, index: Any) -> Any:
    end = schema.TensorMapT()
    end.name, end.tensorIndex = graph.tensors[index].name, index
    return end


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else str(value)
