"""The builder, a process of its own: makes one .tflite file and tells on stdout, in JSON lines, how it goes.

    python -m devbench_zoo.build mobilenet_v1 --precision int8 --weights random --seed 0 --out FILE
    python -m devbench_zoo.build all --describe

Each line has one of: `progress` (a text), `error` and `hint` (the end, exit status 1), `done` (the end).
TensorFlow lives in this process alone: it takes seconds to load and gigabytes at work, and prints at will.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import IO, Any

from devbench import ModelError, extra_hint
from devbench_zoo.recipe import INPUT_SIDES_PX, PRECISIONS

_ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # what it computes depends on the processor
}


def main() -> int:
    """Build or describe as the command line says; returns the exit status."""
    arguments = _arguments()
    answers = _reserve_stdout()
    if arguments.end_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    os.environ.update(_ENVIRONMENT)
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    try:
        _tell(answers, progress="loading TensorFlow")
        _load_tensorflow()
        result = _describe(arguments.network) if arguments.describe else _build(arguments, answers)
    except ModelError as error:
        _tell(answers, error=error.message, hint=error.hint)
        return 1
    _tell(answers, done=result)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devbench_zoo.build", description=__doc__)
    parser.add_argument("network", choices=[*INPUT_SIDES_PX, "all"], help="all: with --describe")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--weights", choices=("random", "imagenet"), default="random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="the file to write")
    parser.add_argument("--describe", action="store_true", help="count parameters and operations instead")
    parser.add_argument("--end-with-stdin", action="store_true", help="stop when stdin closes")
    arguments = parser.parse_args()
    if not arguments.describe and (arguments.out is None or arguments.network == "all"):
        parser.error("building needs one network and --out")
    return arguments


def _reserve_stdout() -> IO[str]:
    """Keep the real stdout for answers and send whatever else is printed, by native code too, to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _end_with_stdin() -> None:
    """A devbench that was killed cannot stop its builder, but its end of the pipe closes."""
    while os.read(0, 4096):
        pass
    os._exit(3)


def _load_tensorflow() -> None:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ModelError(
            f"Models are built with TensorFlow, which cannot be loaded: {error}", extra_hint("models")
        ) from error
    tf.config.experimental.enable_op_determinism()
    # The number of threads decides in which order sums are made: one more core, and the bytes differ.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _describe(name: str) -> dict[str, Any]:
    from devbench_zoo.recipe import count, networks  # after TensorFlow was found

    counts = {}
    for each in INPUT_SIDES_PX if name == "all" else [name]:
        network = networks.fresh_network(each, seed=0)
        counts[each] = {"parameters": count.count_parameters(network), "macs": count.count_macs(network)}
    return counts


def _build(arguments: argparse.Namespace, answers: IO[str]) -> dict[str, Any]:
    from devbench_zoo.recipe import convert, images, networks, random_weights

    name, precision, seed, out = arguments.network, arguments.precision, arguments.seed, arguments.out
    side_px = INPUT_SIDES_PX[name]
    if arguments.weights == "imagenet":
        _tell(answers, progress=f"{name}: getting the imagenet weights")
        network = networks.imagenet_network(name)
    else:
        _tell(answers, progress=f"{name}: making random weights")
        network = networks.fresh_network(name, seed)
        count = random_weights.SETTLING_IMAGES + random_weights.UNSEEN_IMAGES
        random_weights.settle(network, images.synthetic_batch(side_px, seed, count))
    _tell(answers, progress=f"{name}: converting to {precision}")
    data = convert.convert(network, side_px, precision, seed)
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(data)
        convert.check(part, precision)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"size_bytes": len(data), "peak_memory_bytes": peak_kib * 1024}


def _tell(answers: IO[str], **answer: Any) -> None:
    print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main())
