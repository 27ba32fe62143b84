"""Every benchmark runs through, with the smallest settings that it has. What it finds then says nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.pictures import brightest
from tests.pictures import test_set as photos
from tests.tiny_tflite import Operation, Tensor, write_tflite

FOLDER = Path(__file__).parents[1] / "benchmarks"
FEW = "{profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0}"
SMALLEST = {
    "accuracies": ["work", "--environments", "environments", "--only", "--models", "NAMED", "--images", "PHOTOS"],
    "again": ["--work", "work", "--folder", "again", "--networks", "MODEL", "--trials", "1", "--measure", FEW],
    "alarms": ["MODEL", "--trials", "2", "--only-slowed", "--measure", FEW, "--results", "trials.jsonl"],
    "contamination": ["MODEL", "--trials", "1", "--loop-s", "0.2", "--only", "nothing"],
    "coverage": ["--trials", "2", "--bootstrap-trials", "2"],
    "fidelity": ["MODEL", "--pairs", "1"],
    "guard": ["MODEL", "--seeds", "1"],
    "prediction": ["--table", "raspberry-pi-4"],
    "readers": ["environments", "MODEL", "--only", "--results", "readers.jsonl"],
    "reference": ["MODEL", "--reference", "MODEL", "--minutes", "0", "--results", "reference.csv"],
    "scale": ["--samples", "1000", "--folders", "2"],
    "self_noise": ["MODEL", "--pairs", "1", "--runs", "10"],
    "start_up": ["--starts", "1"],
    "stopping": ["2"],
    "time_left": ["SUITE", "--runs", "1", "--work", "work"],
}
# tests/edgetpu/test_prediction.py, tests/testing/test_engine_faults.py, tests/limits (two), tests/onnx_runtimes/test_trtexec.py,
# tests/pipeline/test_real_sources.py; again_rows and again_tables with again; drifting_machines with coverage
ELSEWHERE = {
    "again_rows",
    "again_tables",
    "drifting_machines",
    "edgetpu_check",
    "engine_faults",
    "faulty_engines",
    "limits",
    "networks",
    "sources",
    "trtexec",
}
NEEDS_ANOTHER_VERSION = {"equal_seconds"}  # an older clone with an environment of its own, beside this one
LITERT_BENCHMARK = str(Path(sys.executable).with_name("litert-benchmark"))
NEEDED_PROGRAMS = {"contamination": "taskset", "fidelity": LITERT_BENCHMARK, "again": LITERT_BENCHMARK}


def test_no_benchmark_is_left_out() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == SMALLEST.keys() | ELSEWHERE | NEEDS_ANOTHER_VERSION


@pytest.mark.thorough
@pytest.mark.parametrize("name", SMALLEST)
def test_it_runs_through_and_prints_a_whole_table(bench: Bench, name: str) -> None:
    needed = NEEDED_PROGRAMS.get(name)
    if needed and not shutil.which(needed):
        pytest.skip(f"there is no {needed} on this machine")
    if {"MODEL", "SUITE", "NAMED"} & set(SMALLEST[name]) and importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip("there is no LiteRT")
    model = str(_model(bench.folder / "net.tflite"))
    suite = bench.folder / "few.yaml"
    suite.write_text(
        f"name: few\nmodels: [{{name: net, source: {model}}}]\ndevices: [{{desktop-cpu: {{runtime: litert}}}}]\n"
        "measure: {rounds: 6, max_rounds: 6, precision: null, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0}\n"
    )
    named = {
        "MODEL": model,
        "SUITE": str(suite),
        "NAMED": f"net={brightest(bench.folder / 'brightest.tflite')}",
        "PHOTOS": str(photos(bench.folder / "photos")),
    }
    arguments = [named.get(one, one) for one in SMALLEST[name]]
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", *arguments],
        cwd=bench.folder,
        env={**os.environ, "DEVBENCH_CACHE": bench.env["DEVBENCH_CACHE"], "DEVBENCH_PAGE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(rows) >= 3, done.stdout
    assert "nan" not in done.stdout


def _model(path: Path) -> Path:
    """One that takes about a millisecond: some tools tell microseconds."""
    tensors = [Tensor("x", "float32", (1, 300_000)), Tensor("y", "float32", (1, 300_000))]
    return write_tflite(path, tensors, [Operation("LOGISTIC", (0,), (1,))], [0], [1])
