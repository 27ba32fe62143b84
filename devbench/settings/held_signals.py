"""Waits for a command, or for Ctrl-C, without being ended by a signal in the middle of something."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from devbench.errors import DevbenchError

_SIGNALLED = 128  # shells add this to the number of the signal that ended a program


class HeldSignals:
    """The signals that ask this process to end; they are only noted, until somebody asks for them.

    So none of them can break into changing settings or putting them back, and no time is spent on polling.
    Blocking them would not do: libraries have threads of their own, and one of those would be ended instead.
    """

    def __init__(self, noted: int) -> None:
        self._noted = noted

    def hold(self) -> int:
        """Wait for one; the exit status that it means: Ctrl-C is how a hold is meant to end."""
        while (number := self._next()) == signal.SIGCHLD:
            pass  # the guardian is gone: what has to be put back is known here as well
        return 0 if number == signal.SIGINT else _SIGNALLED + number

    def run(self, command: Sequence[str]) -> int:
        """Run `command` to its end, hand on what is sent to this process, and return its exit status."""
        if early := self._so_far():  # while settings were changed
            return _SIGNALLED + early[0]
        try:  # SIGPIPE and SIGXFSZ are what Python ignores, and programs would inherit that
            pid = os.posix_spawnp(
                command[0], list(command), os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD]
            )
        except OSError as error:
            raise DevbenchError(
                f"{command[0]}: cannot be started: {error.strerror}", "Is it installed, and in the PATH?"
            ) from error
        for number in self._so_far():  # it may have come too early for the command: rather twice than never
            os.kill(pid, number)
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else _SIGNALLED + os.WTERMSIG(status)
            number = self._next()
            if number != signal.SIGCHLD and not (number == signal.SIGINT and _in_foreground()):
                os.kill(pid, number)

    def _next(self) -> int:
        return os.read(self._noted, 1)[0]

    def _so_far(self) -> list[int]:
        ready, _, _ = select.select([self._noted], [], [], 0)
        return [number for number in os.read(self._noted, 100) if number != signal.SIGCHLD] if ready else []


def _in_foreground() -> bool:
    """Whether a Ctrl-C in the terminal goes to this process and to its command alike: it must not come twice."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextmanager
def signals_held() -> Iterator[HeldSignals]:
    """Note the signals instead of obeying them for the time of the block; those ignored, as under nohup, stay so."""
    noted, note = os.pipe()
    os.set_blocking(note, False)
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]
    woken_before = signal.set_wakeup_fd(note, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in (*numbers, signal.SIGCHLD)}
    try:
        yield HeldSignals(noted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken_before)
        os.close(note)
        os.close(noted)
