"""Messages to and from a worker, one JSON object a line; whatever else comes is a `RoundError` with its cause."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from devbench.errors import RoundError
from devbench.places.process import TimeIsUpError, WorkerProcess

Message = dict[str, Any]
MOST_CHATTER_LINES = 1000  # what login scripts print before the program that was asked for speaks

_SIGNAL_HINTS = {
    "SIGKILL": "Something outside ended it. When memory is short, Linux does: see `dmesg`, and free some.",
    "SIGSEGV": "A native library crashed: often the runtime and a library of another version. See the log below.",
    "SIGABRT": "A native library gave up; it usually says why on stderr: see the log below.",
    "SIGILL": "The runtime was built for a newer processor than this one.",
}


class Ending(NamedTuple):
    """What it means that a process ended before its answer. place_lost: the machine itself could not be reached."""

    message: str
    hint: str
    place_lost: bool = False


@dataclass
class Talk:
    """One conversation. phase: what is going on, for errors.

    why_ended: what it means that the process ended with a status in a phase, having said something on stderr;
        None where it is what `why_worker_ended` makes of it.
    """

    process: WorkerProcess
    phase: str
    why_ended: Callable[[int, str, str], Ending | None]

    def send(self, message: Message) -> None:
        """Send one message."""
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        """Send `data` as it is."""
        try:
            self.process.send(data)
        except TimeIsUpError:
            raise self.error(
                "it stopped taking what is sent to it",
                "Is the machine overloaded, or the network down?",
            ) from None

    def receive(self, limit_s: float, too_late: str, hint: str, *, skip_chatter: bool = False) -> Message:
        """The next message, within `limit_s`; `skip_chatter` passes over lines that are none."""
        deadline_s = time.monotonic() + limit_s
        line = b""
        for _ in range(MOST_CHATTER_LINES if skip_chatter else 1):
            line = self.line(deadline_s, too_late, hint)
            if line and (message := _message(line)) is not None:
                return message
        raise self.error(f"the worker's stdout holds rubbish: {line[:200]!r}")

    def line(self, deadline_s: float, too_late: str, hint: str) -> bytes:
        """The next line, whatever it says; `deadline_s` is in the time of time.monotonic()."""
        try:
            line = self.process.read_line(deadline_s)
        except TimeIsUpError:
            raise self.error(too_late, hint) from None
        if line is None:
            raise self._ended_early()
        return line

    def error(self, message: str, hint: str = "", place_lost: bool = False) -> RoundError:
        """An error with what is known of this moment."""
        return RoundError(message, hint, phase=self.phase, log_tail=self.process.log_tail, place_lost=place_lost)

    def _ended_early(self) -> RoundError:
        status = self.process.exit_status(within_s=5)
        if status is None:
            return self.error("the worker closed its output without an answer")
        return self.error(*(self.why_ended(status, self.phase, self.process.log_tail) or why_worker_ended(status)))


def why_worker_ended(status: int) -> Ending:
    """What it means that a worker ended by itself, before its answer; `status` is negative for a signal."""
    if status < 0:
        name = signal.Signals(-status).name
        return Ending(f"the worker was killed by {name}", _SIGNAL_HINTS.get(name, ""))
    return Ending(f"the worker ended without an answer (exit status {status})", "")


def _message(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
