"""Standard output and error: they never end a measurement, and never send control characters to a terminal."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from devbench.errors import DevbenchError
from devbench.printable import printable


class LossyStream(io.TextIOWrapper):
    """Writes to a descriptor of this process. After an error it drops everything, and `problem` says why."""

    problem: OSError | None = None

    def write(self, text: str) -> int:
        """Write `text`, or lose it."""
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Pass on what was written, or lose it."""
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.problem = self.problem or error
        nowhere = os.open(os.devnull, os.O_WRONLY)  # what is still in the buffer goes there
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class PrintableStream:
    """A stream that lets no control character through but line ends and tabs: text comes from boards, files, plugins.

    unfiltered: the stream behind it.
    """

    def __init__(self, unfiltered: TextIO) -> None:
        self.unfiltered = unfiltered

    def write(self, text: str) -> int:
        """Write `text`, fit to be shown; its length."""
        self.unfiltered.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


def prepare_streams() -> None:
    """Replace this process's standard streams; one that is closed becomes one that goes nowhere."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else a file that is opened later would get this number, and our output with it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = PrintableStream(_lossy(1, sys.stdout, line_buffering=os.isatty(1)))
    sys.stderr = PrintableStream(_lossy(2, sys.stderr, line_buffering=True))


def check_output() -> None:
    """A `DevbenchError` if not all of standard output could be written. A reader who has seen enough is none."""
    sys.stdout.flush()
    problem = getattr(sys.stdout, "problem", None)
    if problem is not None and problem.errno != errno.EPIPE:
        raise DevbenchError(
            f"the output could not be written: {problem.strerror}",
            "Send it where there is space. What was measured is saved: `devbench report` shows it again.",
        )


def _lossy(number: int, before: TextIO | None, *, line_buffering: bool) -> LossyStream:
    buffer = open(number, "wb", closefd=False)  # noqa: SIM115 - a descriptor, for as long as the process lives
    return LossyStream(
        buffer,
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=line_buffering,
    )
