"""A laboratory of simulated boards: a plugin whose rounds are made up, or a stand-in for ssh with real workers behind it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bench

# Rounds that take no time: what each board does stands in sim.json.
SIM = """
import hashlib, json, time
from datetime import datetime
from pathlib import Path
import numpy as np
from devbench import Absent, Place, Round, RoundError, RoundFacts, hookimpl
from devbench.clock import utc_now
from devbench.domain.outcome import OutputTensor
from devbench.testing.fake import FakeDevice

class SimBoard(FakeDevice):
    kind = "sim"
    def discover(self):
        return [Absent(device="sim", reason="only lab.yaml knows one")]

@hookimpl
def devbench_devices():
    return [SimBoard]

@hookimpl(tryfirst=True)
def devbench_run_round(case, place):
    if place.device != "sim":
        return None
    does = json.loads(Path("sim.json").read_text()).get(place.name, {})
    with open("rounds.log", "a") as log:
        log.write(f"{place.name} {case.planned.model} {utc_now():%Y-%m-%d}\\n")
    time.sleep(does.get("s", 0))
    if "error" in does:
        raise RoundError(does["error"], phase=does.get("phase", "steady"), place_lost=does.get("lost", False))
    ms = does.get(case.planned.model, does.get("ms", 2.0))
    values = np.array([1, 2, does.get("answer", 3)], np.int8)
    samples = (ms * 1e6 * (1 + 0.001 * np.sin(np.arange(50)))).astype(np.int64)
    about = RoundFacts(
        index=0, started_utc=utc_now().isoformat(timespec="milliseconds"), duration_s=0.2, load_ns=1, first_ns=1,
        warmup_samples=0, samples=50, inferences_per_sample=1, stopped_by="counts", cpu_ns_per_inference=1,
        peak_memory_bytes=1, facts={"runtime_version": does.get("version", "1.0")},
    )
    output = OutputTensor(name="o", dtype="int8", shape=(3,), sha256=hashlib.sha256(values.tobytes()).hexdigest(),
                          data=values.tobytes(), scale=1.0)
    return Round(about=about, warmup_ns=np.array([], np.int64), samples_ns=samples, outputs=(output,))
"""

# A board behind the stand-in for ssh: a folder. `down` in it: nobody answers.
SSH = """#!/bin/sh
mode=run
while [ "$1" != "--" ]; do
  case "$1" in -G) mode=where;; -O) mode=exit;; esac
  shift
done
board={boards}/$2
case $mode in
  where) echo "hostname $2"; exit 0;;
  exit) exit 0;;
esac
mkdir -p "$board"
if [ -e "$board/down" ]; then echo "ssh: connect to host $2 port 22: No route to host" >&2; exit 255; fi
case $3 in
  *boot_id*) cat "$board/boot"; exit 0;;
esac
HOME=$board; export HOME
cd "$board" && exec sh -c "$3"
"""

# What a worker over there does: it sleeps, and notes when.
ENGINE = """
import os, time

class Engine:
    def __init__(self, runtime):
        pass
    def facts(self):
        return {"runtime_version": "1.0"}
    def load(self, path, options):
        if os.path.exists(os.path.expanduser("~/broken")):
            raise RuntimeError("the board reports a failure")
        self.begin = time.monotonic()
    def inputs(self):
        return []
    def feed(self, arrays):
        pass
    def invoke(self):
        time.sleep(0.002)
    def outputs(self):
        line = "%s %r %r\\n" % (os.path.basename(os.path.expanduser("~")), self.begin, time.monotonic())
        with open(os.path.expanduser("~/../loops.log"), "a") as log:
            log.write(line)
        return []
"""

REMOTE = """
from pathlib import Path
from typing import ClassVar
from devbench import Absent, Device, Runtime, hookimpl

class Board(Device):
    kind = "board"
    runtimes = ("sleeper",)
    def discover(self):
        return [Absent(device="board", reason="only lab.yaml knows one")]

class Sleeper(Runtime):
    name = "sleeper"
    formats = ("fake",)
    engine = Path(__file__).with_name("sleeper_engine.py")

@hookimpl
def devbench_devices():
    return [Board]

@hookimpl
def devbench_runtimes():
    return [Sleeper]
"""

SHORT = (
    "{profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: 0, time_limit_s: 30}"
)


@dataclass
class LabBench:
    """The command line in a folder with a laboratory. `boards`: one folder each, behind the stand-in for ssh."""

    bench: Bench

    @property
    def folder(self) -> Path:
        return self.bench.folder

    @property
    def boards(self) -> Path:
        return self.folder / "boards"

    @property
    def nights(self) -> Path:
        return self.folder / "nights"

    def sim(self, *names: str, nights: str = "", models: tuple[str, ...] = ("net",)) -> None:
        """Simulated boards of these names, and what their nights do besides the suite and the gold case."""
        self.bench.env["DEVBENCH_PLUGIN_PROCESSES"] = "0"
        self.bench.plugin("sim", SIM)
        places = "".join(f"  - {{name: {name}, device: sim}}\n" for name in names)
        self._write(places, "sim", nights, models, gold=True)
        self.does()

    def does(self, **boards: dict[str, Any]) -> None:
        """What each board does from now on; those that are not named are well."""
        self.bench.write("sim.json", json.dumps(boards))

    def remote(self, *places: str, nights: str = "", models: tuple[str, ...] = ("net",), gold: bool = False) -> None:
        """Boards behind the stand-in for ssh, as entries of lab.yaml without device and interpreter."""
        self.bench.plugin("remote", REMOTE)
        (self.folder / "site" / "sleeper_engine.py").write_text(ENGINE)
        bin_folder = self.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        (bin_folder / "ssh").write_text(SSH.replace("{boards}", str(self.boards)))
        (bin_folder / "ssh").chmod(0o755)
        self.bench.env["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
        lines = "".join(f"  - {{device: board, python: {sys.executable}, {place}}}\n" for place in places)
        self._write(lines, "board", nights, models, gold=gold)

    def board(self, name: str, **files: str) -> Path:
        """The folder of a board, with these files in it."""
        path = self.boards / name
        path.mkdir(parents=True, exist_ok=True)
        for file, text in {"boot": f"{name}-1\n", **files}.items():
            (path / file).write_text(text)
        return path

    def _write(self, places: str, device: str, nights: str, models: tuple[str, ...], *, gold: bool) -> None:
        for name in (*models, "gold"):
            self.bench.fake(name, of=name)
        listed = "".join(f"  - {{name: {name}, source: {name}.fake}}\n" for name in models)
        self.bench.write("suite.yaml", f"name: suite\nmodels:\n{listed}devices: [{device}]\nmeasure: {SHORT}\n")
        what = "  gold: {model: gold, source: gold.fake}\n" if gold else ""
        self.bench.write("lab.yaml", f"places:\n{places}nights:\n  suites: suite.yaml\n  pause: 0.1 s\n{what}{nights}")

    def night(self, *arguments: str, now: str = "", status: int | None = 0) -> dict[str, Any]:
        """One night; its record."""
        env = {"DEVBENCH_NOW": now} if now else {}
        done = self.bench("lab", "run", *arguments, env=env)
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return self.newest()

    def newest(self) -> dict[str, Any]:
        """The record of the newest night."""
        path = max(self.nights.glob("*/night.json"), key=lambda one: one.parent.name)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def places(self) -> dict[str, dict[str, Any]]:
        """What the newest night has of each place, by its name."""
        return {one["place"]: one for one in self.newest()["places"]}

    def health(self) -> list[tuple[str, str, str]]:
        """Place, health before and after of each line of the log."""
        lines = (self.nights / "health.jsonl").read_text().splitlines()
        return [(one["place"], one["before"], one["after"]) for one in map(json.loads, lines)]


@pytest.fixture
def lab(bench: Bench) -> LabBench:
    """A laboratory in an empty folder."""
    return LabBench(bench)
