"""The processes that others' plugins live in: one that starts and ends them, and one for each plugin.

The first, the keeper, starts once in a command, imports what plugins need, and then forks: so a plugin's process costs
milliseconds, not the start of an interpreter. The keeper runs no plugin's code. When devbench is gone, however it
went, the keeper sees the end of its socket, and ends all of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from io import TextIOWrapper
from typing import NoReturn

from devbench.plugin.serve import serve
from devbench.plugin.wire import Connection

_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 1 << 16
_TAIL_BYTES = 2000
_PIPE_BYTES = 1 << 16
_PRINTS_EVERY_S = 0.05
_QUITS_WITHIN_S = 0.5
_DIES_WITHIN_S = 2.0  # longer only if a driver holds it in the kernel


@dataclass
class _Process:
    """A plugin's process. output: what it prints; said: the end of that; open: whether more may come."""

    output: int
    said: bytes = b""
    open: bool = True

    def read(self) -> None:
        """Take in what it has printed, as much as there is room for in a pipe."""
        with suppress(BlockingIOError):
            part = os.read(self.output, _PIPE_BYTES)
            self.said = (self.said + part)[-_TAIL_BYTES:]
            self.open = bool(part)


class Keeper:
    """Starts and ends plugins' processes, as devbench asks for it over `control`."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._processes: dict[int, _Process] = {}

    def run(self) -> None:
        """Until devbench is gone."""
        control = self._control.fileno()
        while True:
            outputs = {one.output: one for one in self._processes.values() if one.open}
            ready, _, _ = select.select([control, *outputs], [], [])
            if control not in ready:  # one that prints without end has to wait: it must not keep a core busy
                ready, _, _ = select.select([control], [], [], _PRINTS_EVERY_S)
                for process in outputs.values():
                    process.read()
            if control in ready:
                message, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 1)
                if not message:
                    return self._end_all()
                self._control.send(json.dumps(self._answer(json.loads(message), descriptors)).encode())

    def _answer(self, request: dict[str, str], descriptors: list[int]) -> dict[str, object]:
        return self._end(int(request["end"])) if "end" in request else {"pid": self._start(request, descriptors[0])}

    def _start(self, request: dict[str, str], line: int) -> int:
        output, printed = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            for descriptor in (self._control.fileno(), output, *(one.output for one in self._processes.values())):
                os.close(descriptor)
            _live(request, line, printed, keeper)
        os.close(line)
        os.close(printed)
        os.set_blocking(output, False)
        self._processes[pid] = _Process(output)
        return pid

    def _end(self, pid: int) -> dict[str, object]:
        """End the process and what it has started; its exit status (None if it cannot be ended), and its last words."""
        process = self._processes.pop(pid)
        _kill(pid)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if _ended(pid, _DIES_WITHIN_S) else None
        process.read()
        os.close(process.output)
        return {"status": status, "said": process.said.decode(errors="replace")}

    def _end_all(self) -> None:
        """Their sockets are closed: those that still listen end by themselves."""
        deadline_s = time.monotonic() + _QUITS_WITHIN_S
        for pid in self._processes:
            _ended(pid, deadline_s - time.monotonic())
        for pid in list(self._processes):
            self._end(pid)


def _live(request: dict[str, str], line: int, printed: int, keeper: int) -> NoReturn:
    """Be the plugin's process."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # it was killed before this was asked for
        sys.exit(1)
    _redirect(os.open(os.devnull, os.O_RDONLY), (0,))
    _redirect(printed, (1, 2))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what it prints last tells why it ended
            stream.reconfigure(line_buffering=True)
    entry = metadata.EntryPoint(name=request["name"], value=request["value"], group=request["group"])
    serve(Connection(socket.socket(fileno=line)), entry, request["distribution"])
    os._exit(0)  # taking an interpreter apart costs more than all that it did here


def _redirect(descriptor: int, standard: tuple[int, ...]) -> None:
    for one in standard:
        os.dup2(descriptor, one)
    if descriptor not in standard:
        os.close(descriptor)


def _kill(pid: int) -> None:
    """The process and its group. It was not waited for yet, so that the number is still its own."""
    kills: tuple[Callable[[int, int], None], ...] = (os.killpg, os.kill)
    for kill in kills:
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _ended(pid: int, within_s: float) -> bool:
    """Whether the process has ended, or does so in time; it is not yet waited for."""
    deadline_s = time.monotonic() + within_s
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(0.005)
    return True


def main(control: int) -> None:
    """Entry point: `control` is the descriptor of the socket to devbench."""
    Keeper(socket.socket(fileno=control)).run()
