"""Runs a Python file of a plugin's own where a place is, on this machine or behind ssh, where nothing is installed."""

from __future__ import annotations

import secrets
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from devbench.domain.place import Place, Ssh
from devbench.errors import DevbenchError, RoundError
from devbench.places.here import talk_here
from devbench.places.process import LineTooLongError, TimeIsUpError
from devbench.places.program_text import program_text
from devbench.places.ssh import LOST, ssh_command, talk_over_ssh
from devbench.places.talk import MOST_CHATTER_LINES, Talk

_START_LIMIT_S = 60.0  # connecting may take 15 s of it; the rest is a slow board's Python
_ENDS_WITHIN_S = 5.0
_GRACE_S = 3.0
_TOO_LONG = "its output is too long"
_SILENT = "Is the machine overloaded, or the network down?"
# Ahead of the file's own text. The mark tells its output from what login scripts print.
_THEN = """module.supervise({life_s!r}, {grace_s!r}, (1,))
os.write(1, b"\\n{mark}\\n")
sys.argv = {argv!a}
exec(compile({source!r}, {name!a}, "exec"))
"""


class Program:
    """A Python file at work where `place` is; every way in which it cannot be started is a `RoundError`.

    file: Python 3.6 and its standard library; over ssh its text is all that travels, so it imports no other of yours.
    life_s: it is ended after that, come what may, and 3 s after this process or the connection is gone, with all that
        it has started. Otherwise it ends when it wants to, which must be soon after its stdin has ended.
    Over ssh it must not read from descriptor 0 itself before it has said something: use sys.stdin.buffer until then.
    """

    def __init__(self, place: Place, file: Path, arguments: Sequence[str] = (), *, life_s: float = 600.0) -> None:
        python = place.python_for("")
        if place.ssh:
            self._talk = _over_ssh(place, place.ssh, python or "python3", _program(file, arguments, life_s))
        else:
            command = [python or sys.executable, "-I", "-S", str(file), *arguments]
            # Its input may end long before its work does.
            self._talk = talk_here(place, command, "there", life_s=life_s, grace_s=_GRACE_S, ends_with_input=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What runs over there cannot be killed from here: it ends when it sees that its input has ended.
        self._talk.process.end(_GRACE_S)

    def send(self, data: bytes) -> None:
        """Write `data` into its stdin."""
        self._talk.send_bytes(data)

    def line(self, limit_s: float) -> str | None:
        """The next line of its stdout, without its end; None where there is no more."""
        try:
            line = self._talk.process.read_line(time.monotonic() + limit_s)
        except TimeIsUpError:
            raise self._too_late(limit_s) from None
        except LineTooLongError:
            raise self._talk.error(_TOO_LONG) from None
        return None if line is None else line.decode(errors="replace")

    def finish(self, limit_s: float) -> tuple[int, str, str]:
        """End its stdin and wait for it: exit status, the rest of its stdout, and the end of its stderr."""
        process = self._talk.process
        process.close_input()
        try:
            out = process.read_rest(time.monotonic() + limit_s)
        except TimeIsUpError:
            raise self._too_late(limit_s) from None
        except LineTooLongError:
            raise self._talk.error(_TOO_LONG) from None
        status = process.exit_status(_ENDS_WITHIN_S)
        if status is None:
            raise self._too_late(limit_s)
        why = self._talk.why_ended(status, self._talk.phase, process.log_tail) if status in LOST else None
        if why:
            raise self._talk.error(*why)
        return status, out.decode(errors="replace"), process.log_tail

    def _too_late(self, limit_s: float) -> RoundError:
        return self._talk.error(f"no answer within {limit_s:g} s", _SILENT)


def run_there(
    place: Place, file: Path, arguments: Sequence[str] = (), *, limit_s: float = 60.0
) -> tuple[int, str, str]:
    """Run a Python file where `place` is: exit status, stdout, and the end of stderr; a `RoundError` if that fails."""
    with Program(place, file, arguments, life_s=limit_s + _START_LIMIT_S) as program:
        return program.finish(limit_s)


def command_there(place: Place, command: Sequence[str]) -> tuple[str, ...]:
    """The command that runs `command` where `place` is, for a `Change`: it needs neither this process nor a file.

    A `DevbenchError` for what login shells do not agree upon even between quotes.
    """
    if place.ssh is None:
        return tuple(command)
    for word in command:
        if not word.isprintable() or "\\" in word or "!" in word:
            raise DevbenchError(f"{place.title}: a command of its plugin cannot be quoted for every shell: {word!r}")
    return tuple(ssh_command(place.ssh, shlex.join(command), may_share=False))


def _over_ssh(place: Place, ssh: Ssh, python: str, program: tuple[bytes, bytes]) -> Talk:
    text, mark = program
    talk = talk_over_ssh(place, ssh, python, len(text))
    try:
        talk.send_bytes(text)
        _pass_over_chatter(talk, mark)
    except BaseException:
        talk.process.end()
        raise
    talk.phase = "there"
    return talk


def _pass_over_chatter(talk: Talk, mark: bytes) -> None:
    deadline_s = time.monotonic() + _START_LIMIT_S
    for _ in range(MOST_CHATTER_LINES):
        if talk.line(deadline_s, f"no answer within {_START_LIMIT_S:g} s", _SILENT) == mark:
            return
    raise talk.error("the login scripts over there print without end")


def _program(file: Path, arguments: Sequence[str], life_s: float) -> tuple[bytes, bytes]:
    """What Python over there is sent, and the line that it says before the file's own text runs."""
    mark = secrets.token_hex(16)
    then = _THEN.format(
        life_s=life_s,
        grace_s=_GRACE_S,
        mark=mark,
        argv=[file.name, *arguments],
        source=file.read_bytes(),
        name=file.name,
    )
    return program_text("supervisor", then=then), mark.encode("ascii")
