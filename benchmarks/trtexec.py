"""Does devbench say what NVIDIA's trtexec says? The same engine on the same Jetson, interleaved pairs.

    uv run python benchmarks/trtexec.py MODEL --place NAME [--pairs 10] [--fp16] [--trtexec PATH]

MODEL is a .tflite or .onnx file; NAME is a place of the device `jetson` in lab.yaml, or `local` on the board itself.
Each pair measures the engine that devbench built with either tool, in alternating order. Compared are the time from
copy in to copy out (trtexec's latency: H2D + compute + D2H) and the compute alone. Prints a Markdown table. No Jetson
has run it: trtexec's fields are those that its source code writes (release 10.3).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import Place, run_there
from devbench.cli.setup import load_plugins
from devbench.domain.measure import PROFILES
from devbench.run.slots import find_places
from devbench.run.start import known_names
from devbench.suites.lab import read_lab
from devbench.testing import measure_once
from devbench_onnx.runtimes import TensorRt

SECONDS = 3
TRTEXEC = "/usr/src/tensorrt/bin/trtexec"
# Runs over there, Python 3.6: a program, an engine and seconds in, trtexec's list of times out.
PROBE = """
import os, subprocess, sys, tempfile
program, engine, seconds = sys.argv[1:]
folder = tempfile.mkdtemp()
times = os.path.join(folder, "times.json")
command = [program, "--loadEngine=" + engine, "--exportTimes=" + times, "--duration=" + seconds, "--warmUp=1000"]
try:
    done = subprocess.Popen(command + ["--useSpinWait"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.communicate()[0]
    if done.returncode or not os.path.exists(times):
        sys.stderr.write(said.decode("utf-8", "replace")[-2000:])
        sys.exit(1)
    with open(times) as file:
        sys.stdout.write(file.read())
finally:
    if os.path.exists(times):
        os.unlink(times)
    os.rmdir(folder)
"""


@dataclass(frozen=True)
class Pair:
    """Medians in milliseconds, with the copies and without."""

    latency_ms: float
    compute_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--place", default="local")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--fp16", action="store_true")
    parser.add_argument("--trtexec", default=TRTEXEC)
    arguments = parser.parse_args()
    place = place_named(arguments.place)
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.py"
        probe.write_text(PROBE)
        ours, theirs = [], []
        engine = devbench(arguments, place, Path(folder))[1]  # builds it, and warms the board up
        for pair in range(arguments.pairs):
            steps = [
                lambda: ours.append(devbench(arguments, place, Path(folder))[0]),
                lambda: theirs.append(trtexec(arguments.trtexec, engine, place, probe)),
            ]
            for step in steps if pair % 2 else reversed(steps):
                step()
    print(table(arguments.model.name, ours, theirs))


def place_named(name: str) -> Place:
    plugins = load_plugins()
    lab = read_lab(Path("lab.yaml"), known_names(plugins)) if Path("lab.yaml").exists() else []
    places, absent = find_places(plugins.registry.devices["jetson"], lab)
    found = next((place for place in places if place.name == name), None)
    if found is None:
        known = ", ".join(place.name for place in places) or "; ".join(one.reason for one in absent)
        sys.exit(f"there is no jetson '{name}': {known}")
    return found


def devbench(arguments: argparse.Namespace, place: Place, folder: Path) -> tuple[Pair, str]:
    """What one round of devbench says, and where the engine is."""
    done = measure_once(
        TensorRt,
        arguments.model,
        folder,
        place=place,
        options={"fp16": True} if arguments.fp16 else {},
        measure=PROFILES["normal"],
    )
    pair = Pair(statistics.median(done.samples_ns) / 1e6, statistics.median(done.compute_ns) / 1e6)
    return pair, done.about.facts["engine_log"].removesuffix(".log")


def trtexec(program: str, engine: str, place: Place, probe: Path) -> Pair:
    """What trtexec says of the same engine."""
    status, out, error = run_there(place, probe, [program, engine, str(SECONDS)], limit_s=120)
    if status:
        sys.exit(f"{program} failed: {error or f'exit status {status}'}")
    times = json.loads(out)
    return Pair(*(statistics.median(one[name] for one in times) for name in ("latencyMs", "computeMs")))


def table(model: str, ours: Sequence[Pair], theirs: Sequence[Pair]) -> str:
    lines = ["| model | what | pairs | devbench, median ms | trtexec, median ms | ratio | range of ratios |"]
    lines.append("|---|---|--:|--:|--:|--:|---|")
    for what, field in (("with copies", "latency_ms"), ("compute alone", "compute_ms")):
        one, other = ([getattr(pair, field) for pair in which] for which in (ours, theirs))
        ratios = [mine / yours for mine, yours in zip(one, other, strict=True)]
        lines.append(
            f"| {model} | {what} | {len(ratios)} | {statistics.median(one):.3f} | {statistics.median(other):.3f}"
            f" | {statistics.median(ratios):.3f} | {min(ratios):.3f} – {max(ratios):.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
