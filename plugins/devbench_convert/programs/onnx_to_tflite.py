"""ONNX to a float .tflite with channels last, by onnx2tf without TensorFlow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any


def convert(order: Any) -> Any:
    """Convert `order["source"]`."""
    folder = os.path.join(order["scratch"], "made")
    source = shutil.copy(order["source"], os.path.join(order["scratch"], "source.onnx"))  # it writes into its input
    command = [sys.executable, "-m", "onnx2tf", "-i", source, "-o", folder]
    keep = [one["name"] for one in order["source_inputs"] if _channels_last(one["shape"])]
    if keep:
        command += ["-kat", *keep]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode(errors="replace")
    sys.stderr.write(said)
    made = sorted(one for one in os.listdir(folder) if one.endswith("_float32.tflite")) if os.path.isdir(folder) else []
    if not made:
        lines = [line.strip() for line in said.splitlines() if "ERROR" in line or "Error" in line]
        raise ValueError("onnx2tf made no file: " + (lines[-1] if lines else f"exit status {done.returncode}"))
    shutil.copyfile(os.path.join(folder, made[0]), order["out"])
    run = order.reader(order["source"])
    order.compare(run and _as_given(run), run and [one[0] for one in run.inputs])


def _as_given(run: Any) -> Any:
    """What runs the source, with pictures that have their channels where the source has them."""
    shapes = [one[1] for one in run.inputs]

    def answers(arrays: Any) -> Any:
        return run([_turned(one, shape) for one, shape in zip(arrays, shapes)])

    return answers


def _turned(array: Any, shape: Any) -> Any:
    fits = len(shape) == array.ndim and all(size in (-1, own) for size, own in zip(shape, array.shape))
    return array if fits or array.ndim != 4 else array.transpose(0, 3, 1, 2)


def _channels_last(shape: Any) -> Any:
    """Whether an input is NHWC already: onnx2tf would turn it once more."""
    return len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)
