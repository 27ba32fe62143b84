"""A float .tflite to int8 with ai-edge-quantizer: int8 ends, dense layers with one scale, weights inside the file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe, recipe_manager
from ai_edge_quantizer.utils import qsv_utils

SIGNATURE = "serving_default"
SHOWN, HALVES = "devbench_shown", "devbench_halves"


def convert(order: Any) -> Any:
    """Quantize `order["source"]` with the pictures of the order."""
    signed = os.path.join(order["scratch"], "signed.tflite")
    key, name = _with_signature(order["source"], signed)
    maker = quantizer.Quantizer(signed, recipe.static_wi8_ai8())
    maker.add_static_config(
        ".*", qtyping.TFLOperationName.FULLY_CONNECTED, 8, 8, weight_granularity=qtyping.QuantGranularity.TENSORWISE
    )
    gathered = _gathered(signed, maker.get_quantization_recipe(), {key: _Shown(order, name)})
    _compare_halves(order, gathered)
    result = maker.quantize({one: _without_halves(ranges) for one, ranges in gathered.items()})
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(result.quantized_model))
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.data = np.asarray(bytearray(buffer.data), np.uint8)  # of anything else, each byte is a call
    flatbuffer_utils.write_model(model, order["out"])  # puts all weights inside
    return {"dense layers": "one scale each", "weights": "inside the file"}


def _gathered(path: Any, wanted: Any, shown: Any) -> Any:
    """What the quantizer gathers of each tensor, and beside it the same of every other picture."""
    recipes = recipe_manager.RecipeManager()
    recipes.load_quantization_recipe(wanted)
    # In one thread: the number of threads decides in which order sums are made.
    gatherer = calibrator.Calibrator(path, num_threads=1, qsv_update_func=_with_halves)
    gatherer.calibrate(shown, recipes)
    return gatherer.get_model_qsvs()


def _with_halves(before: Any, new: Any) -> Any:
    """The quantizer's own moving average, of all pictures and of each half of them."""
    found = qsv_utils.moving_average_update(_without_halves(before), new)
    shown = before.get(SHOWN, 1)
    parts = list(before.get(HALVES, (_without_halves(before), None)))
    half = shown % 2
    parts[half] = new if parts[half] is None else qsv_utils.moving_average_update(parts[half], new)
    return {**found, SHOWN: shown + 1, HALVES: parts}


def _without_halves(ranges: Any) -> Any:
    return {name: value for name, value in ranges.items() if name not in (SHOWN, HALVES)}


def _compare_halves(order: Any, gathered: Any) -> None:
    pairs = {name: ranges[HALVES] for name, ranges in gathered.items() if HALVES in ranges}
    first, second = ({name: _ends(parts[k]) for name, parts in pairs.items()} for k in (0, 1))
    if pairs:
        order.compare_halves(first, second)


def _ends(ranges: Any) -> Any:
    return float(ranges["min"].min()), float(ranges["max"].max())


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
