"""Holds the settings of this machine: a lock that binds all users, and a guardian process that outlives this one."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.settings import guardian
from devbench.settings.guardian import FileEntry, Undo
from devbench.settings.state import State, forget, save

_GUARDIAN_ENDS_WITHIN_S = 5


class MachineTakenError(DevbenchError):
    """Another devbench, or its guardian, holds the settings of this machine."""


_guard = threading.Lock()
_held: dict[Path, list[int]] = {}  # by folder: the descriptor, and how many of this process have it


@contextmanager
def lock_machine(root: Path, holder: State | None) -> Iterator[int]:
    """Hold the settings of the machine for this process, and for the guardian that gets the descriptor.

    The lock lies on the folder of the settings: it binds all users, whatever their caches, and goes when the last
    process that has it is gone. Nothing has to be believed about process ids, which are given out again. Threads of
    one process have it together: each changes settings of other places.
    """
    folder = root / "sys/devices/system/cpu"
    with _guard:
        held = _held.get(folder) or [_locked(folder, holder), 0]
        held[1] += 1
        _held[folder] = held
    try:
        yield held[0]
    finally:
        with _guard:
            held[1] -= 1
            if not held[1]:
                del _held[folder]
                os.close(held[0])


def _locked(folder: Path, holder: State | None) -> int:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DevbenchError(f"{folder}: cannot be opened: {error.strerror}", "Leave out --tune.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        pid = holder.pid if holder else None
        raise MachineTakenError(
            "another devbench holds the settings of this machine" + (f" (process {pid})" if pid else ""),
            f"End it first: Ctrl-C in its terminal{f', or: kill {pid}' if pid else ''}.",
        ) from None
    return descriptor


@contextmanager
def guarded(state: State, path: Path, steps: Sequence[FileEntry | Undo], lock: int) -> Iterator[int]:
    """Keep `state` in the file at `path`, and `steps`, which undo it, with a guardian.

    Only a missing file tells that the block has put all back. Gives the descriptor whose end the guardian waits for:
    a program that inherits it is waited for too.
    """
    save(state, path)
    process = None
    try:
        process = _start_guardian(path, steps, lock)
        assert process.stdin
        yield process.stdin.fileno()
    finally:
        if process is None:
            forget(path)  # nothing has been changed yet
        else:
            _dismiss(process, done=not path.exists())


def _start_guardian(path: Path, steps: Sequence[FileEntry | Undo], lock: int) -> subprocess.Popen[bytes]:
    """Start it and wait until it is ready: from then on the settings are restored if this process is killed.

    What it must do it is told through a pipe: it need not believe any file.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guardian.__file__],
        stdin=subprocess.PIPE,  # its write end is inherited by no other child: Python opens it close-on-exec
        stdout=subprocess.PIPE,
        cwd="/",
        start_new_session=True,  # a Ctrl-C in the terminal is not for it
        pass_fds=(lock,),
        bufsize=0,
    )
    assert process.stdin and process.stdout
    task = {"state_file": str(path.absolute()), "settings": steps}
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(task).encode() + b"\n")
    if process.stdout.readline() != guardian.READY:
        _dismiss(process, done=True)
        raise DevbenchError(
            "the guardian that restores settings did not start, so nothing was changed",
            f"See what it says: {sys.executable} -I -S {guardian.__file__} < /dev/null",
        )
    return process


def _dismiss(process: subprocess.Popen[bytes], *, done: bool) -> None:
    """Let the guardian end, and wait for it: it has the lock too. Restoring the rest may take time."""
    assert process.stdin and process.stdout
    with contextlib.suppress(BrokenPipeError):
        if done:
            process.stdin.write(b"done\n")
    process.stdin.close()
    process.stdout.close()
    try:
        process.wait(_GUARDIAN_ENDS_WITHIN_S if done else None)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
