"""A float .tflite to int8 with the quantizer of TensorFlow's converter: int8 ends, dense layers with one scale."""

from __future__ import annotations

from typing import Any


def convert(order: Any) -> Any:
    """Quantize `order["source"]` with the pictures of the order."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize
    from tensorflow.lite.python.optimize import calibrator

    with open(order["source"], "rb") as file:
        data = calibrator.add_intermediate_tensors(file.read())
    calibrated = calibrator.Calibrator(data).calibrate(lambda: ([batch] for batch in order.batches()))
    made = mlir_quantize(
        calibrated,
        input_data_type=tf.int8,
        output_data_type=tf.int8,
        disable_per_channel_for_dense_layers=True,
    )
    with open(order["out"], "wb") as file:
        file.write(made)
    return {"dense layers": "one scale each"}
