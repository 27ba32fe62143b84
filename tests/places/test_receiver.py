"""The program that receives files on the device, without ssh, under the oldest Python there is for it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devbench.places.shipping import receiver_source
from devbench.places.ssh import remote_python

TELLS_ITS_PID = "import os, sys; print(os.getpid(), *sys.argv[1:], flush=True); "
WAITS = TELLS_ITS_PID + "import time; time.sleep(60)"


class Device:
    """Starts receivers, each in the Python under test, with one cache."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.cache = folder / "cache"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *files: bytes, limit_bytes: int = 1 << 20, life_s: float = 30, lie: bool = False) -> Receiver:
        """One receiver that was told of `files`, the first of them the worker; with `lie`, of another hash."""
        receiver = receiver_source()
        command = remote_python(self.python, len(receiver))
        process = subprocess.Popen(command, shell=True, stdin=-1, stdout=-1, stderr=-1, bufsize=0)
        self.started.append(process)
        specs = [_spec(data + b"!" if lie else data, len(data)) for data in files]
        order = {"cache": str(self.cache), "limit_bytes": limit_bytes, "files": specs, "runtime": "r", "life_s": life_s}
        made = Receiver(process)
        made.send(receiver + json.dumps(order).encode() + b"\n")
        return made

    def stored(self) -> set[bytes]:
        """What the cache holds."""
        return {path.read_bytes() for path in self.cache.iterdir()}


class Receiver:
    """One of them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def send(self, data: bytes) -> None:
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has refused already
            self.process.stdin.write(data)

    def line(self) -> bytes:
        assert self.process.stdout
        return self.process.stdout.readline() or pytest.fail(str(self.process.communicate()))

    def answer(self) -> dict[str, Any]:
        while not (line := self.line()).strip():
            pass
        found: dict[str, Any] = json.loads(line)
        return found

    def worker(self, *files: bytes) -> int:
        """Send what it asks for; the pid of the worker, which is running then."""
        for index in self.answer()["files"]:
            self.send(files[index])
        assert self.answer()["event"] == "stored"
        pid, runtime = self.line().split()
        assert runtime == b"r"
        return int(pid)


@pytest.fixture
def device(interpreters: Callable[[str], str], tmp_path: Path):
    made = Device(interpreters("3.6"), tmp_path)
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


def test_only_what_is_missing_is_asked_for(device: Device) -> None:
    worker, model = WAITS.encode(), b"a model"
    first = device.start(worker, model)
    assert first.answer() == {"event": "missing", "files": [0, 1]}
    first.send(worker + model)
    paths = first.answer()["paths"]
    assert [Path(path).read_bytes() for path in paths] == [worker, model]
    assert Path(paths[0]).parent.stat().st_mode & 0o777 == 0o700
    second = device.start(worker, model, b"another")
    assert second.answer() == {"event": "missing", "files": [2]}


@pytest.mark.parametrize("end", ["input", "life", "helper"])
def test_the_worker_and_what_it_started_end_with_the_host(device: Device, end: str) -> None:
    helper = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); "
    worker = (TELLS_ITS_PID + helper + ("" if end == "helper" else "import time; time.sleep(60)")).encode()
    receiver = device.start(worker, life_s=1.5 if end == "life" else 30)
    pids = [receiver.worker(worker), int(receiver.line())]
    if end == "input":
        assert all(_is_there(pid) for pid in pids)
        receiver.process.communicate()
    status = receiver.process.wait(timeout=10)
    assert status == (0 if end == "helper" else 128 + signal.SIGKILL)
    assert not any(_is_there(pid) for pid in pids), "the supervisors wait for the end of what they have killed"


def test_the_exit_status_is_the_workers(device: Device) -> None:
    for deed, status in (("sys.exit(7)", 7), ("os.kill(os.getpid(), 11)", 139)):
        worker = (TELLS_ITS_PID + deed).encode()
        receiver = device.start(worker)
        receiver.worker(worker)
        assert receiver.process.wait(timeout=10) == status


def test_a_copy_that_is_cut_short_leaves_nothing(device: Device) -> None:
    worker = b"#" * 500_000
    receiver = device.start(worker)
    receiver.answer()
    receiver.send(worker[:300_000])
    _, said = receiver.process.communicate(timeout=10)
    assert (receiver.process.returncode, said) == (1, b"")
    assert device.stored() == set()


def test_a_file_with_another_content_than_announced_is_refused(device: Device) -> None:
    receiver = device.start(b"a worker", lie=True)
    receiver.answer()
    receiver.send(b"a worker")
    answer = receiver.answer()
    assert answer["event"] == "refused"
    assert "arrived with different content" in answer["error"]
    assert device.stored() == set()


def test_a_write_that_fails_is_refused_with_its_cause(device: Device) -> None:
    limited = device.cache.parent / "python"  # no file may become larger than 100 blocks
    limited.write_text(f'#!/bin/sh\nulimit -f 100\nexec {device.python} "$@"\n')
    limited.chmod(0o755)
    device.python = str(limited)
    worker = b"#" * 200_000
    receiver = device.start(worker)
    receiver.answer()
    receiver.send(worker)
    answer = receiver.answer()
    assert answer["error"] == f"{device.cache}: cannot be written: File too large"
    assert "`cache:`" in answer["hint"]
    assert device.stored() == set()


def test_files_in_use_are_not_given_up(device: Device) -> None:
    worker, used, unused = WAITS.encode(), b"u" * 600, b"v" * 600
    running = device.start(worker, used)
    running.worker(worker, used)
    first = device.start(worker, unused)
    first.worker(worker, unused)
    first.process.kill()
    first.process.communicate()
    time.sleep(0.05)
    new = b"n" * 600
    second = device.start(worker, new, limit_bytes=1500)
    second.worker(worker, new)
    assert device.stored() == {worker, used, new}, "the older one is in use, so the younger one had to go"
    third = device.start(worker, b"m" * 900, limit_bytes=1500)
    assert third.answer()["event"] == "refused"
    assert device.stored() == {worker, used, new}


def _spec(data: bytes, size: int) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": f"{digest}-file", "sha256": digest, "size": size}


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
