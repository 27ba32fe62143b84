"""Writes the trained digits network in every form that TensorFlow can write: `by_tensorflow.py DIGITS.keras FOLDER`."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHOWN = 200


def main() -> None:
    import keras
    import numpy as np
    import tensorflow as tf

    from devbench_digits.recipe import CLASSES
    from devbench_digits.recipe.data import pixels, prepared

    network, folder = map(Path, sys.argv[1:])
    model = keras.models.load_model(network)
    ink, classes = pixels("train", 0)
    images = prepared(ink)
    np.savez(folder / "for_tf_keras.npz", *model.get_weights())
    np.savez(folder / "train.npz", images=images, classes=classes)
    model.save(folder / "digits.keras")
    model.save(folder / "digits.h5")
    model.export(folder / "saved", verbose=False)
    _frozen(tf, model, folder / "digits.pb")
    (folder / "digits.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    (folder / "default_int8.tflite").write_bytes(_uint8(tf, model, images, per_tensor=False))
    with zipfile.ZipFile(folder / "automl.zip", "w") as archive:
        archive.writestr("model.tflite", _uint8(tf, model, images, per_tensor=True))
        archive.writestr("dict.txt", "".join(f"{number}\n" for number in range(CLASSES)))
        archive.writestr("tflite_metadata.json", json.dumps({"inferenceType": "QUANTIZED_UINT8"}))
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(folder / "saved"), "--opset", "13"]
    subprocess.run([*command, "--output", str(folder / "digits.onnx")], check=True, stderr=subprocess.DEVNULL)


def _frozen(tf: Any, model: Any, path: Path) -> None:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    given = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")
    call = tf.function(model.call).get_concrete_function(given)
    path.write_bytes(convert_variables_to_constants_v2(call).graph.as_graph_def().SerializeToString())


def _uint8(tf: Any, model: Any, images: Any, *, per_tensor: bool) -> bytes:
    """As AutoML exports it, with uint8 at the ends; dense layers as the converter does it by default, or per tensor."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _shown(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = per_tensor
    return bytes(converter.convert())


def _shown(images: Any) -> Iterator[list[Any]]:
    for one in images[:SHOWN]:
        yield [one[None]]


if __name__ == "__main__":
    main()
