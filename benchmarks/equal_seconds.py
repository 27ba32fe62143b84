"""Which of two versions of devbench says the same again, for the seconds it takes?

    uv run python benchmarks/equal_seconds.py OLD_CLONE NEW_CLONE SUITE --runs 20 --new="--budget 20s"

Both clones have an environment (`uv sync`). Runs of the two take turns, and which comes first is drawn at random, so
that good and bad minutes hit both alike. Printed for each case: standard deviation of its median over the runs, seconds
of its rounds, and the two together: the deviation that one second would have (deviation times the root of the
seconds). That is what counts, and not the width that a version claims for itself.
"""

import argparse
import json
import math
import random
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path


def one_run(clone: Path, suite: Path, options: list[str], out: Path) -> dict[str, tuple[float, float]]:
    """Log median and seconds of the rounds of each case that was measured."""
    shutil.rmtree(out, ignore_errors=True)
    command = [str(clone / ".venv/bin/devbench"), "run", str(suite), "--out", str(out), "--json", "--no-page", *options]
    done = subprocess.run(command, capture_output=True, check=False, cwd=clone)
    cases = json.loads(done.stdout)["cases"]
    return {
        case["id"]: (
            math.log(case["outcome"]["summary"]["median_ms"]),
            sum(about["duration_s"] for about in case["rounds"]),
        )
        for case in cases
        if case["outcome"]["status"] == "measured"
    }


def main() -> None:
    """Measure, and print the table after each pair of runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("old_clone", "new_clone", "suite"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--old", default="", help="options of the old version's runs")
    parser.add_argument("--new", default="", help="options of the new version's runs")
    given = parser.parse_args()
    sides = {"old": (given.old_clone, given.old.split()), "new": (given.new_clone, given.new.split())}
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, given.runs + 1):
            for side in random.sample(list(sides), 2):
                clone, options = sides[side]
                for case, figure in one_run(
                    clone.resolve(), given.suite.resolve(), options, Path(folder) / side
                ).items():
                    found.setdefault((case, side), []).append(figure)
            if number > 1:
                print(f"\nafter {number} runs of each\n\n| case | version | deviation | seconds | of one second |")
                print("|---|---|--:|--:|--:|")
                for (case, side), figures in sorted(found.items()):
                    if len(figures) > 1:
                        deviation = statistics.stdev(log for log, _ in figures)
                        seconds = statistics.mean(seconds for _, seconds in figures)
                        each = deviation * math.sqrt(seconds)
                        print(f"| {case} | {side} | {deviation:.2%} | {seconds:.1f} | {each:.2%} |", flush=True)


if __name__ == "__main__":
    main()
