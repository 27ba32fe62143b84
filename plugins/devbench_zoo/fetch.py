"""Runs the builder in a process of its own, passes its progress on, and says why it failed if it does."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from devbench import ModelError
from devbench_zoo.source import Order, read_source

_log = logging.getLogger("devbench.models")
_TAIL_BYTES = 2000


def fetch(source: str, into: Path) -> Path:
    """Build what `source` names as a file in the folder `into`; a `ModelError` says why it cannot be had."""
    order = read_source(source)
    path = into / f"{order.network}_{order.precision}_{order.weights}.tflite"
    _run_builder(order, path)
    if not path.is_file():
        raise ModelError(f"{order.network}: the builder says it is done, but {path} is not there")
    return path


def _run_builder(order: Order, path: Path) -> None:
    # TensorFlow's own temporary files too: a killed builder leaves up to 200 MB, and cannot clean up.
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch, tempfile.TemporaryFile() as stderr:
        with subprocess.Popen(
            _command(order, path),
            # Its end closes with ours, whatever kills us, and the builder stops then.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # Where the terminal's Ctrl-C does not reach: what it starts is to be stopped with it.
            start_new_session=True,
            env=os.environ | {"TMPDIR": scratch},
        ) as builder:
            try:
                last = _listen(builder, order.network)
                # Here, for `with` closes stdin before it waits, and the builder would hear that.
                status = builder.wait()
            except BaseException:
                _kill(builder)
                raise
        _judge(order.network, last, status, stderr)


def _command(order: Order, path: Path) -> list[str]:
    # -P: a folder `keras` or file `tensorflow.py` where the user happens to be must not be imported.
    command = [sys.executable, "-P", "-m", "devbench_zoo.build", order.network, "--end-with-stdin"]
    command += ["--precision", order.precision, "--weights", order.weights]
    return [*command, "--seed", str(order.seed), "--out", str(path.resolve())]


def _listen(builder: subprocess.Popen[bytes], network: str) -> dict[str, Any]:
    """The builder's last answer; blocks until its stdout closes."""
    assert builder.stdout is not None
    last: dict[str, Any] = {}
    for line in builder.stdout:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ModelError(f"{network}: the builder's answer is not valid: {line[:200]!r}")
        last = answer
        if "progress" in answer:
            _log.info("%s", answer["progress"])
    return last


def _kill(builder: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(builder.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _judge(network: str, last: dict[str, Any], status: int, stderr: IO[bytes]) -> None:
    if "error" in last:
        raise ModelError(str(last["error"]), str(last.get("hint", "")))
    if status == 0 and "done" in last:
        return
    message = f"{network}: the builder {_ending(status)}"
    if "progress" in last:
        message += f", after it said '{last['progress']}'"
    tail = _tail(stderr)
    if tail:
        message += f"; the end of what it printed:\n{tail}"
    hint = "Building needs up to 4 GB of free memory." if status == -signal.SIGKILL else ""
    raise ModelError(message, hint)


def _ending(status: int) -> str:
    if status == -signal.SIGKILL:
        return "was killed by SIGKILL, as the system does when memory runs out"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit status {status} and without a result"


def _tail(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _TAIL_BYTES))
    return stderr.read().decode(errors="replace").strip()
