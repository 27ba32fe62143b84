"""One small network in every form that TensorFlow can write, in one process: python -m tests.pipeline.networks FOLDER.

It is a classifier of 16 x 16 pictures in 4 classes with random weights. With --converted, each form is also given to the
bundled converter's program, in the same process: TensorFlow takes seconds to load.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from devbench.pipeline.harness import Order

SIDE, CLASSES = 16, 4
PROGRAMS = Path(__file__).parents[2] / "plugins" / "devbench_convert" / "programs"


def pictures(folder: Path, count: int = 12) -> Path:
    """PNG files of coloured patches, the same every time."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(3)
    for number in range(count):
        few = random.randint(0, 256, (4, 4, 3)).astype(np.uint8)
        Image.fromarray(few).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(folder / f"{number:02}.png")
    return folder


def build(folder: Path) -> None:
    """Write every form of the network into `folder`."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(5)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3), name="image"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.SeparableConv2D(96, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, activation="softmax", name="scores"),
        ]
    )
    model.save(folder / "net.keras")
    model.save(folder / "net.h5")
    model.export(folder / "saved", verbose=False)
    shutil.make_archive(str(folder / "saved"), "zip", folder, "saved")
    _frozen(tf, model, folder / "net.pb")
    _tflites(tf, model, folder)
    _strange(tf, folder / "strange")
    _unusual(keras, folder / "unusual.keras")
    _with_a_table(keras, folder / "table.keras")


def _unusual(keras: Any, path: Path) -> None:
    """Two inputs with names that no signature may have, named outputs, and a layer that remembers."""
    layers = keras.layers
    right = keras.Input((SIDE, SIDE, 3), batch_size=1, name="right eye")
    left = keras.Input((SIDE, SIDE, 3), batch_size=1, name="left eye")
    both = layers.Concatenate()([layers.Conv2D(4, 3)(right), layers.Conv2D(4, 3)(left)])
    rows = layers.Reshape((SIDE - 2, (SIDE - 2) * 8))(both)
    remembered = layers.GRU(4, stateful=True)(rows)
    keras.Model([right, left], {"depth": layers.Dense(2)(remembered), "mean": layers.GlobalMaxPooling2D()(both)}).save(
        path
    )


def _with_a_table(keras: Any, path: Path) -> None:
    words = keras.Input((4,), dtype="int64", name="words")
    known = keras.layers.IntegerLookup(vocabulary=[3, 5, 7])(words)
    keras.Model(words, keras.layers.Embedding(10, 4)(known)).save(path)


def _frozen(tf: Any, model: Any, path: Path) -> None:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    call = tf.function(model.call).get_concrete_function(tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32, name="image"))
    path.write_bytes(convert_variables_to_constants_v2(call).graph.as_graph_def().SerializeToString())


def _strange(tf: Any, folder: Path) -> None:
    """A network with an operation that TensorFlow Lite does not have."""
    module = tf.Module()
    spec = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="image")
    module.call = tf.function(lambda image: {"scores": tf.linalg.det(image[..., 0])}, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures=module.call.get_concrete_function())


def _tflites(tf: Any, model: Any, folder: Path) -> None:
    """What the converter writes for those who set few of its switches."""
    from PIL import Image

    def shown() -> Any:
        import numpy as np

        for path in sorted(pictures(folder / "pictures").glob("*.png")):
            yield [(np.asarray(Image.open(path), np.float32)[None] - 127.5) / 127.5]

    def converter(**settings: Any) -> bytes:
        made = tf.lite.TFLiteConverter.from_keras_model(model)
        for name, value in settings.items():
            target = made.target_spec if name.startswith("supported") else made
            setattr(target, name, value)
        return bytes(made.convert())

    default = [tf.lite.Optimize.DEFAULT]
    whole = {
        "optimizations": default,
        "representative_dataset": shown,
        "supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8],
    }
    (folder / "float.tflite").write_bytes(converter())
    (folder / "float16.tflite").write_bytes(converter(optimizations=default, supported_types=[tf.float16]))
    (folder / "dynamic.tflite").write_bytes(converter(optimizations=default))
    (folder / "float_ends.tflite").write_bytes(converter(optimizations=default, representative_dataset=shown))
    uint8 = {"inference_input_type": tf.uint8, "inference_output_type": tf.uint8}
    (folder / "int8.tflite").write_bytes(converter(**whole, **uint8))


def convert_all(folder: Path) -> None:
    """Each form by the converter's own program: NAME_converted.tflite."""
    program = _program("tensorflow_to_tflite")
    forms = {
        "net.keras": "keras",
        "unusual.keras": "keras",
        "net.h5": "keras-h5",
        "saved": "saved-model",
        "net.pb": "frozen-graph",
    }
    for name, kind in forms.items():
        scratch = folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        program.convert(
            Order(
                {
                    "source": str(folder / name),
                    "format": kind,
                    "out": str(folder / f"{name}_converted.tflite"),
                    "precision": "float32",
                    "inputs": {},
                    "outputs": [],
                    "source_inputs": [{"name": "image", "dtype": "float32", "shape": [-1, SIDE, SIDE, 3]}],
                    "source_outputs": ["Identity"],
                    "scratch": str(scratch),
                }
            )
        )


def _program(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, PROGRAMS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    os.environ.update({"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "0"})
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    if "--converted" in sys.argv:
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    build(out)
    if "--converted" in sys.argv:
        convert_all(out)
