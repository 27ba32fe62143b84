"""Does a reference workload see what a network sees? Fresh processes, the network between short reference workloads.

    uv run python benchmarks/reference.py mobilenet_v1 --reference MODEL.tflite --minutes 5 --results reference.csv
    uv run python benchmarks/reference.py --results reference.csv --table

Each process times a network (int8, one thread) for three blocks of 0.2 s; before, between and after them each reference
workload for 0.06 s, in pieces that take as long as an inference: hashing (the one that devbench has), float32 matrix
products, copies of 8 MiB, and a small int8 network through the same runtime. Groups of six neighbouring processes stand
for runs. Printed: the standard deviation of the logarithm of the network's time over processes and over groups, alone,
less the reference workload's (weight 1), and less that with the weight that fits best (which no one knows beforehand).
Of the medians, and of the fastest tenth of the pieces: that leaves out what pushed them off their core.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCKS, BLOCK_S, REFERENCE_S, GROUP, FEWEST = 3, 0.2, 0.06, 6, 3
REFERENCES = ("hashing", "matrix products", "copies", "small network")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="?", help="of the catalogue, in int8, or a .tflite file")
    parser.add_argument("--reference", type=Path, help="a small int8 .tflite file")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--process", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.process:
        print(json.dumps(one_process(arguments.network, arguments.reference)))
    elif arguments.table:
        print(table(arguments.results))
    else:
        collect(arguments.network, arguments.reference, arguments.minutes, arguments.results)
        print(table(arguments.results))


def collect(network: str, reference: Path, minutes: float, results: Path) -> None:
    from fidelity import artifact

    file, end = artifact(network, "int8"), time.monotonic() + 60 * minutes
    done = 0
    while time.monotonic() < end or done < FEWEST:
        done += 1
        load = os.getloadavg()[0]
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        command = [sys.executable, __file__, str(file), "--reference", str(reference), "--results", "-", "--process"]
        found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        row = {"started_utc": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}", "network": network, **found, "load_1min": load}
        begins = not results.exists()
        with results.open("a", newline="") as out:
            writer = csv.DictWriter(out, list(row))
            if begins:
                writer.writeheader()
            writer.writerow(row)


def one_process(network: str, reference: Path) -> dict[str, str]:
    """Milliseconds of the network and of each reference workload around it: median, and the fastest tenth."""
    work = {"network": invoke_of(network), **workloads(reference)}
    alone_ms = {name: min(timed(one, 0.05)) for name, one in work.items()}
    # What pushes a program off its core now and then hits long pieces more often than short ones: all take as long.
    work = {name: repeated(one, alone_ms["network"] / alone_ms[name]) for name, one in work.items()}
    seen: dict[str, list[float]] = {name: [] for name in work}
    for block in range(BLOCKS + 1):
        for name in REFERENCES:
            seen[name] += timed(work[name], REFERENCE_S)
        if block < BLOCKS:
            seen["network"] += timed(work["network"], BLOCK_S)
    medians = {name: f"{statistics.median(values):.6f}" for name, values in seen.items()}
    return medians | {f"{name} p10": f"{np.percentile(values, 10):.6f}" for name, values in seen.items()}


def workloads(reference: Path) -> dict[str, Callable[[], object]]:
    rng = np.random.default_rng(0)
    left, right = (rng.random((192, 192), dtype=np.float32) for _ in range(2))
    product = np.empty_like(left)
    source, target = np.zeros(8 << 20, np.uint8), np.zeros(8 << 20, np.uint8)
    piece = bytes(range(256)) * 1024
    return {
        "hashing": lambda: hashlib.sha256(piece).digest(),
        "matrix products": lambda: np.matmul(left, right, out=product),
        "copies": lambda: np.copyto(target, source),
        "small network": invoke_of(str(reference)),
    }


def invoke_of(path: str) -> Callable[[], object]:
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_path=path, num_threads=1)
    made.allocate_tensors()
    for one in made.get_input_details():
        made.set_tensor(one["index"], np.ones(one["shape"], one["dtype"]))
    invoke: Callable[[], object] = made.invoke
    return invoke


def repeated(work: Callable[[], object], times: float) -> Callable[[], object]:
    def piece() -> None:
        for _ in range(max(1, round(times))):
            work()

    return piece


def timed(work: Callable[[], object], seconds: float) -> list[float]:
    """Milliseconds of each call, for so long."""
    end, taken = time.perf_counter() + seconds, []
    while (start := time.perf_counter()) < end:
        work()
        taken.append(1e3 * (time.perf_counter() - start))
    return taken


def table(results: Path) -> str:
    with results.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = ["| of | over | reference workload | n | network alone | less the reference | best weight | with it | r |"]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|--:|")
    for of, end in (("median", ""), ("fastest tenth", " p10")):
        logs = {name: np.log([float(row[name + end]) for row in rows]) for name in ("network", *REFERENCES)}
        count = len(rows) // GROUP * GROUP
        groups = {name: values[:count].reshape(-1, GROUP).mean(axis=1) for name, values in logs.items()}
        for over, values in (("processes", logs), (f"groups of {GROUP}", groups)):
            if len(values["network"]) >= FEWEST:
                lines += [f"| {of} | {over} | {line(name, values)}" for name in REFERENCES]
    low, high = (f([float(row["load_1min"]) for row in rows]) for f in (min, max))
    lines.append(
        f"\n{len(rows)} processes, {rows[0]['started_utc']} to {rows[-1]['started_utc']}, load {low:.1f} to {high:.1f}."
    )
    return "\n".join(lines)


def line(name: str, values: Mapping[str, NDArray[np.float64]]) -> str:
    network, reference = values["network"], values[name]
    slope = float(np.cov(network, reference)[0, 1] / reference.var(ddof=1))
    spreads = [network.std(ddof=1), (network - reference).std(ddof=1)]
    shown = " | ".join(f"{spread:.2%}" for spread in spreads)
    rest, r = (network - slope * reference).std(ddof=1), float(np.corrcoef(network, reference)[0, 1])
    return f"{name} | {len(network)} | {shown} | {slope:.2f} | {rest:.2%} | {r:.2f} |"


if __name__ == "__main__":
    main()
