"""A month of nights of simulated boards through the real command, with planted events: what is told in which morning?

    uv run python -m benchmarks.lab.month [--nights 30] [--boards 6] [--seed 0] [--noise 0.004]

Six boards, three cases; the time is set for each night (`DEVBENCH_NOW`), nothing is skipped. Planted: from one third of
the month on, software makes one case 3 % slower on all boards; one board ages, by 0.3 % a night from the middle on; one
has a bad fan for two nights (its gold case is 30 % slower); one dies for good; a runtime update in the last third makes
another case 2 % faster; one night has no power (there is none); in another the whole network fails. Prints a line a
night: exit status, what was told, health that changed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.lab.simulated import install_sim, write_lab

CASES = ("net0", "net1", "net2")
_BASE_MS = {"net0": 2.0, "net1": 5.0, "net2": 11.0, "gold": 3.0}


def does_in(night: int, nights: int, boards: int, dice: Random, noise: float) -> tuple[dict[str, Any], list[str]]:
    """What each board does in a night, counted from 1, and what was planted in it."""
    third, middle = nights // 3, nights // 2
    planted = []
    if night == third + 1:
        planted.append("software: net0 +3 % on all boards")
    if night == middle + 1:
        planted.append("b1 begins to age, 0.3 % a night")
    if night == nights * 2 // 3 + 1:
        planted.append("runtime 2.0: net2 -2 %")
    found: dict[str, Any] = {}
    for number in range(boards):
        state = dice.gauss(0.0, noise)  # of the board, in this night
        aged = 0.003 * max(0, night - middle) if number == 1 else 0.0
        steps = {"net0": 0.03 if night > third else 0.0, "net2": -0.02 if night > nights * 2 // 3 else 0.0}
        ms = {
            name: base * (1 + steps.get(name, 0.0) + aged + state + dice.gauss(0.0, noise / 2))
            for name, base in _BASE_MS.items()
        }
        found[f"b{number}"] = {**ms, "version": "2.0" if night > nights * 2 // 3 else "1.0"}
    if night in (8, 9):
        found["b2"]["gold"] *= 1.3
        planted.append("b2: a bad fan")
    if night >= nights - 6:
        found["b3"] = {"error": "no answer", "lost": True, "phase": "connect"}
        planted += ["b3 dies"] if night == nights - 6 else []
    if night == third + 4:
        found = {name: {"error": "no route", "lost": True, "phase": "connect"} for name in found}
        planted.append("the network fails")
    return found, planted


def main() -> None:
    """Prints what each morning told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--boards", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise", type=float, default=0.004)
    asked = parser.parse_args()
    dice, begin = Random(asked.seed), datetime(2027, 3, 1, 2, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install_sim(folder)
        places = [f"name: b{number}, device: sim" for number in range(asked.boards)]
        write_lab(folder, places, "sim", models=CASES, gold=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
        env |= {
            "DEVBENCH_PLUGIN_PROCESSES": "0",
            "PYTHONPATH": f"{folder / 'site'}",
            "DEVBENCH_CACHE": str(folder / "cache"),
        }
        print("| night | planted | exit | told | health |\n|--:|---|--:|---|---|")
        for night in range(1, asked.nights + 1):
            found, planted = does_in(night, asked.nights, asked.boards, dice, asked.noise)
            if night == asked.nights // 3 + 7:
                print(f"| {night} | no power: no night | | | |", flush=True)
                continue
            (folder / "sim.json").write_text(json.dumps(found))
            now = (begin + timedelta(days=night - 1)).isoformat()
            began_s = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "devbench", "lab", "run", "--json"],
                cwd=folder,
                env={**env, "DEVBENCH_NOW": now},
                capture_output=True,
                text=True,
                check=False,
            )
            if "Traceback" in done.stderr or done.returncode not in (0, 1, 4, 5):
                raise SystemExit(done.stderr)
            about = json.loads(done.stdout)
            told = [_told(one) for one in about["changes"] if one["status"] == "confirmed"]
            waiting = sum(one["status"] == "waiting" for one in about["changes"])
            told += [f"({waiting} waiting)"] if waiting else []
            health = [f"{one['place']} {one['before']} → {one['after']}" for one in about["log"] if night > 1]
            cells = ("; ".join(planted), done.returncode, "; ".join(told), "; ".join(health))
            print(f"| {night} | {' | '.join(map(str, cells))} |", flush=True)
            print(f"{time.monotonic() - began_s:.1f} s; {about['notes']} {about['problems']}", file=sys.stderr)


def _told(change: dict[str, Any]) -> str:
    key = change["key"]
    where = " ".join(filter(None, (key["model"], key["place"])))
    percent = 100 * (change["ratio"] - 1)
    return f"{change['kind']} {where} {percent:+.1f} % since {change['first_night']}"


if __name__ == "__main__":
    main()
