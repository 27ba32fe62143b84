"""Does a made file answer as its source does? And do two halves of calibration pictures give the same ranges?

The harness loads this beside itself, in whatever interpreter a converter has: Python 3.8 or newer, nothing of devbench.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Any

INPUTS = 4
ENOUGH_S = 3.0  # after which no further input is tried
SAME, EXACT = 1e-3, 1e-6  # how far answers may be apart, as a part of the largest number of the answer
_FLOOR = 1e-6
_BLOCK = 8
_PICTURE_RANK = 4
_LONGEST = 200


class DiffersError(ValueError):
    """A file that answers otherwise than its source."""


class _CannotError(Exception):
    """Why nothing can be compared."""


class Reader:
    """A file that can be run. inputs: name, shape and numpy type of each, in its order."""

    def __init__(self, inputs: list[Any], run: Callable[[list[Any]], list[Any]]) -> None:
        self.inputs, self.run = inputs, run

    def __call__(self, arrays: list[Any]) -> list[Any]:
        """The outputs, in the file's order."""
        return self.run(arrays)


def reader(path: Any) -> Reader | None:
    """What runs the .tflite or .onnx file at `path` here; None if nothing does. Raises what the library raises."""
    ending = os.path.splitext(str(path))[1]
    return {".tflite": _tflite, ".onnx": _onnx}.get(ending, lambda _: None)(str(path))


def _tflite(path: Any) -> Reader | None:
    found = _interpreter()
    if found is None:
        return None
    interpreter = found(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details(), interpreter.get_output_details()

    def run(arrays: list[Any]) -> list[Any]:
        for one, array in zip(given, arrays):
            interpreter.set_tensor(one["index"], array)
        interpreter.invoke()
        return [interpreter.get_tensor(one["index"]) for one in wanted]

    return Reader([(one["name"], [int(size) for size in one["shape"]], one["dtype"]) for one in given], run)


def _interpreter() -> Any:
    import importlib

    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite.python.interpreter"):
        try:
            return importlib.import_module(name).Interpreter
        except ImportError:
            continue
    return None


def _onnx(path: Any) -> Reader | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    import numpy as np

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    kinds = {"float": "float32", "double": "float64", "float16": "float16"}
    inputs = []
    for one in session.get_inputs():
        kind = one.type[len("tensor(") : -1]
        shape = [size if isinstance(size, int) and size > 0 else -1 for size in one.shape]
        inputs.append((one.name, shape, np.dtype(kinds.get(kind, kind)).type))
    names = [one[0] for one in inputs]
    return Reader(inputs, lambda arrays: list(session.run(None, dict(zip(names, arrays)))))


def compare(made: Any, source: Any, names: Any = None, tolerance: float = SAME, span: Any = (-1.0, 1.0)) -> Any:
    """Whether the file at `made` answers as `source`, a function from a list of arrays to one, does.

    names: of the source's inputs, in the order in which `source` takes them; needed where there are several.
    span: the range of the numbers that floats are filled with. Gives what was found, as a dict; raises a
    `DiffersError` if an answer is further away than `tolerance`.
    """
    try:
        return _compared(made, source, names, tolerance, span)
    except _CannotError as error:
        return {"inputs": 0, "difference": 0.0, "relative": 0.0, "note": f"not compared: {error}"}


def _compared(made: Any, source: Any, names: Any, tolerance: Any, span: Any) -> Any:
    if source is None:
        raise _CannotError("nothing here runs the source")
    made_file = _tried("what was made", reader, made)
    if made_file is None:
        raise _CannotError("nothing here runs what was made")
    order = _order(made_file.inputs, names or [one[0] for one in getattr(source, "inputs", ())])
    began = time.monotonic()
    worst = relative = 0.0
    tried = 0
    while tried < INPUTS and time.monotonic() - began < ENOUGH_S:
        arrays = [made_up(shape, kind, tried, span) for _, shape, kind in made_file.inputs]
        given = [arrays[k] for k in order]
        expected = _plain(_tried("the source", source, given))
        if not tried:
            _refuse_random(expected, _plain(_tried("the source", source, given)))
        pairs = _pairs(expected, _plain(_tried("what was made", made_file.run, arrays)))
        # Among equals, another may be chosen.
        chooses = tolerance >= SAME and any(one.dtype.kind in "iub" for one, _ in pairs)
        tried += 1
        for one, other in pairs:
            apart, part, largest = _apart(one, other)
            if part > tolerance and not chooses:
                raise DiffersError(
                    f"what it made answers otherwise than its source: by up to {apart:.3g}, where the source's answer"
                    f" reaches {largest:.3g} (input {tried} of {INPUTS})"
                )
            worst, relative = max(worst, apart), max(relative, part)
    return {"inputs": tried, "difference": worst, "relative": relative, "note": ""}


def _tried(what: Any, work: Any, given: Any) -> Any:
    try:
        return work(given)
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
        raise _CannotError(f"{what} cannot be run here ({text})") from error


def _refuse_random(first: Any, again: Any) -> None:
    if len(first) != len(again) or any(_apart(one, other)[1] > SAME for one, other in zip(first, again)):
        raise _CannotError("the source gives another answer each time")


def made_up(shape: Any, kind: Any, number: Any, span: Any = (-1.0, 1.0)) -> Any:
    """An input, the same every time: noise and patches in turn."""
    import numpy as np

    dtype = np.dtype(kind)
    sizes = [size if size > 0 else 1 for size in shape]
    random = np.random.RandomState(1000 + number)
    if dtype.kind == "b":
        return np.ones(sizes, dtype)
    if dtype.kind in "iu":
        most = 255 if dtype.itemsize == 1 else 1  # larger ones are mostly indices, of a table whose size is not known
        low = int(np.iinfo(dtype).min) if dtype.itemsize == 1 else 0
        return (random.randint(0, most + 1, sizes) + low).astype(dtype)
    if dtype.kind != "f":
        raise _CannotError("it takes something else than numbers")
    low, high = span
    if number % 2 and len(sizes) == _PICTURE_RANK:
        few = random.uniform(low, high, [sizes[0], -(-sizes[1] // _BLOCK), -(-sizes[2] // _BLOCK), sizes[3]])
        large = few.repeat(_BLOCK, axis=1).repeat(_BLOCK, axis=2)
        return large[:, : sizes[1], : sizes[2]].astype(dtype)
    return random.uniform(low, high, sizes).astype(dtype)


def _order(inputs: Any, names: Any) -> list[int]:
    """For each input of the source, which of the made file's it is."""
    if len(inputs) == 1:
        return [0]
    made = [_bare(name) for name, _, _ in inputs]
    wanted = [_bare(name) for name in names or ()]
    if len(set(made)) != len(made) or sorted(made) != sorted(wanted):
        raise _CannotError("which of its inputs is which cannot be told")
    return [made.index(name) for name in wanted]


def _bare(name: Any) -> Any:
    """Without what TensorFlow puts around the names of ends."""
    text = str(name).split(":")[0]
    text = re.sub("^[a-z]*serving_default_", "", text)
    return re.sub("[^A-Za-z0-9]", "_", text)


def _plain(answers: Any) -> list[Any]:
    import numpy as np

    return [np.asarray(one) for one in answers]


def _pairs(expected: Any, found: Any) -> Any:
    """Each answer of the source with the one of the made file that is meant: of its shape, and the nearest to it."""
    left = list(found)
    pairs = []
    if len(expected) != len(found):
        raise _CannotError(f"it has {len(found)} outputs, and the source {len(expected)}")
    for one in expected:
        shaped = [(k, _shaped(other, one.shape)) for k, other in enumerate(left)]
        fitting = [(k, other) for k, other in shaped if other is not None]
        if not fitting:
            raise _CannotError("its outputs have other shapes than the source's")
        k, other = min(fitting, key=lambda pair: _apart(one, pair[1])[0])
        pairs.append((one, other))
        del left[k]
    return pairs


def _shaped(array: Any, shape: Any) -> Any:
    """The array in this shape: without sizes of 1, or with channels in another place; None if it is another."""
    if array.shape == shape:
        return array
    if array.ndim == len(shape) == _PICTURE_RANK and array.transpose(0, 3, 1, 2).shape == shape:
        return array.transpose(0, 3, 1, 2)
    squeezed = [size for size in shape if size != 1]
    return array.reshape(shape) if [size for size in array.shape if size != 1] == squeezed else None


def _apart(expected: Any, found: Any) -> Any:
    """The largest difference, that as a part of the largest number expected, and this number."""
    import numpy as np

    if not expected.size:
        return 0.0, 0.0, 0.0
    one, other = expected.astype(np.float64), found.astype(np.float64)
    nowhere = np.isnan(one) & np.isnan(other) | (one == other)
    apart = np.where(nowhere, 0.0, np.abs(one - other))
    worst = float(np.max(np.where(np.isfinite(apart), apart, np.finfo(np.float64).max)))
    largest = float(np.max(np.where(np.isfinite(one), np.abs(one), 0.0)))
    return worst, 0.0 if worst == 0.0 else worst / max(largest, _FLOOR / SAME), largest


def halves(first: Any, second: Any) -> Any:
    """How far two sets of ranges are apart: name -> (least, largest), of tensors that both have.

    0: they are the same; 1: they have nothing in common.
    """
    apart = []
    for name in sorted(set(first) & set(second)):
        (low, high), (other_low, other_high) = first[name], second[name]
        width = max(high, other_high) - min(low, other_low)
        if width > 0:
            common = max(0.0, min(high, other_high) - max(low, other_low))
            apart.append((1 - common / width, name))
    if not apart:
        return None
    apart.sort()
    worst, name = apart[-1]
    median = apart[len(apart) // 2][0]
    return {"tensors": len(apart), "median": median, "worst": worst, "worst_tensor": str(name)[:_LONGEST]}
