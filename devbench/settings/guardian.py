"""Restores settings when devbench is gone: a process of its own that waits on a pipe; standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, final

READY = b"ready\n"


@final
class FileEntry(TypedDict):
    """One file that had a value before: what it takes to restore it."""

    file: str
    before: str


@final
class Undo(TypedDict):
    """One program that undoes what another has done.

    host: the machine that ssh runs it on; "" for this one. by_hand: what to type for the same.
    """

    command: list[str]
    host: str
    by_hand: str


_UNDO_LIMIT_S = 60


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


def put_back(entries: Sequence[FileEntry | Undo], hold: tuple[int, ...] = ()) -> list[tuple[FileEntry | Undo, str]]:
    """Give every file its former value, run every program; those that failed, each with the reason.

    In the order given: a governor's own settings come back with the governor.
    hold: descriptors that a program keeps open, for a guardian that waits until all are closed.
    """
    failed: list[tuple[FileEntry | Undo, str]] = []
    for entry in entries:
        try:
            if "command" in entry:
                if why := _undone(entry, hold):
                    failed.append((entry, why))
            elif read_value(entry["file"]) != entry["before"]:
                write_value(entry["file"], entry["before"])
                if (now := read_value(entry["file"])) != entry["before"]:
                    failed.append((entry, f"it still says {now}"))
        except OSError as error:
            failed.append((entry, error.strerror or str(error)))
    return failed


def _undone(undo: Undo, hold: tuple[int, ...]) -> str:
    """Why the program did not succeed; "" if it did."""
    try:
        done = subprocess.run(
            keeping(undo["command"], undo["host"]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_UNDO_LIMIT_S,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
            pass_fds=hold,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_UNDO_LIMIT_S} s"
    said = (done.stdout + done.stderr).decode(errors="replace").split()
    return "" if done.returncode == 0 else f"exit status {done.returncode}: {' '.join(said)[-200:]}"


def keeping(command: Sequence[str], host: str) -> list[str]:
    """The same command as one that keeps the descriptors that it inherits: ssh closes them."""
    return ["sh", "-c", '"$@"; exit $?', "sh", *command] if host else list(command)


def subject(entry: FileEntry | Undo) -> str:
    """What a message calls it."""
    return f"`{entry['by_hand']}`" if "command" in entry else entry["file"]


def by_root(entry: FileEntry | Undo) -> bool:
    """Whether it takes root of this machine."""
    return "command" not in entry or not entry["host"]


def by_hand(entry: FileEntry | Undo) -> str:
    """What to type to do it."""
    if "command" in entry:
        return entry["by_hand"]
    return f"echo {shlex.quote(entry['before'])} | sudo tee {shlex.quote(entry['file'])}"


def _to(entry: FileEntry | Undo) -> str:
    return "" if "command" in entry else f" to {entry['before']}"


def _say(text: str) -> None:
    """On stderr. What a board has answered may be in it, and must not command the terminal."""
    plain = "".join(one if one.isprintable() else "?" for one in text)
    with contextlib.suppress(OSError):
        os.write(2, f"guardian of the settings: {plain}\n".encode(errors="replace"))


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
    for entry, why in failed:
        _say(f"{subject(entry)} could not be restored{_to(entry)}: {why}")
    if not failed:
        _say("devbench was ended; everything is restored")


if __name__ == "__main__":
    main()
