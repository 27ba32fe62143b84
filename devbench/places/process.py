"""A process on this machine: bytes into it, lines out of it with a deadline, the tail of its stderr, a certain end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from devbench.places.interrupt import woken_by
from devbench.worker.supervisor import ENDS_WITHIN_S

TAIL_BYTES = 4000
LONGEST_LINE_BYTES = 4 << 20  # a line with an output of a megabyte in base64 is a third of it
LONGEST_OUTPUT_BYTES = 16 << 20  # of a program that is read to its end: two hours of a meter are 6 MB
STALL_LIMIT_S = 60.0  # for which nothing of what is sent is taken
_CHUNK_BYTES = 1 << 20


class TimeIsUpError(Exception):
    """The deadline passed before there was a line, or before anything of what is sent was taken."""


class LineTooLongError(Exception):
    """A line, or all of its output, is longer than any that is meant."""


class WorkerProcess:
    """Starts `command` in a process group of its own, so that a Ctrl-C is the host's to handle.

    The host sleeps in select() until there is something to read: a harness that polls takes a core
    from the model it measures.

    environment: added to this process's own. folder: its working directory; None is this process's own.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment} if environment else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin = self._process.stdin.fileno()
        os.set_blocking(self._stdin, False)
        self._out = self._process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            self._selector.register(pipe, selectors.EVENT_READ)
        self._woken = woken_by()
        if self._woken is not None:
            self._selector.register(self._woken, selectors.EVENT_READ)
        self._unread = bytearray()
        self._tail = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`; a process that is gone already is noticed when its answer is read.

        Reads what comes back meanwhile, so that neither side waits for the other. Raises `TimeIsUpError` and
        `LineTooLongError`.
        """
        left = memoryview(data)
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while left:
                self._wait(time.monotonic() + STALL_LIMIT_S, LONGEST_LINE_BYTES)
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(self._stdin, left) :]
        except BrokenPipeError:
            pass
        finally:
            self._selector.unregister(self._stdin)

    def read_line(self, deadline_s: float) -> bytes | None:
        """The next line of its stdout, or None at its end.

        deadline_s: in the time of time.monotonic(); `TimeIsUpError` when it has passed. Raises `LineTooLongError`.
        """
        searched = 0
        while (end := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if self._out not in self._open_pipes():
                return None
            self._wait(deadline_s, LONGEST_LINE_BYTES)
        if time.monotonic() > deadline_s:  # lines that keep coming do not stop the clock
            raise TimeIsUpError
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line

    def read_rest(self, deadline_s: float) -> bytes:
        """What is still to come of its stdout, up to its end. Raises `TimeIsUpError`, `LineTooLongError`."""
        while self._out in self._open_pipes():
            self._wait(deadline_s, LONGEST_OUTPUT_BYTES)
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def close_input(self) -> None:
        """Nothing more will be sent."""
        if self._process.stdin:
            self._process.stdin.close()

    def exit_status(self, within_s: float) -> int | None:
        """How it ended by itself, negative for a signal; None if it is still there after `within_s`.

        Whatever it still says on its stdout is lost.
        """
        deadline_s = time.monotonic() + within_s
        with contextlib.suppress(TimeIsUpError):  # what it has left behind may keep its stderr open
            while self._open_pipes():
                self._unread.clear()
                self._wait(deadline_s, LONGEST_LINE_BYTES)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(max(0.1, deadline_s - time.monotonic()))
        return None

    def end(self, grace_s: float = 0.0) -> None:
        """Make sure that it, and all that it started, is gone; `grace_s` lets it see first that its input has ended."""
        self.close_input()
        if grace_s:
            self.exit_status(grace_s)
        self._signal(signal.SIGTERM)  # a supervisor ends everything then, also what has left its group
        self.exit_status(ENDS_WITHIN_S + 1)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    @property
    def log_tail(self) -> str:
        """The end of what it has said on stderr."""
        return self._tail.decode(errors="replace").strip()

    def _signal(self, number: int) -> None:
        if self._process.returncode is None or self._open_pipes():  # else its group may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _open_pipes(self) -> set[int]:
        return {key.fd for key in self._selector.get_map().values()} - {self._woken}

    def _wait(self, deadline_s: float, most: int) -> None:
        """Sleep until there is something to do; what has come is in `_unread` then, and no more than `most` of it."""
        left_s = deadline_s - time.monotonic()
        ready = self._selector.select(left_s) if left_s > 0 else []
        if not ready:
            raise TimeIsUpError
        for key, _ in ready:
            if key.fd == self._stdin:
                continue
            if key.fd == self._woken:
                self._selector.unregister(key.fd)  # what ends the process now must still be able to wait
                raise KeyboardInterrupt
            data = os.read(key.fd, _CHUNK_BYTES)
            if not data:
                self._selector.unregister(key.fileobj)
            elif key.fd == self._out:
                self._unread += data
            else:
                self._tail = (self._tail + data)[-TAIL_BYTES:]
        if len(self._unread) > most + _CHUNK_BYTES:
            raise LineTooLongError
