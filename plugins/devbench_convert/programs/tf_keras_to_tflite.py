"""Keras 2 to .tflite, with tf-keras; of networks that tfmot has trained for it, int8 without calibration."""

from __future__ import annotations

import os
from typing import Any


def convert(order: Any) -> Any:
    """Convert `order["source"]` to `order["precision"]`."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras

    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    try:
        with tfmot.quantization.keras.quantize_scope():
            model = tf_keras.models.load_model(order["source"], compile=False)
    except Exception as error:
        raise ValueError("Keras 2 cannot load it: " + " ".join(str(error).split())[:500]) from error
    given = []
    for one in model.inputs:
        shape = order["inputs"].get(one.name) or [1 if size is None else size for size in one.shape[:1]] + list(
            one.shape[1:]
        )
        if None in shape:
            raise ValueError(f"the sizes of its input '{one.name}' are free: say them in the suite under `ends`")
        given.append(tf_keras.Input(batch_shape=shape, dtype=one.dtype, name=one.name.split(":")[0]))
    whole = tf_keras.Model(given, model(given if len(given) > 1 else given[0]))
    converter = tf.lite.TFLiteConverter.from_keras_model(whole)
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if order["precision"] == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    with open(order["out"], "wb") as file:
        file.write(converter.convert())
    if order["precision"] == "int8":  # what quantization changes, the pictures of a test show
        return

    def answers(arrays: Any) -> Any:
        found = whole([tf.constant(one) for one in arrays] if len(arrays) > 1 else arrays[0], training=False)
        return [one.numpy() for one in tf.nest.flatten(found)]

    order.compare(answers, [one.name for one in given])
