"""Writes the digits network as Keras 2 has it, and as tfmot trains it for int8: `by_tf_keras.py RECIPE FOLDER`.

It is run by an interpreter with tf-keras and tfmot. RECIPE is the folder devbench_digits/recipe: the layers are those
of its network.py, with Keras 2 in the place of Keras 3. FOLDER has what by_tensorflow.py has written.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"
EPOCHS, RATE = 3, 1e-4


def main() -> None:
    import numpy as np
    import tensorflow_model_optimization as tfmot
    import tf_keras

    recipe, folder = map(Path, sys.argv[1:])
    model = _network(recipe, tf_keras)
    with np.load(folder / "for_tf_keras.npz") as weights:
        model.set_weights([weights[name] for name in weights.files])
    model.save(folder / "keras2.h5")
    with np.load(folder / "train.npz") as train:
        images, classes = train["images"], train["classes"]
    tf_keras.utils.set_random_seed(0)
    trained = tfmot.quantization.keras.quantize_model(model)
    trained.compile(optimizer=tf_keras.optimizers.Adam(RATE), loss="sparse_categorical_crossentropy")
    trained.fit(images, classes, batch_size=32, epochs=EPOCHS, verbose=0)
    trained.save(folder / "qat.h5")


def _network(recipe: Path, keras: Any) -> Any:
    package = types.ModuleType("devbench_digits")
    sys.modules.update({"keras": keras, "devbench_digits": package})
    for name in ("__init__", "network"):
        full = "devbench_digits.recipe" + ("" if name == "__init__" else f".{name}")
        spec = importlib.util.spec_from_file_location(full, recipe / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules["devbench_digits.recipe.network"].network()


if __name__ == "__main__":
    main()
