"""The former values of changed settings, kept in a file and by a guardian process, and the lock on this machine."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.settings import guardian
from devbench.settings.guardian import Entry, Undo

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_GUARDIAN_ENDS_WITHIN_S = 5


class MachineTakenError(DevbenchError):
    """Another devbench, or its guardian, holds the settings of this machine."""


@dataclass(frozen=True, kw_only=True)
class State:
    """Who changed which files, when they had which values. boot_id: a new start of the machine resets them anyway."""

    pid: int
    boot_id: str
    host: str
    root: str
    state_file: str
    settings: Sequence[Entry | Undo]

    @classmethod
    def of(cls, root: Path, state_file: Path, settings: Sequence[Entry | Undo]) -> State:
        """The state of this process on this machine."""
        return cls(
            pid=os.getpid(),
            boot_id=_BOOT_ID.read_text().strip(),
            host=platform.node(),
            root=str(root),
            state_file=str(state_file.absolute()),
            settings=settings,
        )

    @property
    def of_another_boot(self) -> bool:
        """Whether the machine was started anew since."""
        return self.boot_id != _BOOT_ID.read_text().strip()

    @property
    def elsewhere(self) -> bool:
        """Whether it belongs to another machine that has the same cache folder, in a home on the network."""
        return self.of_another_boot and self.host != platform.node()

    def save(self) -> None:
        """Write the file; nothing may be changed before it is there."""
        try:
            Path(self.state_file).parent.mkdir(parents=True, exist_ok=True)
            write_whole(Path(self.state_file), json.dumps(asdict(self), indent=1).encode())
        except OSError as error:
            raise DevbenchError(
                f"{self.state_file}: cannot be written: {error.strerror}; so nothing was changed",
                "Free some space or permissions there, or set DEVBENCH_CACHE to another folder.",
            ) from error

    def forget(self) -> None:
        """Remove the file: everything has its former value again."""
        try:
            Path(self.state_file).unlink(missing_ok=True)
        except OSError as error:
            raise DevbenchError(
                f"{self.state_file}: cannot be removed: {error.strerror}; the settings are put back, though",
                f"Type: sudo rm {self.state_file}",
            ) from error


def read_state(state_file: Path) -> State | None:
    """What the file says; None where there is none."""
    try:
        return State(**json.loads(state_file.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise DevbenchError(
            f"{state_file}: cannot be read: {error}",
            f"It holds settings to be put back. Look at it, then: rm {state_file}",
        ) from error


@contextmanager
def lock_machine(root: Path, holder: State | None) -> Iterator[int]:
    """Hold the settings of the machine for this process, and for the guardian that gets the descriptor.

    The lock lies on the folder of the settings: it binds all users, whatever their caches, and goes when the last
    process that has it is gone. Nothing has to be believed about process ids, which are given out again.
    """
    folder = root / "sys/devices/system/cpu"
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DevbenchError(f"{folder}: cannot be opened: {error.strerror}", "Leave out --tune.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = holder.pid if holder else None
            raise MachineTakenError(
                "another devbench holds the settings of this machine" + (f" (process {pid})" if pid else ""),
                f"End it first: Ctrl-C in its terminal{f', or: kill {pid}' if pid else ''}.",
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def guarded(state: State, lock: int) -> Iterator[int]:
    """Keep `state` in its file and with a guardian; only a missing file tells that the block has put all back.

    Gives the descriptor whose end the guardian waits for: a program that inherits it is waited for too.
    """
    state.save()
    process = None
    try:
        process = _start_guardian(state, lock)
        assert process.stdin
        yield process.stdin.fileno()
    finally:
        if process is None:
            state.forget()  # nothing has been changed yet
        else:
            _dismiss(process, done=not Path(state.state_file).exists())


def _start_guardian(state: State, lock: int) -> subprocess.Popen[bytes]:
    """Start it and wait until it is ready: from then on the settings are put back if this process is killed."""
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
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(asdict(state)).encode() + b"\n")
    if process.stdout.readline() != guardian.READY:
        _dismiss(process, done=True)
        raise DevbenchError(
            "the guardian that puts settings back did not start, so nothing was changed",
            f"See what it says: {sys.executable} -I -S {guardian.__file__} < /dev/null",
        )
    return process


def _dismiss(process: subprocess.Popen[bytes], *, done: bool) -> None:
    """Let the guardian end, and wait for it: it has the lock too. What it still has to put back takes its time."""
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
