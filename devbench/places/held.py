"""Waits for a command, or for Ctrl-C, without being ended by a signal in the middle of something."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from devbench.errors import DevbenchError

_SIGNALLED = 128  # shells add this to the number of the signal that ended a program


class Endings:
    """The signals that ask this process to end; while it exists they wait until they are asked for.

    So none of them can break into changing settings or putting them back, and no time is spent on polling.
    """

    def __init__(self, numbers: set[signal.Signals]) -> None:
        self._numbers = numbers

    def hold(self) -> int:
        """Wait for one; the exit status that it means: Ctrl-C is how a hold is meant to end."""
        number = signal.sigwait(self._numbers)
        return 0 if number == signal.SIGINT else _SIGNALLED + number

    def run(self, command: Sequence[str]) -> int:
        """Run `command` to its end, hand on what is sent to this process, and return its exit status."""
        unblocked = [*self._numbers, signal.SIGCHLD]
        try:
            pid = os.posix_spawnp(
                command[0],
                list(command),
                os.environ,
                setsigmask=signal.pthread_sigmask(signal.SIG_BLOCK, ()) - set(unblocked),
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them, and programs would inherit that
            )
        except OSError as error:
            raise DevbenchError(
                f"{command[0]}: cannot be started: {error.strerror}",
                "Write the command as after `devbench doctor --tune --`.",
            ) from error
        while True:
            caught = signal.sigwaitinfo(unblocked)
            if caught.si_signo != signal.SIGCHLD:
                if caught.si_code <= 0:  # sent by a process; what a terminal sends has reached the command already
                    os.kill(pid, caught.si_signo)
                continue
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else _SIGNALLED + os.WTERMSIG(status)


@contextmanager
def endings_held() -> Iterator[Endings]:
    """Keep the signals waiting for the time of the block; those that are ignored, as under nohup, stay so."""
    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    numbers = {number for number in asked if signal.getsignal(number) is not signal.SIG_IGN}
    # An ignored SIGCHLD, which a parent may hand down, would make the command's exit status vanish.
    child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*numbers, signal.SIGCHLD})
    try:
        yield Endings(numbers)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGCHLD, child)
