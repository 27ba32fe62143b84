"""A board that is reached over ssh: a real OpenSSH server on loopback, with its own keys, port and configuration."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from devbench.domain.measure import PROFILES
from devbench.domain.outcome import Round
from devbench.domain.place import Place, Ssh
from devbench.testing import measure_once
from devbench.testing.fake import FakeRuntime

_PR_SET_PDEATHSIG = 1
SHORT = replace(PROFILES["quick"], warmup_runs=2, warmup_s=0.0, min_runs=5, min_s=0.0, time_limit_s=20.0)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not found:
        pytest.skip(f"there is no {name} on this machine")
    return found


class Board:
    """The server and what a client must know of it, in `folder`. `config` is an ssh configuration with `Host attic`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "ssh_config"
        self.cache = folder / "board cache"
        self._sshd = _program("sshd")
        self._server: subprocess.Popen[bytes] | None = None
        for name in ("host", "user", "stranger"):
            _key(folder / name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        self.knows_host("host")
        self.client()
        self.start()

    def knows_host(self, key: str) -> None:
        """Have the client take the public half of `key` for the server's; '' for none at all."""
        public = (self.folder / f"{key}.pub").read_text() if key else ""
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}" if public else "")

    def client(self, *lines: str, key: str = "user", name: str = "ssh_config") -> Path:
        """Write a client's configuration with `lines` before what it needs to come in with `key`."""
        path = self.folder / name
        settings = [
            "Host attic",
            *lines,
            "HostName 127.0.0.1",
            f"Port {self.port}",
            f'IdentityFile "{self.folder / key}"',
            "IdentitiesOnly yes",
            f'UserKnownHostsFile "{self.folder / "known_hosts"}"',
            "GlobalKnownHostsFile /dev/null",
        ]
        path.write_text("\n".join(settings) + "\n")
        path.chmod(0o600)
        return path

    def start(self, *lines: str) -> None:
        """Start the server, again if need be, with `lines` before the rest of its configuration."""
        self.stop()
        settings = [
            *lines,
            f"ListenAddress 127.0.0.1:{self.port}",
            f'HostKey "{self.folder / "host"}"',
            f'AuthorizedKeysFile "{self.folder / "authorized_keys"}"',
            f'PidFile "{self.folder / "sshd.pid"}"',
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin prohibit-password",
        ]
        (self.folder / "sshd_config").write_text("\n".join(settings) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        log = (self.folder / "sshd.log").open("ab")
        self._server = subprocess.Popen(
            [self._sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")],
            stderr=log,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no other thread is running
        )
        log.close()
        self._wait_until_it_listens()

    def stop(self) -> None:
        """What a reboot does: the server and every connection end."""
        if self._server:
            for process in self.connections():
                with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended by itself
                    process.kill()
            self._server.kill()
            self._server.wait()
            self._server = None

    def connections(self) -> list[psutil.Process]:
        """The server's processes for connections that are open, without what they have started."""
        return [child for child in self._children() if _name(child) == "sshd"]

    def running(self) -> list[psutil.Process]:
        """What the connections have started: shells, receivers, workers."""
        return [child for child in self._children() if _name(child) not in ("sshd", "")]

    def running_when(self, mark: Path) -> list[psutil.Process]:
        """The same, at the moment when the file `mark` has been made."""
        deadline = time.monotonic() + 30
        while not mark.exists():
            assert time.monotonic() < deadline, f"no worker in time: {self.running()}"
            time.sleep(0.02)
        found = self.running()
        assert len(found) >= 2, "the receiver and the worker at least"
        return found

    def logins(self) -> int:
        """How many connections have been let in so far."""
        return (self.folder / "sshd.log").read_text().count("Accepted publickey")

    def files(self) -> dict[str, int]:
        """The files in the cache: name and inode."""
        return {path.name.partition("-")[2]: path.stat().st_ino for path in self.cache.iterdir()}

    def place(self, *, python: str = sys.executable, **more: Any) -> Place:
        """This board as a place of the fake device; `more` is said of its `Ssh`."""
        ssh = Ssh(**{"host": "attic", "config": self.config, "cache": str(self.cache), **more})
        return Place(name="attic", device="fake", python={"": python}, ssh=ssh)

    def measure(self, model: Path, **more: Any) -> Round:
        """One round of a `.fake` file over there; `more` is said of the place."""
        return measure_once(FakeRuntime, model, self.folder, place=self.place(**more), measure=SHORT)

    def lab(self, folder: Path, *, device: str = "fake", python: str = sys.executable) -> Path:
        """Write a lab.yaml that names this board as `local`, so that it stands for the device found on this machine."""
        ssh = f"{{host: attic, config: '{self.config}', cache: '{self.cache}'}}"
        path = folder / "lab.yaml"
        path.write_text(f"places:\n- {{name: local, device: {device}, python: {python!r}, ssh: {ssh}}}\n")
        return path

    def _children(self) -> list[psutil.Process]:
        assert self._server
        return psutil.Process(self._server.pid).children(recursive=True)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.folder / "sshd.log").read_text())


def _end_with_parent() -> None:
    """Nobody stops the server of a test whose process was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def gone_within(processes: Iterable[psutil.Process], seconds: float = 15) -> bool:
    """Whether all of them have ended by then: a busy machine takes its time, and what is left behind lives longer."""
    return not psutil.wait_procs(list(processes), timeout=seconds)[1]


def _key(path: Path) -> None:
    keygen = _program("ssh-keygen")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True)


def _name(process: psutil.Process) -> str:
    """Its name; empty if it has ended since."""
    try:
        return process.name()
    except psutil.Error:
        return ""
