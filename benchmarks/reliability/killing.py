"""What is started, killed by SIGKILL and started again: is anything lost, does anything stay behind?"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devbench.store.folder import RunFolder

GONE_WITHIN_S = 5.0
Rounds = dict[tuple[str, str, int], str]  # the hash of its samples, by folder, case and number


@dataclass
class Found:
    """What the kills did. notes: a line for whatever must not be."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def bad(self, what: str, text: str) -> None:
        """Count what must not be."""
        self.counts[what] += 1
        self.notes.append(f"{what}: {text}")

    def add(self, other: Found) -> None:
        """What others have shown as well."""
        self.counts += other.counts
        self.notes += other.notes


class Killed(ABC):
    """A command in a folder of its own. Its processes have a mark in their environment.

    hang_s: within which it must have ended by itself.
    """

    hang_s: float

    def __init__(self, folder: Path, found: Found) -> None:
        self.folder, self.found = folder, found
        self._mark = f"DEVBENCH_KILLED={os.urandom(8).hex()}"
        self._known: Rounds = {}
        folder.mkdir()

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What `devbench` is to do: begin, or go on with what was begun."""

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What it needs beside the cache and the plugins of the folder."""

    @abstractmethod
    def rounds(self) -> Rounds:
        """Every round that is there by now."""

    @abstractmethod
    def check(self, status: int, said: str) -> None:
        """What must be there once it has ended by itself with this exit status."""

    def kill_after(self, seconds: float) -> bool:
        """Begin it or go on with it, and kill it then; whether it still ran."""
        process = self._start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.look_after_kill()
            return True
        self._check(process.returncode)
        return False

    def finish(self) -> float:
        """Let it come to its end; the seconds that took."""
        begin_s = time.monotonic()
        process = self._start()
        try:
            process.wait(self.hang_s)
        except subprocess.TimeoutExpired:
            self.found.bad("hangs", str(self.folder))
            process.kill()
            process.wait()
        self._check(process.returncode)
        return time.monotonic() - begin_s

    def look_after_kill(self) -> None:
        """What must be there, and what must not, after a kill."""
        deadline_s = time.monotonic() + GONE_WITHIN_S
        while (left := _marked(self._mark)) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        for pid, command in left.items():
            self.found.bad("orphans", command)
            os.kill(pid, signal.SIGKILL)
        self._look_at_rounds()

    def _start(self) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
        name, _, value = self._mark.partition("=")
        more = {"PYTHONPATH": str(self.folder / "site"), "DEVBENCH_CACHE": str(self.folder / "cache"), name: value}
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "devbench", *self.command()],
                cwd=self.folder,
                env={**kept, **more, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def _check(self, status: int) -> None:
        said = (self.folder / "said").read_text(errors="replace")
        if "Traceback" in said:
            self.found.bad("tracebacks", said[-500:])
        self._look_at_rounds()
        self.check(status, said[-500:])

    def _look_at_rounds(self) -> None:
        rounds = self.rounds()
        for key, content in self._known.items():
            if rounds.get(key) != content:
                self.found.bad("lost", f"{self.folder}: round {key} is not there, or another")
        self._known = rounds


def rounds_in(path: Path) -> Rounds:
    """The rounds of the run in a folder. Raises a `DevbenchError`."""
    folder = RunFolder(path)
    run = folder.load()
    rounds: Rounds = {}
    for case in run.cases:
        for phase in ("warmup", "steady"):
            for number, samples in folder.samples(run, case.id, phase).items():
                key = (path.name, case.id, number)
                rounds[key] = rounds.get(key, "") + hashlib.sha256(samples.tobytes()).hexdigest()
    return rounds


def _marked(mark: str) -> dict[int, str]:
    """Processes with this in their environment, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found
