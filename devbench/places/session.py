"""The host's side of a worker's life: hello, request, phases, result; and a cause for everything else."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.places.process import TimeIsUpError, WorkerProcess

PROTOCOL = 1
HELLO_LIMIT_S = 60.0
Message = dict[str, Any]

_SIGNAL_HINTS = {
    "SIGKILL": "Something outside ended it. When memory is short, Linux does: see `dmesg`, and free some.",
    "SIGSEGV": "A native library crashed: often the runtime and a library of another version. See the log below.",
    "SIGABRT": "A native library gave up; it usually says why on stderr: see the log below.",
    "SIGILL": "The runtime was built for a newer processor than this one.",
}


@dataclass(frozen=True, kw_only=True)
class Hello:
    """A worker's first message. problem: why its engine could not be imported; empty if it was."""

    problem: str
    facts: Mapping[str, str]


class Session:
    """One worker process, from its start to its end. Every way it can go wrong is a `RoundError`."""

    def __init__(self, place: Place, runtime: str, archive: Path) -> None:
        python = place.python_for(runtime) or sys.executable
        self._phase = "start"
        try:
            self._process = WorkerProcess([python, str(archive), runtime])
        except OSError as error:
            raise RoundError(
                f"{place.device} '{place.name}': cannot start {python}: {error.strerror}",
                "Name an interpreter that exists with `python:` in lab.yaml.",
                phase="start",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.end()

    def hello(self) -> Hello:
        """The worker's first message: whether its engine is there, and what it sees of the machine."""
        message = self._receive(time.monotonic() + HELLO_LIMIT_S, f"no hello within {HELLO_LIMIT_S:g} s")
        if message.get("event") != "hello" or message.get("protocol") != PROTOCOL:
            raise self._error(f"the worker does not speak protocol {PROTOCOL}: {str(message)[:200]}")
        return Hello(problem=str(message["problem"]), facts=message["facts"])

    def measure(self, request: Message, limit_s: float, on_phase: Callable[[str], None]) -> Message:
        """Have the worker measure one case; its result message."""
        self._process.write_line(json.dumps(request).encode())
        deadline_s = time.monotonic() + limit_s
        while True:
            message = self._receive(deadline_s, f"no result within {limit_s:g} s, so the worker was ended")
            match message.get("event"):
                case "phase":
                    self._phase = str(message["phase"])
                    on_phase(self._phase)
                case "result":
                    return message
                case "failed":
                    self._phase = str(message["phase"])
                    raise self._error(f"{message['kind']}: {message['error']}")
                case _:
                    raise self._error(f"the worker answered out of turn: {str(message)[:200]}")

    def _receive(self, deadline_s: float, too_late: str) -> Message:
        try:
            line = self._process.read_line(deadline_s)
        except TimeIsUpError:
            raise self._error(
                too_late,
                "If it is slow rather than stuck, raise `time_limit_s` in the suite's `measure:`.",
            ) from None
        if line is None:
            raise self._ended_early()
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise self._error(f"the worker's stdout holds rubbish: {line[:200]!r}")
        return message

    def _ended_early(self) -> RoundError:
        status = self._process.exit_status(within_s=5)
        if status is None:
            return self._error("the worker closed its output without an answer")
        if status < 0:
            name = signal.Signals(-status).name
            return self._error(f"the worker was killed by {name}", _SIGNAL_HINTS.get(name, ""))
        return self._error(f"the worker ended without an answer (exit status {status})")

    def _error(self, message: str, hint: str = "") -> RoundError:
        return RoundError(message, hint, phase=self._phase, log_tail=self._process.log_tail)
