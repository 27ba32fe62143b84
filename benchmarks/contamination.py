"""Is a disturbance noticed, and a quiet machine left alone? Runs of a real model, disturbed on purpose.

    uv run python benchmarks/contamination.py MODEL.tflite --trials 20

Every trial is one `devbench run` of one round pinned to one core, with one disturbance or none. Where there is none, a
bare loop of the same inferences takes turns with it, without anything of devbench but its test for a step and a drift:
how quiet the machine itself was. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from devbench.run.verdict import STEADY_TOLERANCE
from devbench.stats import check_steady

BARE = """
import sys, time
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
now = time.perf_counter_ns
for seconds in (1, float(sys.argv[2])):
    samples, end = [], now() + int(seconds * 10**9)
    while now() < end:
        begin = now()
        interpreter.invoke()
        samples.append(now() - begin)
print(*samples)
"""
CORE = max(os.sched_getaffinity(0))
BUSY = "while True: pass"
MEMORY = "piece = bytearray(64 << 20)\nwhile True: bytes(piece)"
THRASH = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    while True:
        for offset in range(0, len(pages), 4096):
            pages[offset]
"""
CGROUPS = Path("/sys/fs/cgroup")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--loop-s", type=float, default=6, help="length of the timed loop")
    parser.add_argument("--only", default="", help="disturbances whose name holds this")
    arguments = parser.parse_args()
    loop_s = arguments.loop_s
    kinds: dict[str, Callable[[], Callable[[], None]]] = {
        "nothing": lambda: lambda: None,
        "a busy loop on the same core": lambda: disturb(BUSY, {CORE}),
        "a busy loop on the same core, from halfway": lambda: later(lambda: disturb(BUSY, {CORE}), loop_s),
        "the worker stopped for half of the time, from halfway": lambda: later(half_speed, loop_s),
        "memory copied without pause on another core": lambda: disturb(MEMORY, os.sched_getaffinity(0) - {CORE}),
        "a control group's quota of half a core, from halfway": lambda: later(half_a_core, loop_s),
        "another program short of memory: 64 MiB for a file of 512": short_of_memory,
    }
    if arguments.only:
        kinds = {name: begin for name, begin in kinds.items() if arguments.only in name}
    print("| disturbance | trials | clean | suspect | contaminated | reasons given |\n|---|--:|--:|--:|--:|---|")
    for name, begin in kinds.items():
        verdicts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        bare = []
        for _ in range(arguments.trials):
            if name == "nothing":
                bare.append(bare_is_steady(arguments.model.resolve(), loop_s))
            verdict = trial(arguments.model.resolve(), begin, loop_s)
            verdicts[verdict["status"]] += 1
            reasons.update(reason["code"] for reason in verdict["reasons"])
        counts = " | ".join(str(verdicts[status]) for status in ("clean", "suspect", "contaminated"))
        given = ", ".join(f"{code} {count}" for code, count in reasons.most_common())
        print(f"| {name} | {arguments.trials} | {counts} | {given} |", flush=True)
        if bare:
            print(
                f"| (a bare loop in turns with it) | {len(bare)} | {sum(bare)} | {bare.count(False)} | | not-steady |"
            )


def bare_is_steady(model: Path, loop_s: float) -> bool:
    command = ["taskset", "-c", str(CORE), sys.executable, "-c", BARE, str(model), str(loop_s)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return check_steady(np.array(done.stdout.split(), dtype=np.int64), tolerance=STEADY_TOLERANCE).steady


def trial(model: Path, begin: Callable[[], Callable[[], None]], loop_s: float) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "suite.yaml"
        suite.write_text(
            f"name: trial\nmodels: [{{name: model, source: {model}}}]\ndevices: [desktop-cpu]\n"
            f"measure: {{profile: normal, rounds: 1, max_rounds: 1, min_s: {loop_s}}}\n"
        )
        end = begin()
        try:
            command = ["taskset", "-c", str(CORE), sys.executable, "-m", "devbench", "run", str(suite)]
            done = subprocess.run([*command, "--out", f"{folder}/out", "--json"], capture_output=True, check=True)
        finally:
            end()
        return json.loads(done.stdout)["cases"][0]["outcome"]["verdict"]


def disturb(code: str, cores: set[int]) -> Callable[[], None]:
    """Start a process that runs `code` on `cores`; returns what ends it."""
    listed = ",".join(str(core) for core in cores)
    process = subprocess.Popen(["taskset", "-c", listed, sys.executable, "-c", code])

    def end() -> None:
        process.kill()
        process.wait()

    return end


def later(begin: Callable[[], Callable[[], None]], loop_s: float) -> Callable[[], None]:
    """Begin when about a third of a timed loop of six seconds has passed: start and warm-up take some two."""
    ends: list[Callable[[], None]] = []
    stopped = threading.Event()

    def wait() -> None:
        while not stopped.is_set() and not worker():
            time.sleep(0.05)
        if not stopped.wait(loop_s / 2):
            ends.append(begin())

    thread = threading.Thread(target=wait)
    thread.start()

    def end() -> None:
        stopped.set()
        thread.join()
        for one in ends:
            one()

    return end


def half_speed() -> Callable[[], None]:
    """Stop and continue the worker in turns of 5 ms: what a quota or a halved clock does to it."""
    stopped = threading.Event()

    def turns() -> None:
        while not stopped.is_set():
            pid = worker()
            for number in (signal.SIGSTOP, signal.SIGCONT):
                if pid:
                    try:
                        os.kill(pid, number)
                    except ProcessLookupError:
                        pid = 0
                time.sleep(0.005)

    thread = threading.Thread(target=turns)
    thread.start()

    def end() -> None:
        stopped.set()
        thread.join()

    return end


def half_a_core() -> Callable[[], None]:
    """Move the worker into a group that may run for half of each tenth of a second."""
    folder = control_group("cpu")
    if (folder / "cpu.cfs_quota_us").exists():
        (folder / "cpu.cfs_quota_us").write_text("50000")
    else:
        (folder / "cpu.max").write_text("50000 100000")
    (folder / "cgroup.procs").write_text(str(worker()))
    return lambda: None


def control_group(controller: str) -> Path:
    """A group of our own, under version 1 or version 2 of control groups. Needs root."""
    version_1 = CGROUPS / controller
    folder = (version_1 if version_1.is_dir() else CGROUPS) / f"devbench-contamination-{controller}"
    folder.mkdir(exist_ok=True)
    return folder


def short_of_memory() -> Callable[[], None]:
    """Start a program that reads a file again and again of which its control group may keep an eighth."""
    folder = control_group("memory")
    limit = folder / ("memory.limit_in_bytes" if (folder / "memory.limit_in_bytes").exists() else "memory.max")
    limit.write_text(str(64 << 20))
    file = Path(tempfile.gettempdir()) / "devbench-contamination.bin"
    file.write_bytes(bytes(512 << 20))
    process = subprocess.Popen([sys.executable, "-c", THRASH, str(file)])
    (folder / "cgroup.procs").write_text(str(process.pid))

    def end() -> None:
        process.kill()
        process.wait()
        file.unlink()

    return end


def worker() -> int:
    """The process that measures; 0 if there is none. The probe that asks for the runtime's version is not it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            if b"devbench-worker-" in command and b"supervisor" not in command and age_s(entry) > 1:
                return int(entry.name)
        except (OSError, ValueError):
            continue
    return 0


def age_s(entry: Path) -> float:
    started = int((entry / "stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


if __name__ == "__main__":
    main()
