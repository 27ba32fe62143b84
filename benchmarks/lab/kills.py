"""Kills a night by SIGKILL at random moments and runs it again: is anything lost, held, or left behind?

    uv run python -m benchmarks.lab.kills [--seed 0] [--count 100] [--keep FILE]

A night of four boards behind a stand-in for ssh, in three groups, with real workers that sleep. Each night is killed
four times, then let to its end. Prints a Markdown table: `lost` are rounds that a run.json had named and that are not
there, or not the same, later; `other night` are nights that began anew instead of going on; `orphans` are processes of
a killed night that are still there after 5 s; `held` are locks that nobody has any more, and that keep a night out.
"""

from __future__ import annotations

import argparse
import json
import os
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

from benchmarks.lab.simulated import install_ssh, write_lab
from benchmarks.reliability.kills import marked, rounds_in
from devbench.errors import DevbenchError
from devbench.lab.opening import TOLD, is_running
from devbench.lab.record import night_folders, read_night

KILLS_OF_A_NIGHT = 4
HANG_S = 180.0
GONE_WITHIN_S = 5.0
WORDS = ("lost", "other night", "tracebacks", "hangs", "orphans", "held")
PLACES = ("a", "b", "c", "d")


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
        """What another night has shown as well."""
        self.counts += other.counts
        self.notes += other.notes


class Killed:
    """One night, in a laboratory of its own. Its processes have a mark in their environment."""

    def __init__(self, folder: Path, found: Found) -> None:
        self._folder, self._found = folder, found
        self._mark = f"DEVBENCH_KILLED={os.urandom(8).hex()}"
        self._known: dict[object, str] = {}
        folder.mkdir()
        self._path = install_ssh(folder)
        for name in PLACES:
            (folder / "boards" / name).mkdir(parents=True)
            (folder / "boards" / name / "boot").write_text("1\n")
        shared = {"a": ", shares: [hub]", "b": ", shares: [hub]"}
        places = [
            f"name: {name}, device: board, ssh: {name}, python: {sys.executable}{shared.get(name, '')}"
            for name in PLACES
        ]
        write_lab(folder, places, "board", models=("one", "two"), gold=True)

    @property
    def is_over(self) -> bool:
        """Whether the night has come to its end: what is run now is another one."""
        return any(TOLD in read_night(one).done for one in night_folders(self._folder / "nights"))

    def kill_after(self, seconds: float) -> bool:
        """Begin or go on with the night and kill it then; whether it still ran."""
        process = self._start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._look_after_kill()
            if self.is_over:  # in its last moments
                self._check(0)
            return True
        self._check(process.returncode)
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
        self._check(process.returncode)
        return time.monotonic() - begin_s

    def _start(self) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
        name, _, value = self._mark.partition("=")
        more = {"PYTHONPATH": str(self._folder / "site"), "DEVBENCH_CACHE": str(self._folder / "cache"), name: value}
        with (self._folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "devbench", "lab", "run"],
                cwd=self._folder,
                env={**kept, **more, "PATH": self._path},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def _check(self, status: int) -> None:
        """What a night that is over must have."""
        said = (self._folder / "said").read_text(errors="replace")
        if "Traceback" in said:
            self._found.bad("tracebacks", said[-500:])
        self._look_at_rounds()
        folders = night_folders(self._folder / "nights")
        if len(folders) != 1:
            self._found.bad("other night", f"{[one.name for one in folders]} {said[-500:]}")
            return
        night = read_night(folders[0])
        measured = {one.place: one.measured for one in night.places}
        if status or not night.finished_utc or measured != dict.fromkeys(PLACES, 2):
            self._found.bad("lost", f"the night ended with {status}: {measured} {said[-500:]}")

    def _look_after_kill(self) -> None:
        deadline_s = time.monotonic() + GONE_WITHIN_S
        while (left := marked(self._mark)) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        for command in left.values():
            self._found.bad("orphans", command)
        if is_running(self._folder / "nights"):
            self._found.bad("held", "the lock of the nights")
        self._look_at_rounds()

    def _look_at_rounds(self) -> None:
        rounds: dict[object, str] = {}
        for path in sorted((self._folder / "nights").rglob("run.json")):
            try:
                rounds |= {(path.parent.name, *key): text for key, text in rounds_in(path.parent).items()}
            except DevbenchError as error:
                self._found.bad("lost", f"{path.parent} cannot be read: {error.message}")
        for key, content in self._known.items():
            if rounds.get(key) != content:
                self._found.bad("lost", f"{self._folder}: round {key} is not there, or another")
        self._known = rounds


def kill(wanted: int, seed: int, folder: Path, kept: Path, at_once: int) -> tuple[Found, float]:
    """So many kills, at moments that are as likely as each other in a whole night; and how long a whole one took, in s.

    kept: a line for each night that was done, which is not done again.
    """
    done = _kept(kept, seed)
    found = Found()
    for one in done.values():
        found.add(one)
    with ThreadPoolExecutor(at_once) as pool:
        whole = [Killed(folder / f"whole-{number}", found) for number in range(at_once)]  # under the same load
        whole_s = sum(pool.map(Killed.finish, whole)) / at_once
        numbers = (number for number in count(1) if number not in done)
        while (left := wanted - found.counts["kills"]) > 0:
            nights = list(islice(numbers, -(-left // KILLS_OF_A_NIGHT)))
            for number, one in zip(
                nights, pool.map(lambda number: _night(number, seed, folder, whole_s), nights), strict=True
            ):
                found.add(one)
                with kept.open("a") as file:
                    about = {"seed": seed, "night": number, "counts": one.counts, "notes": one.notes}
                    print(json.dumps(about), file=file)
    return found, whole_s


def _night(number: int, seed: int, folder: Path, whole_s: float) -> Found:
    """One night that is killed a few times, and then comes to its end."""
    found, random = Found(), Random(f"{seed} {number}")
    night = Killed(folder / str(number), found)
    for _ in range(KILLS_OF_A_NIGHT):
        if not night.kill_after(random.uniform(0, whole_s)):
            break
        found.counts["kills"] += 1
        if night.is_over:
            break
    else:
        night.finish()
    return found


def _kept(path: Path, seed: int) -> dict[int, Found]:
    """What a run of before has kept, by night."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {one["night"]: Found(Counter(one["counts"]), one["notes"]) for one in lines if one["seed"] == seed}


def main() -> None:
    """Prints a table; the exit status is 1 if there is anything in it but zeros."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="kills")
    parser.add_argument("--keep", type=Path, help="a file: nights that it has are not done again, others are added")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="nights")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        begin_s = time.monotonic()
        found, whole_s = kill(
            asked.count, asked.seed, Path(name), asked.keep or Path(name) / "kept.jsonl", asked.at_once
        )
    print(f"| fault | kills | {' | '.join(WORDS)} |\n|---|{'--:|' * (len(WORDS) + 1)}")
    cells = " | ".join(str(found.counts[word]) for word in WORDS)
    print(f"| a night is killed by SIGKILL, and run again | {found.counts['kills']} | {cells} |")
    print(f"\n{time.monotonic() - begin_s:.0f} s, {asked.at_once} at once; a whole night took {whole_s:.1f} s")
    print("\n".join(found.notes))
    raise SystemExit(1 if found.notes else 0)


if __name__ == "__main__":
    main()
