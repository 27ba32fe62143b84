"""A process on this machine: bytes into it, lines out of it with a deadline, the tail of its stderr, a certain end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

TAIL_BYTES = 4000
LONGEST_LINE_BYTES = 256 << 20  # 300 s of samples at 100 us each are about 20 MB
STALL_LIMIT_S = 60.0  # for which nothing of what is sent is taken


class TimeIsUpError(Exception):
    """The deadline passed before there was a line, or before anything of what is sent was taken."""


class WorkerProcess:
    """Starts `command` in a process group of its own, so that a Ctrl-C is the host's to handle.

    The host sleeps in select() until there is something to read: a harness that polls takes a core
    from the model it measures.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
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
        self._unread = bytearray()
        self._tail = b""

    def send(self, data: bytes) -> None:
        """Send all of `data`; a process that is gone already is noticed when its answer is read.

        Reads what comes back meanwhile, so that neither side waits for the other. Raises `TimeIsUpError`.
        """
        left = memoryview(data)
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while left:
                self._wait(time.monotonic() + STALL_LIMIT_S)
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(self._stdin, left) :]
        except BrokenPipeError:
            pass
        finally:
            self._selector.unregister(self._stdin)

    def read_line(self, deadline_s: float) -> bytes | None:
        """The next line of its stdout, or None at its end.

        deadline_s: in the time of time.monotonic(); `TimeIsUpError` when it has passed.
        """
        searched = 0
        while (end := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if self._out not in self._open_pipes() or searched > LONGEST_LINE_BYTES:
                return None
            self._wait(deadline_s)
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line

    def read_rest(self, deadline_s: float) -> bytes:
        """What is still to come of its stdout, up to its end. Raises `TimeIsUpError`."""
        while self._out in self._open_pipes():
            self._wait(deadline_s)
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def close_input(self) -> None:
        """Nothing more will be sent."""
        if self._process.stdin:
            self._process.stdin.close()

    def exit_status(self, within_s: float) -> int | None:
        """How it ended by itself, negative for a signal; None if it is still there after `within_s`."""
        deadline_s = time.monotonic() + within_s
        with contextlib.suppress(TimeIsUpError):  # what it has left behind may keep its stderr open
            while self._open_pipes():
                self._wait(deadline_s)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(max(0.1, deadline_s - time.monotonic()))
        return None

    def end(self, grace_s: float = 0.0) -> None:
        """Make sure that it, and all that it started, is gone; `grace_s` lets it see first that its input has ended."""
        if grace_s:
            self.close_input()
            self.exit_status(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        self.close_input()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    @property
    def log_tail(self) -> str:
        """The end of what it has said on stderr."""
        return self._tail.decode(errors="replace").strip()

    def _open_pipes(self) -> set[int]:
        return {key.fd for key in self._selector.get_map().values()}

    def _wait(self, deadline_s: float) -> None:
        left_s = deadline_s - time.monotonic()
        ready = self._selector.select(left_s) if left_s > 0 else []
        if not ready:
            raise TimeIsUpError
        for key, _ in ready:
            if key.fd == self._stdin:
                continue
            data = os.read(key.fd, 1 << 20)
            if not data:
                self._selector.unregister(key.fileobj)
            elif key.fd == self._out:
                self._unread += data
            else:
                self._tail = (self._tail + data)[-TAIL_BYTES:]
