"""A conversation with a worker, line by line; whatever goes wrong in it is a `RoundError` with its cause."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from devbench.errors import RoundError
from devbench.places.process import LONGEST_LINE_BYTES, LineTooLongError, TimeIsUpError, WorkerProcess
from devbench.worker.supervisor import SIGNALLED

if TYPE_CHECKING:  # plugins import this to ask a board: listing them needs no schema
    from pydantic import TypeAdapter

    from devbench.places.answers import InvalidAnswerError

T = TypeVar("T")
MOST_CHATTER_LINES = 1000  # what login scripts print before the program that was asked for speaks
_INVALID = (
    "The runtime's engine or the machine is at fault, or something else writes into the worker's output. "
    "Measure again; if it stays, tell the author of the runtime's plugin."
)
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

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        """Send `data` as it is."""
        try:
            self.process.send(data)
        except TimeIsUpError:
            raise self.error(
                "it stopped reading its input",
                "Is the machine overloaded, or the network down?",
            ) from None
        except LineTooLongError:
            raise self._too_long() from None

    def receive(
        self, expected: TypeAdapter[T], deadline_s: float, too_late: str, hint: str, *, skip_chatter: bool = False
    ) -> T:
        """The next message, one of those expected. deadline_s: in the time of time.monotonic().

        skip_chatter: pass over lines that are not messages.
        """
        from devbench.places.answers import InvalidAnswerError, checked

        line = self.line(deadline_s, too_late, hint)
        if skip_chatter:
            for _ in range(MOST_CHATTER_LINES):
                if line.startswith(b"{"):
                    break
                line = self.line(deadline_s, too_late, hint)
        try:
            return checked(line, expected)
        except InvalidAnswerError as error:
            raise self.invalid(error) from None

    def line(self, deadline_s: float, too_late: str, hint: str) -> bytes:
        """The next line, whatever it says."""
        try:
            line = self.process.read_line(deadline_s)
        except TimeIsUpError:
            raise self.error(too_late, hint) from None
        except LineTooLongError:
            raise self._too_long() from None
        if line is None:
            raise self._ended_early()
        return line

    def error(self, message: str, hint: str = "", place_lost: bool = False) -> RoundError:
        """An error with what is known of this moment."""
        return RoundError(message, hint, phase=self.phase, log_tail=self.process.log_tail, place_lost=place_lost)

    def invalid(self, error: InvalidAnswerError) -> RoundError:
        """An answer that cannot be used."""
        return self.error(str(error), _INVALID)

    def _too_long(self) -> RoundError:
        return self.error(f"the worker sends a line of more than {LONGEST_LINE_BYTES >> 20} MiB", _INVALID)

    def _ended_early(self) -> RoundError:
        status = self.process.exit_status(within_s=5)
        if status is None:
            return self.error("the worker closed its output without an answer")
        return self.error(*(self.why_ended(status, self.phase, self.process.log_tail) or why_worker_ended(status)))


def why_worker_ended(status: int) -> Ending:
    """What it means that a worker ended by itself, before its answer.

    A signal is `status` itself, negative, or as supervisors and shells report it: 128 and its number.
    """
    number = -status if status < 0 else status - SIGNALLED
    if number in signal.valid_signals():
        name = _signal_name(number)
        return Ending(f"the worker was killed by {name}", _SIGNAL_HINTS.get(name, ""))
    return Ending(f"the worker ended without an answer (exit status {status})", "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal between the first and the last
        return f"signal {number}"
