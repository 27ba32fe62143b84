"""Kills the host by SIGKILL at random moments of a run and resumes it: is anything lost, does anything stay behind?

    uv run python -m benchmarks.reliability.kills [--seed 0] [--count 100]

The runs are of fake devices: one that measures, one whose engine starts a child and a daemon, one that holds the
interpreter's lock in native code until its time limit. A run is killed and resumed four times, then let to its end.
Prints a Markdown table: `lost` are rounds that run.json had named and that are not there, or not the same, later;
`orphans` are processes of a killed run that are still there after 5 s.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from random import Random

from benchmarks.reliability.killing import Found, Killed, Rounds, rounds_in
from devbench.errors import DevbenchError
from devbench.store.folder import RunFolder

KILLS_OF_A_RUN = 4
MODELS = {
    "plain": {"invoke_us": 300},
    "busy": {"invoke_us": 300, "do": ["child", "daemon"], "at": "load"},
    "stuck": {"do": "seize"},
}
_MEASURE = (
    "{profile: quick, rounds: 4, max_rounds: 4, warmup_runs: 5, warmup_s: 0, warmup_cap_s: 1, "
    "min_runs: 100, min_s: 0.1, cap_s: 1, time_limit_s: 3}"
)


class KilledRun(Killed):
    """One run, in a folder of its own."""

    hang_s = 120.0

    def __init__(self, folder: Path, found: Found) -> None:
        super().__init__(folder, found)
        for name, plan in MODELS.items():
            (folder / f"{name}.fake").write_text(json.dumps(plan))
        models = "".join(f"- {{name: {name}, source: {name}.fake}}\n" for name in MODELS)
        (folder / "suite.yaml").write_text(f"name: killed\nmodels:\n{models}devices: [fake]\nmeasure: {_MEASURE}\n")
        about = folder / "site" / "fake-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[devbench]\nfake = devbench.testing.fake\n")
        self._run = RunFolder(folder / "out")

    def command(self) -> Sequence[str]:
        return ["run", "--resume", "out"] if self._run.exists else ["run", "suite.yaml", "--out", "out"]

    def environment(self) -> Mapping[str, str]:
        return {"DEVBENCH_PAGE": "0"}

    def rounds(self) -> Rounds:
        try:
            return rounds_in(self._run.path) if self._run.exists else {}
        except DevbenchError as error:
            self.found.bad("lost", f"the folder cannot be read: {error.message}")
            return {}

    def check(self, status: int, said: str) -> None:
        run = self._run.load()
        outcomes = {case.model: case.outcome.status for case in run.cases}
        if outcomes != {"plain": "measured", "busy": "measured", "stuck": "failed"} or run.doubts:
            self.found.bad("lost", f"the run ended with {status}: {outcomes} {said}")


def kill(wanted: int, seed: int, folder: Path) -> Found:
    """So many kills, at moments that are as likely as each other in a whole run; as many runs at a time as cores."""
    all_found = Found()
    whole_s = KilledRun(folder / "whole", all_found).finish()

    def one(number: int) -> Found:
        found, random = Found(), Random(f"{seed} {number}")
        run = KilledRun(folder / str(number), found)
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
                all_found.add(found)
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
