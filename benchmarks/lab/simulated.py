"""Laboratories of simulated boards, for tests and benchmarks: the plugins, the stand-in for ssh, and lab.yaml.

Two kinds: `sim` boards, whose rounds a plugin makes up in no time, by what sim.json says; and boards behind a stand-in
for ssh, which runs what it is told on this machine: real workers, with an engine that sleeps and notes when.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

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
    begin = time.monotonic()
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
    if "s" in does:
        with open("loops.log", "a") as log:
            log.write(f"{place.name} {begin!r} {time.monotonic()!r}\\n")
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


def install_sim(folder: Path) -> None:
    """Boards whose rounds are made up by what `sim.json` says, and the fake runtime that they name."""
    install(folder / "site", "sim", SIM)
    install(folder / "site", "fake", "from devbench.testing.fake import devbench_devices, devbench_runtimes\n")


def install(site: Path, name: str, source: str) -> None:
    """A third-party distribution in `site` that brings the plugin `name`."""
    about = site / f"{name}-1.0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[devbench]\n{name} = plugin_{name}\n")
    (site / f"plugin_{name}.py").write_text(source)


def install_ssh(folder: Path) -> str:
    """Boards behind a stand-in for ssh in `folder`, one folder each in `boards`; the PATH to use."""
    install(folder / "site", "remote", REMOTE)
    (folder / "site" / "sleeper_engine.py").write_text(ENGINE)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "ssh").write_text(SSH.replace("{boards}", str(folder / "boards")))
    (folder / "bin" / "ssh").chmod(0o755)
    return f"{folder / 'bin'}:{os.environ['PATH']}"


def write_lab(
    folder: Path, places: Sequence[str], device: str, *, nights: str = "", models: Sequence[str] = ("net",), gold: bool
) -> None:
    """lab.yaml, a suite and its models. places: entries of lab.yaml without braces. nights: more lines of `nights`."""
    for name in (*models, "gold"):
        (folder / f"{name}.fake").write_text(json.dumps({"of": name}))
    listed = "".join(f"  - {{name: {name}, source: {name}.fake}}\n" for name in models)
    text = f"name: suite\nmodels:\n{listed}devices: [{device}]\nmeasure: {SHORT}\n"
    (folder / "suite.yaml").write_text(text)
    entries = "".join(f"  - {{{one}}}\n" for one in places)
    what = "  gold: {model: gold, source: gold.fake}\n" if gold else ""
    text = f"places:\n{entries}nights:\n  suites: suite.yaml\n  pause: 0.1 s\n{what}{nights}"
    (folder / "lab.yaml").write_text(text)
