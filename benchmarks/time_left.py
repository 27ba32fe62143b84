"""Is the time left that a run tells right? Real runs, each estimate beside the time that it then took.

    uv run python benchmarks/time_left.py suites/imagenet.yaml --runs 3 --work /tmp/time-left

Counted are the estimates that a user sees when a round begins, once a tenth of the run is over: before, no round of
some cases is done. And not of the last two rounds: half a second is a fifth of them. Those told during the first rounds
of each case are counted by themselves as well: how many will follow, they only show in the end. While that is open, a
user sees a range ("30 s to 50 s left"): of these it is counted how many held what it took.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from devbench.cli.setup import open_context
from devbench.domain.run import Request
from devbench.run.left import Left
from devbench.run.progress import Progress
from devbench.run.start import start_run
from devbench.store.folder import RunFolder

FIRST, LAST = 0.1, 2
"""Share of the time after which estimates count; and how many rounds at the end do not."""


@dataclass(frozen=True)
class Told:
    """An estimate, with the seconds that it then took; in_first: during the first rounds of each case."""

    left: Left
    took_s: float
    in_first: bool

    @property
    def ratio(self) -> float:
        """What was said over what was."""
        return self.left.seconds / self.took_s


class Noted(Progress):
    """Keeps what a user would see: at which second, how long it would take, and how many rounds there were then."""

    def __init__(self) -> None:
        self.told: list[tuple[float, Left, int]] = []

    def round_started(self, case_id: str, number: int, of: int, left: Left) -> None:  # noqa: ARG002
        self.told.append((time.monotonic(), left, of))


def one_run(suite: Path, profile: str, budget_s: float | None, out: Path) -> list[Told]:
    """Each estimate that counts."""
    progress = Noted()
    context, _ = open_context(progress)
    request = Request(
        suite_text=suite.read_text(), suite_dir=str(suite.resolve().parent), profile=profile, budget_s=budget_s
    )
    start_run(request, str(suite), RunFolder(out), context)
    context.plugins.close()
    end_s, (begin_s, _, rounds) = time.monotonic(), progress.told[0]
    counted = [one for one in progress.told[:-LAST] if one[0] - begin_s >= FIRST * (end_s - begin_s)]
    return [Told(left, end_s - at_s, of == rounds) for at_s, left, of in counted]


def main() -> None:
    """Measure, and print one line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", default="normal")
    parser.add_argument("--budget-s", type=float)
    parser.add_argument("--work", type=Path, required=True, help="run folders")
    given = parser.parse_args()
    print("| run | seconds | within 20 % | in the first rounds | after them | said / was | ranges that held it |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for number in range(1, given.runs + 1):
        found = one_run(given.suite, given.profile, given.budget_s, given.work / f"{time.time_ns()}")
        if not found:
            parser.error("too few rounds: the first and the last ones do not count")
        first, later = ([one for one in found if one.in_first is kind] for kind in (True, False))
        parts = " | ".join(_near(part) for part in (found, first, later))
        middle = statistics.median(one.ratio for one in found)
        ranges = [one for one in found if not one.left.known]
        held = sum(one.left.least_s <= one.took_s <= one.left.most_s for one in ranges)
        print(f"| {number} | {found[0].took_s:.0f} | {parts} | {middle:.2f} | {held} of {len(ranges)} |", flush=True)


def _near(found: list[Told]) -> str:
    return f"{sum(0.8 <= one.ratio <= 1.2 for one in found)} of {len(found)}"


if __name__ == "__main__":
    main()
