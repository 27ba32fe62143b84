"""Turns the trained network into the bytes of a .tflite file that every reader understands."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

CALIBRATION_PICTURES = 200


def convert(network: Any, precision: str, calibration: Any) -> bytes:
    """The file with a batch of 1, in `precision` from input to output. calibration: training pictures, prepared."""
    # Around the network and not in it: a free batch would leave -1 in the shape signature.
    image = keras.Input(batch_shape=(1, *network.input_shape[1:]), name="image")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, network(image)))
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([one[None]] for one in calibration[:CALIBRATION_PICTURES])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        # tflite-runtime before 2.10 reads only the first scale of a dense layer, and answers wrongly without an error.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())
