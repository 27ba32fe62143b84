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
from typing import Any

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000


class Order(dict):  # type: ignore[type-arg]
    """What is asked for: see docs/plugins.md for the keys."""

    def batches(self) -> Any:
        """The calibration pictures one by one, as float32 arrays with a batch of 1, prepared as in training."""
        import numpy as np

        pixels = np.load(self["pictures"], mmap_mode="r")
        mean, std = (self._for_channels(np, self[name]) for name in ("mean", "std"))
        for one in pixels:
            yield ((one.astype(np.float32) - mean) / std)[np.newaxis].astype(np.float32)

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
        facts = _program(order["program"]).convert(order) or {}
        answer: dict[str, Any] = {"facts": {str(name): str(value) for name, value in facts.items()}}
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


def _program(path: Any) -> Any:
    spec = importlib.util.spec_from_file_location("devbench_converter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["devbench_converter"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
