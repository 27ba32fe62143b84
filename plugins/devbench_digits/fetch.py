"""Runs the builder in a process of its own, passes its progress on, and says why it failed if it does."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from devbench import ModelError, cached_model, supervised
from devbench_digits.recipe import FILES
from devbench_digits.source import Order, read_source

_LOG = logging.getLogger("devbench.models")
_LIMIT_S = 1800.0
_TAIL_BYTES = 2000


def fetch(source: str, into: Path) -> Path:
    """Make what `source` names in the folder `into`. The network is trained once, whatever is then made of it."""
    order = read_source(source)
    path = into / FILES[order.what]
    if order.what == "keras" and order.source != source:  # the name alone: not to be trained for it once more
        path.write_bytes(cached_model("digits", order.source, fetch).read_bytes())
        return path
    network: Path | None = None
    if order.what in ("float32", "int8"):
        network = cached_model("digits", Order(what="keras", seed=order.seed).source, fetch)
    _build(order, network, path)
    return path


def _build(order: Order, network: Path | None, path: Path) -> None:
    # -P: a folder `keras` or file `tensorflow.py` where the user happens to be must not be imported.
    command = [sys.executable, "-P", "-m", "devbench_digits.build", order.what]
    command += ["--seed", str(order.seed), "--out", str(path.resolve())]
    command += ["--network", str(network)] if network else []
    environment = os.environ | {"TMPDIR": str(path.parent.resolve())}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            supervised(command, life_s=_LIMIT_S), stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as builder,
    ):
        assert builder.stdout is not None
        last: dict[str, Any] = {}
        try:
            for line in builder.stdout:
                last = _answer(line)
                if "progress" in last:
                    _LOG.info("%s", last["progress"])
        except BaseException:
            builder.terminate()
            raise
        status = builder.wait()
        if "error" in last:
            raise ModelError(str(last["error"]), str(last.get("hint", "")))
        if status or "done" not in last or not path.is_file():
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL_BYTES))
            tail = errors.read().decode(errors="replace").strip()
            raise ModelError(
                f"digits: the builder of {order.what} ended with exit status {status}; the end of what it"
                f" printed:\n{tail}"
            )


def _answer(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ModelError(f"digits: the builder's answer is not valid: {line[:200]!r}")
    return answer
