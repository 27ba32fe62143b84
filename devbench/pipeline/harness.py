"""Runs a converter's program with an order: `python harness.py ORDER.json`; the answer is one line of JSON on stdout.

It is run by whatever interpreter has the converter's packages, Python 3.8 or newer, and imports nothing of devbench.
What it loads may run code that a network brings along: it has no network where the system allows that.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from typing import Any

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


_LOADED_IN_VAIN = ("matplotlib", "pandas", "sklearn")


@contextmanager
def keras_alone() -> Any:
    """While TensorFlow or Keras is loaded in this: without what Keras loads for plots and wrappers, for over a second.

    Afterwards these can be had as ever.
    """
    absent = [name for name in _LOADED_IN_VAIN if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment] # Python's way to say that it cannot be had
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


class Order(dict):  # type: ignore[type-arg]
    """What is asked for: see docs/plugins.md for the keys. found: what was compared, for the ledger."""

    def __init__(self, asked: Any) -> None:
        super().__init__(asked)
        self.found: dict[str, Any] = {}

    keras_alone = staticmethod(keras_alone)

    def batches(self) -> Any:
        """The calibration pictures one by one, as float32 arrays with a batch of 1, prepared as in training."""
        import numpy as np

        pixels = np.load(self["pictures"], mmap_mode="r")
        mean, std = (self._for_channels(np, self[name]) for name in ("mean", "std"))
        for one in pixels:
            yield ((one.astype(np.float32) - mean) / std)[np.newaxis].astype(np.float32)

    def compare(self, answers: Any, names: Any = None, exact: Any = False) -> None:
        """Compare the file that was made with its source; a ValueError says how they differ.

        answers: gives the source's answers, a list of arrays, to a list of arrays; None if it cannot be run. names: of
        its inputs, if there are several. exact: whether each number must be the same.
        """
        tool = _beside("comparing")
        tolerance = tool.EXACT if exact else tool.SAME
        self.found["same"] = tool.compare(self["out"], answers, names, tolerance, self.get("span") or (-1.0, 1.0))

    def reader(self, path: Any) -> Any:
        """A function that answers as the .tflite or .onnx file at `path` does; None if nothing here runs it."""
        try:
            return _beside("comparing").reader(path)
        except Exception:  # noqa: BLE001 - whatever the library raises
            return None

    def compare_halves(self, first: Any, second: Any) -> None:
        """Say how far the ranges of two halves of the pictures are apart: name -> (least, largest) of a tensor."""
        self.found["halves"] = _beside("comparing").halves(first, second)

    def _for_channels(self, np: Any, value: Any) -> Any:
        """In the shape that goes with one picture."""
        found = np.asarray(value, dtype=np.float32)
        return found.reshape(-1, 1, 1) if found.ndim and self["channels_first"] else found


def main() -> Any:
    """Entry point."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever is printed, by native code too, must not look like an answer
    with open(sys.argv[1], encoding="utf-8") as file:
        order = Order(json.load(file))
    alone = _leave_the_network()
    began = time.monotonic()
    try:
        facts = _carried_out(order)
        answer: dict[str, Any] = {"facts": {str(name): str(value) for name, value in facts.items()}, **order.found}
    except Exception as error:  # noqa: BLE001 - whatever a converter raises is why there is no file
        refused = isinstance(error, (ValueError, NotImplementedError))
        text = " ".join(str(error).split())
        answer = {"error": text if refused and text else f"{type(error).__name__}: {text}"}
        if not refused:
            import traceback

            traceback.print_exc()
    answer["seconds"] = time.monotonic() - began
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    answer["peak_memory_bytes"] = max(resource.getrusage(one).ru_maxrss for one in users) * 1024
    answer["network"] = not alone
    print(json.dumps(answer), file=answers, flush=True)
    answers.close()
    os._exit(0)  # native libraries take their time, or crash, when they are taken apart


def _leave_the_network() -> Any:
    """Enter a network of one's own, without any interface, as the same user; whether that was possible."""
    user, group = os.getuid(), os.getgid()
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_USER | _NEW_NET) != 0:
            return False
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open("/proc/self/" + name, "w", encoding="ascii") as file:
                file.write(text)
    except (OSError, AttributeError):
        return False
    return True


def _carried_out(order: Any) -> Any:
    """What the program says; without one, nothing is made, and two files are compared."""
    if "program" not in order:
        order.compare(order.reader(order["source"]), exact=True)
        return {}
    return _module("devbench_converter", order["program"]).convert(order) or {}


def _beside(name: Any) -> Any:
    """The module that stands beside this file: its folder is in nobody's path."""
    known = sys.modules.get("devbench_" + name)
    folder = os.path.dirname(os.path.abspath(__file__))
    return known or _module("devbench_" + name, os.path.join(folder, name + ".py"))


def _module(name: Any, path: Any) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
