"""Turns a Keras network into the bytes of a .tflite file, and looks whether it became what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from devbench import ModelError, read_tflite
from devbench_zoo.recipe.images import synthetic_image

_CALIBRATION_IMAGES = 100
# 12 G multiply-accumulates an image, in one thread: each of them takes a second and more.
_CALIBRATION_IMAGES_LARGE = 8
_LARGE_SIDE_PX = 299


def convert(network: Any, side_px: int, precision: str, seed: int) -> bytes:
    """The .tflite file of `network` with a softmax, a batch of 1, and `precision` from input to output."""
    # Around the network and not in it: a free batch size would leave -1 in the shape signature.
    image = keras.Input(batch_shape=(1, side_px, side_px, 3), name="image")
    whole = keras.Model(image, keras.layers.Softmax(name="probabilities")(network(image)))
    converter = tf.lite.TFLiteConverter.from_keras_model(whole)
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _calibration(side_px, seed)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        # tflite-runtime before 2.10 reads only the first scale of a dense layer, and answers wrongly without an error.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def _calibration(side_px: int, seed: int) -> Iterator[list[Any]]:
    count = _CALIBRATION_IMAGES_LARGE if side_px >= _LARGE_SIDE_PX else _CALIBRATION_IMAGES
    for number in range(count):
        yield [synthetic_image(side_px, seed, number)]


def check(path: Path, precision: str) -> None:
    """A `ModelError` unless the file at `path` is static, computes in `precision`, and every reader understands it.

    The converter promises none of these: it leaves an operation that it cannot quantize in float, in silence.
    """
    found = read_tflite(path)
    if found.dynamic:
        raise ModelError(f"{path.name}: the converter left sizes open in {', '.join(found.dynamic[:3])}")
    if found.per_channel_dense or found.outside:
        raise ModelError(
            f"{path.name}: older runtimes would misread what the converter made: {found.per_channel_dense} dense layers"
            f" with several scales, {found.outside} constants outside the FlatBuffer"
        )
    outer = {spec.dtype for spec in found.inputs + found.outputs}
    if found.precision != precision or outer != {precision}:
        raise ModelError(
            f"{path.name}: the converter made {found.precision} (tensors: {dict(found.tensor_types)}) with "
            f"{' and '.join(sorted(outer))} at its ends where {precision} was asked for"
        )
