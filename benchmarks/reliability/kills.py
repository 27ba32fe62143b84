"""Kills the host by SIGKILL at random moments of a run and resumes it: is anything lost, does anything stay behind?

    uv run python -m benchmarks.reliability.kills [--seed 0] [--count 100]

The runs are of fake devices: one that measures, one whose engine starts a child and a daemon, one that holds the
interpreter's lock in native code until its time limit. A run is killed and resumed four times, then let to its end.
Prints a Markdown table: `lost` are rounds that run.json had named and that are not there, or not the same, later;
`orphans` are processes of a killed run that are still there after 5 s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from random import Random

from devbench.errors import DevbenchError
from devbench.store.folder import RunFolder

KILLS_OF_A_RUN = 4
HANG_S = 120.0
GONE_WITHIN_S = 5.0
MODELS = {
    "plain": {"invoke_us": 300},
    "busy": {"invoke_us": 300, "do": ["child", "daemon"], "at": "load"},
    "stuck": {"do": "seize"},
}
_MEASURE = (
    "{profile: quick, rounds: 4, max_rounds: 4, warmup_runs: 5, warmup_s: 0, warmup_cap_s: 1, "
    "min_runs: 100, min_s: 0.1, cap_s: 1, time_limit_s: 3}"
)
Rounds = dict[tuple[str, int], str]  # the hash of its samples, by case and number


@dataclass
class Found:
    """What the kills did. notes: a line for whatever must not be."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def bad(self, what: str, text: str, times: int = 1) -> None:
        """Count what must not be."""
        self.counts[what] += times
        self.notes.append(f"{what}: {text}")


class Killed:
    """One run, in a folder of its own. Its processes have a mark in their environment."""

    def __init__(self, folder: Path, found: Found) -> None:
        self._folder, self._found = folder, found
        self._mark = f"DEVBENCH_KILLED={os.urandom(8).hex()}"
        self._known: Rounds = {}
        folder.mkdir()
        for name, plan in MODELS.items():
            (folder / f"{name}.fake").write_text(json.dumps(plan))
        models = "".join(f"- {{name: {name}, source: {name}.fake}}\n" for name in MODELS)
        (folder / "suite.yaml").write_text(f"name: killed\nmodels:\n{models}devices: [fake]\nmeasure: {_MEASURE}\n")
        about = folder / "site" / "fake-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[devbench]\nfake = devbench.testing.fake\n")

    def kill_after(self, seconds: float) -> bool:
        """Start or resume it and kill it then; whether it still ran."""
        process = self._start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._look_for_orphans()
            self._look_at_rounds()
            return True
        self._check(process)
        return False

    def finish(self) -> float:
        """Let it come to its end; the seconds that took."""
        begin_s = time.monotonic()
        process = self._start()
        try:
            process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self._found.bad("hangs", str(self._folder))
            process.kill()
            process.wait()
        self._check(process)
        return time.monotonic() - begin_s

    def _start(self) -> subprocess.Popen[bytes]:
        resumed = (self._folder / "out" / "run.json").exists()
        arguments = ["--resume", "out"] if resumed else ["suite.yaml", "--out", "out"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
        name, _, value = self._mark.partition("=")
        more = {"PYTHONPATH": str(self._folder / "site"), "DEVBENCH_CACHE": str(self._folder / "cache"), name: value}
        with (self._folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "devbench", "run", *arguments],
                cwd=self._folder,
                env={**kept, **more, "DEVBENCH_PAGE": "0"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def _check(self, process: subprocess.Popen[bytes]) -> None:
        """What a run that has ended by itself must have."""
        said = (self._folder / "said").read_text(errors="replace")
        if "Traceback" in said:
            self._found.bad("tracebacks", said[-500:])
        self._look_at_rounds()
        run = RunFolder(self._folder / "out").load()
        outcomes = {case.model: case.outcome.status for case in run.cases}
        if outcomes != {"plain": "measured", "busy": "measured", "stuck": "failed"} or run.doubts:
            self._found.bad("lost", f"the run ended with {process.returncode}: {outcomes} {said[-500:]}")

    def _look_at_rounds(self) -> None:
        folder = RunFolder(self._folder / "out")
        if not folder.exists:
            return
        try:
            rounds = rounds_in(folder.path)
        except DevbenchError as error:
            self._found.bad("lost", f"the folder cannot be read: {error.message}", max(len(self._known), 1))
            return
        for key, content in self._known.items():
            if rounds.get(key) != content:
                self._found.bad("lost", f"{self._folder}: round {key} is not there, or another")
        self._known = rounds

    def _look_for_orphans(self) -> None:
        deadline_s = time.monotonic() + GONE_WITHIN_S
        while (left := marked(self._mark)) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        for pid, command in left.items():
            self._found.bad("orphans", command)
            os.kill(pid, signal.SIGKILL)


def rounds_in(path: Path) -> Rounds:
    """The rounds of the run in a folder. Raises a `DevbenchError`."""
    folder = RunFolder(path)
    run = folder.load()
    rounds: Rounds = {}
    for case in run.cases:
        for phase in ("warmup", "steady"):
            for number, samples in folder.samples(run, case.id, phase).items():
                key = (case.id, number)
                rounds[key] = rounds.get(key, "") + hashlib.sha256(samples.tobytes()).hexdigest()
    return rounds


def marked(mark: str) -> dict[int, str]:
    """Processes with this in their environment, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def kill(wanted: int, seed: int, folder: Path) -> Found:
    """So many kills, at moments that are as likely as each other in a whole run; as many runs at a time as cores."""
    all_found = Found()
    whole_s = Killed(folder / "whole", all_found).finish()

    def one(number: int) -> Found:
        found, random = Found(), Random(f"{seed} {number}")
        run = Killed(folder / str(number), found)
        for _ in range(KILLS_OF_A_RUN):
            if not run.kill_after(random.uniform(0, whole_s)):
                return found
            found.counts["kills"] += 1
        run.finish()
        return found

    numbers = count(1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while (left := wanted - all_found.counts["kills"]) > 0:
            for found in pool.map(one, islice(numbers, -(-left // KILLS_OF_A_RUN))):
                all_found.counts += found.counts
                all_found.notes += found.notes
    return all_found


def main() -> None:
    """Prints a table; the exit status is 1 if there is anything in it but zeros."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        begin_s = time.monotonic()
        found = kill(arguments.count, arguments.seed, Path(name))
    words = ("lost", "tracebacks", "hangs", "orphans")
    print(f"| fault | trials | {' | '.join(words)} |\n|---|{'--:|' * 5}")
    cells = " | ".join(str(found.counts[word]) for word in words)
    print(f"| the host is killed by SIGKILL, the run resumed | {found.counts['kills']} | {cells} |")
    print(f"\n{time.monotonic() - begin_s:.0f} s")
    print("\n".join(found.notes))
    raise SystemExit(1 if found.notes else 0)


if __name__ == "__main__":
    main()
