"""What the harness itself costs: its CPU time while a case runs, the gap around an inference, a bare script beside it.

    uv run python benchmarks/self_noise.py MODEL.tflite

Prints a Markdown table. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from devbench.domain.measure import PROFILES
from devbench.worker.loop import run_phase

FIXED = replace(PROFILES["normal"], warmup_runs=50, warmup_s=0, min_s=0, precision=None)
BARE = """
import sys, time
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=int(sys.argv[2]))
interpreter.allocate_tensors()
invoke, clock, samples = interpreter.invoke, time.perf_counter_ns, []
for _ in range(50):
    invoke()
count = int(sys.argv[3])
while len(samples) < count:
    start = clock()
    invoke()
    samples.append(clock() - start)
print(sorted(samples)[count // 2] / 1e6, sorted(samples)[count // 100] / 1e6)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--runs", type=int, default=300, help="inferences in a round")
    given = parser.parse_args()
    model, pairs = given.model.resolve(), given.pairs
    print("| what | found |\n|---|---|")
    print(f"| between two clock readings around an empty call | {gap_ns():.0f} ns |")
    for threads in (1, 2):
        bare, ours, cpu = zip(
            *[pair(model, threads, given.runs, flip=bool(number % 2)) for number in range(pairs)], strict=True
        )
        for what, index in (("median", 0), ("fastest percent", 1)):
            ratios = [one[index] / other[index] for one, other in zip(ours, bare, strict=True)]
            text = f"{statistics.median(ratios):.4f} ({min(ratios):.3f} – {max(ratios):.3f}, {pairs} pairs)"
            print(f"| {what} under devbench / in a bare script, {threads} threads | {text} |")
        print(
            f"| CPU time of the host while a round runs, {threads} threads | {statistics.median(cpu):.2%} of a core |"
        )


def gap_ns() -> float:
    """What the worker's loop would report of an inference that takes no time."""
    samples, _ = run_phase(lambda: None, 1, 20000, 0, 10**10)
    return statistics.median(samples)


Times = tuple[float, float]  # median and fastest percent, ms


def pair(model: Path, threads: int, runs: int, *, flip: bool) -> tuple[Times, Times, float]:
    """Times in a bare script and under devbench, and the host's share of a core while the worker measured."""
    if flip:
        ours, cpu = under_devbench(model, threads, runs)
        return bare_ms(model, threads, runs), ours, cpu
    bare = bare_ms(model, threads, runs)
    return bare, *under_devbench(model, threads, runs)


def bare_ms(model: Path, threads: int, runs: int) -> Times:
    command = [sys.executable, "-c", BARE, str(model), str(threads), str(runs)]
    median, fastest = subprocess.run(command, capture_output=True, check=True).stdout.split()
    return float(median), float(fastest)


def under_devbench(model: Path, threads: int, runs: int) -> tuple[Times, float]:
    """The host is this process, so that its CPU time can be told from the worker's."""
    from devbench.testing import measure_once
    from devbench_desktop.tflite import LiteRt

    folder = Path(tempfile.mkdtemp())
    try:
        before, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        measure = replace(FIXED, min_runs=runs)
        done = measure_once(LiteRt, model, folder, options={"threads": threads}, measure=measure)
        after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - begin
    finally:
        shutil.rmtree(folder)
    host_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - preparing_s(model)
    samples = sorted(done.samples_ns.tolist())
    return (samples[len(samples) // 2] / 1e6, samples[len(samples) // 100] / 1e6), host_s / seconds


def preparing_s(model: Path) -> float:
    """CPU time of reading the model, which `measure_once` does as well and a run does once, before its rounds."""
    from devbench.domain.model import Variant
    from devbench.models.artifact import prepare_artifact
    from devbench.models.cache import ModelCache

    variant = Variant(precision="", format="tflite", source=str(model))
    with tempfile.TemporaryDirectory() as folder:
        cache = ModelCache(Path(folder))
        before = time.process_time()
        prepare_artifact(model.stem, variant, cache, lambda source, _: Path(source))
        return time.process_time() - before


if __name__ == "__main__":
    main()
