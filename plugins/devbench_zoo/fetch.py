"""Runs the builder in a process of its own, passes its progress on, and says why it failed if it does."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from devbench import ModelError
from devbench_zoo.source import SCHEME, Order, read_source

_log = logging.getLogger("devbench.models")
_TAIL_BYTES = 2000


_FREE_FOR_TWO_BYTES = 6 << 30  # Inception v4 takes 3.7 GB, the others 1.4


def fetch(source: str, into: Path) -> Path:
    """Build what `source` names as a file in the folder `into`; a `ModelError` says why it is not available."""
    order = read_source(source)
    build = _AHEAD.take(source) or _Build(order, into)
    try:
        _AHEAD.begin_another(into)
        return build.finish(into)
    except BaseException as error:
        build.end()
        if not isinstance(error, Exception):  # Ctrl-C
            _AHEAD.end()
        raise


def build_ahead(sources: Iterable[str]) -> None:
    """Build these in the background as well, one at a time, while others are built in the foreground."""
    _AHEAD.want([source for source in sources if source.startswith(SCHEME)])


class _Build:
    """One builder process, which writes into a folder of its own within or beside `folder`."""

    def __init__(self, order: Order, folder: Path, prefix: str = "") -> None:
        self._order = order
        # TensorFlow's own temporary files too: a killed builder leaves up to 200 MB, and cannot clean up.
        self._scratch = tempfile.TemporaryDirectory(dir=folder, prefix=prefix or None, ignore_cleanup_errors=True)
        self._path = Path(self._scratch.name) / f"{order.network}_{order.precision}_{order.weights}.tflite"
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(
            _command(order, self._path),
            # Its end closes with ours, whatever kills us, and the builder stops then.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            # Where the terminal's Ctrl-C does not reach: what it starts is to be stopped with it.
            start_new_session=True,
            env=os.environ | {"TMPDIR": self._scratch.name},
        )

    def finish(self, into: Path) -> Path:
        """Wait for it; the file, which is then in the folder `into`."""
        last = _listen(self._process, self._order.network)
        # Before stdin is closed: the builder would hear that.
        _judge(self._order.network, last, self._process.wait(), self._stderr)
        if not self._path.is_file():
            raise ModelError(f"{self._order.network}: the builder says it is done, but {self._path} is not there")
        path = self._path.rename(into / self._path.name)
        self.end()
        return path

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Leave nothing behind: no process, no file."""
        if self.is_running:
            _kill(self._process)
        with self._process, self._stderr, self._scratch:
            pass


class _Ahead:
    """What is built in the background: one at a time, the last one wanted first, as the foreground begins at the front.

    It is begun only while something is built in the foreground, so that nothing is built while a run measures.
    """

    def __init__(self) -> None:
        self._wanted: list[str] = []
        self._builds: dict[str, _Build] = {}
        atexit.register(self.end)

    def want(self, sources: list[str]) -> None:
        self._wanted = sources

    def take(self, source: str) -> _Build | None:
        """The build of `source`, if it was begun; it is the caller's now."""
        self._wanted = [one for one in self._wanted if one != source]
        return self._builds.pop(source, None)

    def begin_another(self, into: Path) -> None:
        if not self._wanted or any(one.is_running for one in self._builds.values()) or not _room_for_two():
            return
        source = self._wanted.pop()
        # Beside the folder that is given, and named like it: the cache knows that it is a draft.
        self._builds[source] = _Build(read_source(source), into.parent, f"{into.name}-ahead-")

    def end(self) -> None:
        for build in self._builds.values():
            build.end()
        self._builds.clear()
        self._wanted = []


_AHEAD = _Ahead()


def _room_for_two() -> bool:
    """Whether there are cores and memory for a second builder."""
    try:
        with Path("/proc/meminfo").open() as file:
            lines = dict(line.split(":", 1) for line in file)
        free_bytes = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):  # not Linux
        return False
    return len(os.sched_getaffinity(0)) > 1 and free_bytes >= _FREE_FOR_TWO_BYTES


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
