"""A night of many simulated boards on one host: its wall time against the longest group, and what it costs the host.

    uv run python -m benchmarks.lab.boards [--boards 200] [--cases 2] [--round 6] [--real 3] [--seed 0]

The boards are in groups of one to four, by hubs that they share, each on a machine of its own. A round is a sleep of
`--round` seconds, those of the gold case too; a few boards, in the smallest groups of several, have real workers behind
a stand-in for ssh, whose engines sleep as well. Prints a Markdown table: how long the night took over the longest
group's own rounds, the CPU time of devbench over the wall time (without the real workers' own), the threads' memory,
and how many pairs of rounds of one group overlapped, which must be none.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

from benchmarks.lab.simulated import install_sim, install_ssh, write_lab

_MEASURE = "{profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: %g, cap_s: %g}"


def make_laboratory(folder: Path, boards: int, cases: int, round_s: float, real: int, seed: int) -> None:
    """lab.yaml and all that it needs."""
    dice = Random(seed)
    path = install_ssh(folder)
    install_sim(folder)
    hubs = [hub for hub in range(boards) for _ in range(dice.randint(1, 4))][:boards]
    size, places = Counter(hubs), []
    # Where starting workers does not make the longest group longer: that is the board's own time, not the host's.
    order = sorted(range(boards), key=lambda number: (size[hubs[number]] == 1, size[hubs[number]], number))
    for number, hub in enumerate(hubs):
        kind = f"device: board, python: {sys.executable}" if number in order[:real] else "device: sim"
        places.append(f"name: b{number}, ssh: m{number}, shares: [hub-{hub}], {kind}")
        (folder / "boards" / f"m{number}").mkdir(parents=True)
        (folder / "boards" / f"m{number}" / "boot").write_text("1\n")
    models = [f"net{number}" for number in range(cases)]
    write_lab(folder, places, "sim, board", models=models, gold=True)
    suite = folder / "suite.yaml"
    kept = [line for line in suite.read_text().splitlines() if not line.startswith("measure")]
    suite.write_text("\n".join([*kept, f"measure: {_MEASURE % (round_s, round_s * 2)}"]) + "\n")
    (folder / "sim.json").write_text(json.dumps({f"b{number}": {"s": round_s} for number in range(boards)}))
    os.environ.update(
        PATH=path, DEVBENCH_PLUGIN_PROCESSES="0", DEVBENCH_CACHE=str(folder / "cache"), PYTHONPATH=str(folder / "site")
    )
    sys.path.insert(0, str(folder / "site"))


def run_night() -> tuple[float, float]:
    """One night in this process: its wall time and its CPU time, in seconds."""
    from devbench.cli.lab_night import open_laboratory
    from devbench.lab.conduct import conduct, open_night
    from devbench.lab.opening import only_one

    laboratory = open_laboratory(lambda _: None)
    context = laboratory.context
    probe, look, carry = context.probe, context.look, context.carry
    context = replace(  # a look at a simulated board would be a real worker on this machine, hundreds of times
        context,
        probe=lambda place, runtime: probe(place, runtime) if place.device == "board" else None,
        look=lambda place, runtime: look(place, runtime) if place.device == "board" else {},
        carry=lambda place, cases: carry(place, cases) if place.device == "board" else None,
    )
    laboratory = replace(laboratory, context=context)
    begin_s, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    with only_one(laboratory.nights.folder):
        requests = laboratory.requests()
        book = open_night(laboratory, requests)
        conduct(laboratory, book, requests, laboratory.places_without_gold())
    after = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic() - begin_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def longest_group_s(folder: Path, groups: Sequence[Sequence[str]]) -> float:
    """Seconds of the rounds of the group that has most of them, by the boards' own notes."""
    spent: dict[str, float] = {}
    for name, begin, end in _loops(folder):
        spent[name] = spent.get(name, 0.0) + end - begin
    return max(sum(spent.get(name, 0.0) for name in group) for group in groups)


def overlapping(folder: Path, groups: Sequence[Sequence[str]]) -> int:
    """How many pairs of rounds of one group were under way at once."""
    loops = _loops(folder)
    count = 0
    for group in groups:
        mine = sorted(one[1:] for one in loops if one[0] in group)
        count += sum(one[1] > other[0] for one, other in itertools.pairwise(mine))
    return count


def _loops(folder: Path) -> list[tuple[str, float, float]]:
    lines = []
    for path in (folder / "boards" / "loops.log", folder / "loops.log"):
        if path.exists():
            lines += [line.split() for line in path.read_text().splitlines()]
    return [(f"b{name.lstrip('bm')}", float(begin), float(end)) for name, begin, end in lines]


def main() -> None:
    """Prints the table; the exit status is 1 if two rounds of one group overlapped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--cases", type=int, default=2)
    parser.add_argument("--round", type=float, default=6.0, help="seconds")
    parser.add_argument("--real", type=int, default=3, help="boards with real workers")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_laboratory(folder, asked.boards, asked.cases, asked.round, asked.real, asked.seed)
        os.chdir(folder)
        wall_s, cpu_s = run_night()
        night = json.loads(next((folder / "nights").glob("*/night.json")).read_text())
        groups = [[place for _, place in group["places"]] for group in night["groups"]]
        longest_s, overlaps = longest_group_s(folder, groups), overlapping(folder, groups)
        measured = sum(place["measured"] for place in night["places"])
        os.chdir("/")
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print("| boards | groups | cases measured | wall | longest group | ratio | CPU of the host | memory | overlaps |")
    print(f"|{'--:|' * 9}")
    times = f"{wall_s:.1f} s | {longest_s:.1f} s | {wall_s / longest_s:.3f} | {cpu_s / wall_s:.2f} core"
    print(f"| {asked.boards} | {len(groups)} | {measured} | {times} | {memory_mib} MiB | {overlaps} |")
    begun = datetime.fromisoformat(night["started_utc"])
    ends = (max(group[at] for group in night["groups"]) for at in ("started_utc", "finished_utc"))
    gold_s, measured_s = ((datetime.fromisoformat(end) - begun).total_seconds() for end in ends)
    print(f"\nThe gold cases took until {gold_s:.0f} s, the suites until {measured_s:.0f} s.")
    print("\n".join(night["problems"]))
    raise SystemExit(1 if overlaps or night["problems"] or measured != asked.boards * asked.cases else 0)


if __name__ == "__main__":
    main()
