"""The builder, a process of its own: makes one file and tells on stdout, in JSON lines, how it goes.

    python -m devbench_digits.build keras --out digits.keras
    python -m devbench_digits.build int8 --network digits.keras --out digits_int8.tflite
    python -m devbench_digits.build test --out digits_test.zip

Each line has one of: `progress` (a text), `error` and `hint` (the end, exit status 1), `done` (the end).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import IO, Any

from devbench import ModelError, extra_hint
from devbench_digits.recipe import FILES

_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # what it computes depends on the processor
}


def main() -> int:
    """Make what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devbench_digits.build", description=__doc__)
    parser.add_argument("what", choices=list(FILES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--network", type=Path, help="the Keras file that a .tflite file is made of")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed, by native code too, goes to stderr
    os.environ.update(_ENVIRONMENT)
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    try:
        data = _made(arguments, answers)
    except ModelError as error:
        _tell(answers, error=error.message, hint=error.hint)
        return 1
    arguments.out.write_bytes(data)
    _tell(answers, done={"size_bytes": len(data)})
    return 0


def _made(arguments: argparse.Namespace, answers: IO[str]) -> bytes:
    _need("sklearn", "digits")
    from devbench_digits.recipe import data

    if arguments.what in ("train", "test"):
        return data.zipped(arguments.what, arguments.seed)
    _tell(answers, progress="loading TensorFlow")
    _load_tensorflow()
    ink, classes = data.pixels("train", arguments.seed)
    if arguments.what == "keras":
        return _trained(arguments, answers, data.prepared(ink), classes)
    import keras

    from devbench_digits.recipe import convert

    _tell(answers, progress=f"digits: converting to {arguments.what}")
    network = keras.models.load_model(arguments.network, safe_mode=True)
    return convert.convert(network, arguments.what, data.prepared(ink[: convert.CALIBRATION_PICTURES]))


def _trained(arguments: argparse.Namespace, answers: IO[str], images: Any, classes: Any) -> bytes:
    import numpy as np

    from devbench_digits.recipe import data, network

    _tell(answers, progress=f"digits: training on {len(images):,} pictures")
    begin_s = time.monotonic()
    model = network.trained(images, classes, arguments.seed)
    took_s = time.monotonic() - begin_s
    ink, wanted = data.pixels("test", arguments.seed)
    right = float((np.argmax(model.predict(data.prepared(ink), verbose=0), axis=1) == wanted).mean())
    told = f"trained here in {took_s:.0f} s on scikit-learn's digits, {right:.1%} of {len(wanted)} test pictures right"
    _tell(answers, progress=f"digits: {told}")
    model.save(arguments.out)
    path: Path = arguments.out
    return path.read_bytes()


def _need(module: str, extra: str) -> None:
    try:
        __import__(module)
    except ImportError as error:
        raise ModelError(
            f"The digits come from {module}, which cannot be loaded: {error}", extra_hint(extra)
        ) from error


def _load_tensorflow() -> None:
    _need("tensorflow", "digits")
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    # The number of threads decides in which order sums are made: one more core, and the bytes differ.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _tell(answers: IO[str], **answer: Any) -> None:
    print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main())
