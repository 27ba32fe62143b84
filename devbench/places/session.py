"""The host's side of a worker's life, here or on another machine: hello, request, phases, result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from devbench.domain.place import Place, Ssh
from devbench.errors import RoundError
from devbench.places.process import WorkerProcess
from devbench.places.shipping import receiver_source, ship
from devbench.places.ssh import talk_over_ssh
from devbench.places.talk import Message, Talk

PROTOCOL = 1
HELLO_LIMIT_S = 60.0
END_LIMIT_S = 5.0  # within which a worker that has answered lets go of its device
GRACE_S = 3.0
_SLOW_OR_STUCK = "If it is slow rather than stuck, raise `time_limit_s` in the suite's `measure:`."


@dataclass(frozen=True, kw_only=True)
class Hello:
    """A worker's first message. problem: why its engine could not be imported; empty if it was."""

    problem: str
    facts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What a worker is started for.

    files: those it will read, each with its sha256. limit_s: for measuring or building; too_slow: what to do when it
        is over.
    """

    runtime: str
    archive: Path
    files: Mapping[Path, str]
    limit_s: float
    on_phase: Callable[[str], None]
    too_slow: str = _SLOW_OR_STUCK


class Session:
    """One worker process, from its start to its end. Every way it can go wrong is a `RoundError`."""

    def __init__(self, place: Place, errand: Errand) -> None:
        self._ssh = place.ssh
        self._errand = errand
        self._paths: dict[Path, str] = {}
        self.copying_s = 0.0
        if place.ssh:
            python = place.python_for(errand.runtime) or "python3"
            self._talk = talk_over_ssh(place, place.ssh, python, len(receiver_source()))
        else:
            self._talk = _talk_here(place, errand)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What runs over there cannot be killed from here: it ends when it sees that its input has ended.
        self._talk.process.end(GRACE_S if self._ssh and self._talk.phase != "connect" else 0)

    def hello(self) -> Hello:
        """The worker's first message: whether its engine is there, and what it sees of the machine.

        What another machine lacks of the files is copied there first.
        """
        if self._ssh:
            self._ship(self._ssh)
        message = self._talk.receive(HELLO_LIMIT_S, f"no hello within {HELLO_LIMIT_S:g} s", "")
        if message.get("event") != "hello" or message.get("protocol") != PROTOCOL:
            raise self._talk.error(f"the worker does not speak protocol {PROTOCOL}: {str(message)[:200]}")
        return Hello(problem=str(message["problem"]), facts=message["facts"])

    def path_of(self, file: Path) -> str:
        """Where the worker finds one of the errand's files."""
        return self._paths.get(file, str(file))

    def measure(self, request: Message) -> Message:
        """Have the worker measure one case, or build for it; its result message. The time limit begins here."""
        self._talk.send(request)
        limit_s = self._errand.limit_s
        deadline_s = time.monotonic() + limit_s
        too_late = f"no result within {limit_s:g} s, so the worker was ended"
        while True:
            message = self._talk.receive(deadline_s - time.monotonic(), too_late, self._errand.too_slow)
            match message.get("event"):
                case "phase":
                    self._talk.phase = str(message["phase"])
                    self._errand.on_phase(self._talk.phase)
                case "result":
                    self._talk.process.exit_status(END_LIMIT_S)  # the next one finds the device free
                    return message
                case "failed":
                    self._talk.phase = str(message["phase"])
                    raise self._talk.error(f"{message['kind']}: {message['error']}")
                case _:
                    raise self._talk.error(f"the worker answered out of turn: {str(message)[:200]}")

    def _ship(self, ssh: Ssh) -> None:
        begin_s = time.monotonic()
        errand = self._errand
        self._paths = ship(
            self._talk,
            ssh,
            [errand.archive, *errand.files],
            errand.files,
            runtime=errand.runtime,
            life_s=HELLO_LIMIT_S + errand.limit_s,
            on_phase=errand.on_phase,
        )
        self.copying_s = time.monotonic() - begin_s


def _talk_here(place: Place, errand: Errand) -> Talk:
    python = place.python_for(errand.runtime) or sys.executable
    try:
        process = WorkerProcess([python, str(errand.archive), errand.runtime])
    except OSError as error:
        raise RoundError(
            f"{place.title}: cannot start {python}: {error.strerror}",
            "Name an interpreter that exists with `python:` in lab.yaml.",
            phase="start",
        ) from error
    return Talk(process, "start", lambda *_: None)
