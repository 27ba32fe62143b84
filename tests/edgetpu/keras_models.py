"""Makes tiny Keras models into .tflite files, one for each rule of the Edge TPU that a newcomer breaks.

    python keras_models.py FOLDER

One keeps every rule; each other breaks the one that it is named after.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

SHAPE = (16, 16, 3)


def images(batch: int = 1):
    random = np.random.default_rng(0)
    return lambda: ([random.random((batch, *SHAPE), dtype=np.float32)] for _ in range(8))


def network(inputs, *, sine: bool = False, groups: int = 1):
    found = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    found = keras.layers.Conv2D(8, 3, groups=groups)(found) if groups > 1 else found
    if sine:
        found = keras.ops.sin(found)
    found = keras.layers.DepthwiseConv2D(3, padding="same")(found)
    return keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(found))


def save(path: Path, model, *, quantized: bool = True, integer_ends: bool = True, batch: int = 1) -> None:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = images(batch)
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if quantized and integer_ends:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    path.write_bytes(converter.convert())


def main(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    fixed, free = keras.Input(batch_shape=(1, *SHAPE)), keras.Input(SHAPE)
    model = keras.Model(fixed, network(fixed))
    save(folder / "good.tflite", model)
    save(folder / "float.tflite", model, quantized=False)
    save(folder / "float_ends.tflite", model, integer_ends=False)
    save(folder / "free_batch.tflite", keras.Model(free, network(free)))
    save(folder / "sine.tflite", keras.Model(fixed, network(fixed, sine=True)))
    save(folder / "grouped.tflite", keras.Model(fixed, network(fixed, groups=2)))
    pair = keras.Input(batch_shape=(2, *SHAPE))
    save(folder / "batch_of_two.tflite", keras.Model(pair, network(pair)), batch=2)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
