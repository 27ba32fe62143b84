"""Puts settings back when devbench is gone: a process of its own that waits on a pipe; standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

READY = b"ready\n"


class Entry(TypedDict):
    """One file that had a value before: what it takes to put it back."""

    file: str
    before: str


def read_value(file: str) -> str:
    """What the file says. Raises OSError."""
    return Path(file).read_text().strip()


def write_value(file: str, value: str) -> None:
    """Write into a file that is there. Raises OSError: sysfs refuses a value in write() or in close()."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)  # never made: a CPU that is gone must not become a file
    try:
        os.write(descriptor, f"{value}\n".encode())
    finally:
        os.close(descriptor)


def put_back(entries: Sequence[Entry]) -> list[tuple[Entry, str]]:
    """Give every file its former value; those that do not have it in the end, each with the reason.

    In the order given: a governor's own settings come back with the governor.
    """
    failed = []
    for entry in entries:
        try:
            if read_value(entry["file"]) != entry["before"]:
                write_value(entry["file"], entry["before"])
                if (now := read_value(entry["file"])) != entry["before"]:
                    failed.append((entry, f"it still says {now}"))
        except OSError as error:
            failed.append((entry, error.strerror or str(error)))
    return failed


def main() -> None:
    """Wait until the pipe closes. Whoever wrote the state says a word before, if nothing is left to be done."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # such as systemd sends to all of a unit
        signal.signal(number, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return  # killed before it had sent all of it, so before its first change
    state = json.loads(line)
    with contextlib.suppress(BrokenPipeError):
        os.write(1, READY)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if sys.stdin.buffer.read():
        return
    failed = put_back(state["settings"])
    if not failed:
        Path(state["state_file"]).unlink(missing_ok=True)
    said = [f"{entry['file']} could not be set back to {entry['before']}: {why}" for entry, why in failed]
    with contextlib.suppress(OSError):
        for text in said or ["devbench was ended; all is put back"]:
            os.write(2, f"guardian of the settings: {text}\n".encode())


if __name__ == "__main__":
    main()
