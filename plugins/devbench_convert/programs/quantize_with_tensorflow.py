"""A float .tflite to int8 with the quantizer of TensorFlow's converter: int8 ends, dense layers with one scale."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np


def convert(order: Any) -> Any:
    """Quantize `order["source"]` with the pictures of the order."""
    with order.keras_alone():
        import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize
    from tensorflow.lite.python.optimize import calibrator

    with open(order["source"], "rb") as file:
        data = calibrator.add_intermediate_tensors(file.read())
    # Halves cost nothing: the range of all pictures is what the ranges of both halves cover.
    halves = [calibrator.Calibrator(data).calibrate(lambda half=half: _every_other(order, half)) for half in (0, 1)]
    calibrated = _merged(order, *halves)
    made = mlir_quantize(
        calibrated,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        disable_per_channel_for_dense_layers=True,
    )
    with open(order["out"], "wb") as file:
        file.write(made)
    return {"dense layers": "one scale each"}


def _every_other(order: Any, half: Any) -> Any:
    """The pictures of one half; of a single picture, both are the same."""
    single = len(np.load(order["pictures"], mmap_mode="r")) == 1
    return ([batch] for batch in islice(order.batches(), 0 if single else half, None, 2))


def _merged(order: Any, first: Any, second: Any) -> Any:
    """The file with the ranges that cover those of both."""
    from tensorflow.lite.tools import flatbuffer_utils

    one, other = (flatbuffer_utils.read_model_from_bytearray(bytearray(data)) for data in (first, second))
    ranges: Any = ({}, {})
    for graph, its in zip(one.subgraphs, other.subgraphs):
        for tensor, twin in zip(graph.tensors, its.tensors):
            about, also = tensor.quantization, twin.quantization
            if not _has_range(about) or not _has_range(also):
                continue
            for found, each in zip(ranges, (about, also)):
                found[_text(tensor.name)] = (float(min(each.min)), float(max(each.max)))
            about.min = [min(pair) for pair in zip(about.min, also.min)]
            about.max = [max(pair) for pair in zip(about.max, also.max)]
    if len(np.load(order["pictures"], mmap_mode="r")) > 1:
        order.compare_halves(*ranges)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(one))


def _has_range(about: Any) -> Any:
    return about is not None and about.min is not None and about.max is not None and len(about.min) > 0


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else str(value)
