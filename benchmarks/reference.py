"""Does a reference workload see what a network sees? Fresh processes, the network between short reference workloads.

    uv run python benchmarks/reference.py mobilenet_v1 --reference MODEL.tflite --minutes 5 --results reference.csv
    uv run python benchmarks/reference.py --results reference.csv --table

Each process times a network (int8, one thread) for three blocks of 0.2 s; before, between and after them each reference
workload for 0.04 s: hashing (the one that devbench has), float32 matrix products, copies of 8 MiB, and a small int8
network through the same runtime. Groups of six neighbouring processes stand for runs. Printed: the standard deviation
of the logarithm of the network's time over processes and over groups, as it is and after the reference workload's was
taken away, once as it is (weight 1) and once with the weight that fits best (which no one knows beforehand: a bound).
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
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

BLOCKS, BLOCK_S, REFERENCE_S, GROUP, FEWEST = 3, 0.2, 0.04, 6, 3
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

    file, end = artifact(network), time.monotonic() + 60 * minutes
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
    """Medians in milliseconds: of the network, and of each reference workload around it."""
    work = {"network": invoke_of(network), **workloads(reference)}
    for one in work.values():
        timed(one, 0.05)
    seen: dict[str, list[float]] = {name: [] for name in work}
    for block in range(BLOCKS + 1):
        for name in REFERENCES:
            seen[name].append(statistics.median(timed(work[name], REFERENCE_S)))
        if block < BLOCKS:
            seen["network"] += timed(work["network"], BLOCK_S)
    return {name: f"{statistics.median(values):.6f}" for name, values in seen.items()}


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
    lines = ["| over | reference workload | n | network alone | less the reference | best weight | with it | r |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|")
    logs = {name: np.log([float(row[name]) for row in rows]) for name in ("network", *REFERENCES)}
    count = len(rows) // GROUP * GROUP
    groups = {name: values[:count].reshape(-1, GROUP).mean(axis=1) for name, values in logs.items()}
    for over, values in (("processes", logs), (f"groups of {GROUP}", groups)):
        if len(values["network"]) < FEWEST:
            continue
        for name in REFERENCES:
            network, reference = values["network"], values[name]
            slope = float(np.cov(network, reference)[0, 1] / reference.var(ddof=1))
            cells = [network.std(ddof=1), (network - reference).std(ddof=1)]
            rest = float((network - slope * reference).std(ddof=1))
            r = float(np.corrcoef(network, reference)[0, 1])
            shown = " | ".join(f"{cell:.2%}" for cell in cells)
            lines.append(f"| {over} | {name} | {len(network)} | {shown} | {slope:.2f} | {rest:.2%} | {r:.2f} |")
    low, high = (f([float(row["load_1min"]) for row in rows]) for f in (min, max))
    lines.append(
        f"\n{len(rows)} processes, {rows[0]['started_utc']} to {rows[-1]['started_utc']}, load {low} to {high}."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
