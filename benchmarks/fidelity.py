"""Does devbench say what a runtime's own tool says? The same artifact, threads and machine, interleaved pairs.

    uv run python benchmarks/fidelity.py --pairs 10 --threads 1 --threads 2 mobilenet_v1 inception_v4
    uv run python benchmarks/fidelity.py --runtime openvino --python .venv-openvino/bin/python mobilenet_v1

The tools: litert-benchmark, and OpenVINO's benchmark_app, which stands beside the interpreter that has OpenVINO.
A model is one of the catalogue, or a .tflite file.
Each pair measures one model once with either tool, in alternating order, with the same warm-up and number of runs;
benchmark_app has no warm-up but its first inference.
Prints a Markdown table: the median over pairs of (devbench median / the tool's median), with its range.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from devbench.cli.setup import load_plugins, open_maker
from devbench.run.sources import for_formats

RUNS, WARMUP_RUNS = 50, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--runtime", choices=["litert", "openvino"], default="litert")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the runtime")
    parser.add_argument("--precision", default="int8", help="of a model of the catalogue")
    arguments = parser.parse_args()
    tool = {"litert": "litert-benchmark", "openvino": "benchmark_app"}[arguments.runtime]
    print(f"| model | threads | pairs | devbench, median ms | {tool}, median ms | ratio | range of ratios |")
    print("|---|--:|--:|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        for model in arguments.models:
            path = artifact(model, arguments.precision)
            for threads in arguments.threads or [1]:
                row(model, path, threads, arguments, Path(folder))


def row(model: str, path: Path, threads: int, arguments: argparse.Namespace, folder: Path) -> None:
    pairs, python = arguments.pairs, str(Path(arguments.python).absolute())
    their_ms = {"litert": litert_ms, "openvino": benchmark_app_ms}[arguments.runtime]
    ours: list[float] = []
    theirs: list[float] = []
    for pair in range(pairs):
        both = [
            lambda: ours.append(devbench_ms(path, threads, folder, arguments.runtime, python)),
            lambda: theirs.append(their_ms(path, threads, python)),
        ]
        for measure in both if pair % 2 else reversed(both):
            measure()
    title = path.stem if Path(model).is_file() else f"{model} {arguments.precision}"
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    cells = [statistics.median(ours), statistics.median(theirs), statistics.median(ratios)]
    print(
        f"| {title} | {threads} | {pairs} | {cells[0]:.3f} | {cells[1]:.3f} | {cells[2]:.4f} |"
        f" {min(ratios):.3f} – {max(ratios):.3f} |",
        flush=True,
    )


def artifact(model: str, precision: str) -> Path:
    """The model's file in this precision, made if it is not in the cache; or `model` itself, where it is a file."""
    if Path(model).is_file():
        return Path(model).resolve()
    plugins = load_plugins()
    variant = next(one for one in plugins.registry.models[model].variants if one.precision == precision)
    maker = open_maker(plugins)
    wanted = for_formats(variant, ("tflite",), maker)
    assert wanted is not None
    assert wanted.making is not None
    return maker.make(model, wanted).artifact.path


def devbench_ms(path: Path, threads: int, folder: Path, runtime: str, python: str) -> float:
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    suite = folder / "suite.yaml"
    counts = f"warmup_runs: {WARMUP_RUNS}, warmup_s: 0, min_runs: {RUNS}, min_s: 0, cap_s: 100"
    suite.write_text(
        f"name: fidelity\nmodels: [{{name: model, source: {path}}}]\n"
        f"devices: [{{desktop-cpu: {{runtime: {runtime}, threads: {threads}}}}}]\n"
        f"measure: {{profile: quick, rounds: 1, {counts}}}\n"
    )
    command = [sys.executable, "-m", "devbench", "run", str(suite), "--out", str(out), "--json"]
    lab = folder / "lab.yaml"
    lab.write_text(f"places: [{{name: local, device: desktop-cpu, python: {{{runtime}: {python}}}}}]\n")
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "DEVBENCH_LAB": str(lab)})
    return float(json.loads(done.stdout)["cases"][0]["outcome"]["summary"]["median_ms"])


def litert_ms(path: Path, threads: int, python: str) -> float:
    tool = str(Path(python).with_name("litert-benchmark"))
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        options = ["--num_runs", str(RUNS), "--warmup_runs", str(WARMUP_RUNS), "--num_threads", str(threads)]
        command = [tool, "--model", str(path), *options, "--result_json", answer.name]
        subprocess.run(command, capture_output=True, check=True)
        return median_of(json.loads(Path(answer.name).read_text()))


def benchmark_app_ms(path: Path, threads: int, python: str) -> float:
    """With the settings of our engine: one synchronous request in one stream, floats in float32. Two decimals."""
    tool = str(Path(python).with_name("benchmark_app"))
    how = [
        "-infer_precision",
        "f32",
        "-d",
        "CPU",
        "-api",
        "sync",
        "-hint",
        "none",
        "-nstreams",
        "1",
        "-nthreads",
        str(threads),
    ]
    with tempfile.TemporaryDirectory() as folder:
        report = ["-report_type", "no_counters", "-report_folder", folder, "-json_stats"]
        command = [tool, "-m", str(path), *how, "-niter", str(RUNS + WARMUP_RUNS), *report]
        subprocess.run(command, capture_output=True, check=True)
        (answer,) = Path(folder).glob("*.json")
        return float(json.loads(answer.read_text())["execution_results"]["latency (ms)"])


def median_of(answer: object) -> float:
    """The one value of a tool's answer whose name speaks of a median."""
    found = list(medians(answer))
    assert len(found) == 1, answer
    return found[0]


def medians(value: object) -> list[float]:
    if not isinstance(value, dict):
        return []
    own = [float(one) for name, one in value.items() if "median" in name and not isinstance(one, dict)]
    return own + [found for one in value.values() for found in medians(one)]


if __name__ == "__main__":
    main()
