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
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from random import Random

from benchmarks.lab.simulated import install_ssh, write_lab
from benchmarks.reliability.killing import Found, Killed, Rounds, rounds_in
from devbench.errors import DevbenchError
from devbench.lab.opening import TOLD, is_running
from devbench.lab.record import night_folders, read_night

KILLS_OF_A_NIGHT = 4
WORDS = ("lost", "other night", "tracebacks", "hangs", "orphans", "held")
PLACES = ("a", "b", "c", "d")


class KilledNight(Killed):
    """One night, in a laboratory of its own."""

    hang_s = 180.0

    def __init__(self, folder: Path, found: Found) -> None:
        super().__init__(folder, found)
        self._nights = folder / "nights"
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
        return any(TOLD in read_night(one).done for one in night_folders(self._nights))

    def command(self) -> Sequence[str]:
        return ["lab", "run"]

    def environment(self) -> Mapping[str, str]:
        return {"PATH": self._path}

    def rounds(self) -> Rounds:
        found: Rounds = {}
        for path in sorted(self._nights.rglob("run.json")):
            try:
                found |= rounds_in(path.parent)
            except DevbenchError as error:
                self.found.bad("lost", f"{path.parent} cannot be read: {error.message}")
        return found

    def check(self, status: int, said: str) -> None:
        folders = night_folders(self._nights)
        if len(folders) != 1:
            self.found.bad("other night", f"{[one.name for one in folders]} {said}")
            return
        night = read_night(folders[0])
        measured = {one.place: one.measured for one in night.places}
        if status or not night.finished_utc or measured != dict.fromkeys(PLACES, 2):
            self.found.bad("lost", f"the night ended with {status}: {measured} {said}")

    def look_after_kill(self) -> None:
        super().look_after_kill()
        if is_running(self._nights):
            self.found.bad("held", "the lock of the nights")
        if self.is_over:  # it was killed in its last moments
            self._check(0)


def kill(wanted: int, seed: int, folder: Path, kept: Path, at_once: int) -> tuple[Found, float]:
    """So many kills, at moments that are as likely as each other in a whole night; and how long a whole one took, in s.

    kept: a line for each night that was done, which is not done again.
    """
    done = _kept(kept, seed)
    found = Found()
    for one in done.values():
        found.add(one)
    with ThreadPoolExecutor(at_once) as pool:
        whole = [KilledNight(folder / f"whole-{number}", found) for number in range(at_once)]  # under the same load
        whole_s = sum(pool.map(KilledNight.finish, whole)) / at_once
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
    night = KilledNight(folder / str(number), found)
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
