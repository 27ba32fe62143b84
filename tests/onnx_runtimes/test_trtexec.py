"""benchmarks/trtexec.py, with a program that writes what trtexec writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.jetson.boards import program
from tests.onnx_runtimes.conftest import Gpu
from tests.onnx_runtimes.models import classifier

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "trtexec.py"
_TRTEXEC = """#!{python}
import json, os, sys
given = dict(one.lstrip("-").partition("=")[::2] for one in sys.argv[1:])
if not os.path.exists(given["loadEngine"]):
    print("[E] Error opening engine file: " + given["loadEngine"])
    sys.exit(1)
times = [{{"startH2dMs": k, "h2dMs": 0.1, "computeMs": 0.5 + k / 100, "d2hMs": 0.1, "latencyMs": 0.7 + k / 100}} for k in range(5)]
json.dump(times, open(given["exportTimes"], "w"))
print("=== Performance summary ===")
"""


def run(gpu: Gpu, *more: str) -> subprocess.CompletedProcess[str]:
    net = classifier(gpu.bench.folder / "net.onnx")
    tool = program(gpu.bench.folder / "bin", "trtexec", _TRTEXEC.format(python=sys.executable))
    return subprocess.run(
        [sys.executable, SCRIPT, net, "--pairs", "1", "--trtexec", *(more or [str(tool)])],
        cwd=gpu.bench.folder,
        env={**os.environ, **gpu.bench.env, **gpu.env()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_same_engine_is_measured_by_both(gpu: Gpu) -> None:
    done = run(gpu)
    assert done.returncode == 0, done.stderr
    with_copies, alone = done.stdout.splitlines()[2:]
    assert re.fullmatch(r"\| net.onnx \| with copies \| 1 \| [\d.]+ \| 0\.720 \| [\d.]+ \| .*", with_copies)
    assert re.fullmatch(r"\| net.onnx \| compute alone \| 1 \| [\d.]+ \| 0\.520 \| [\d.]+ \| .*", alone)


def test_without_trtexec_it_says_so(gpu: Gpu) -> None:
    done = run(gpu, "/nowhere/trtexec")
    assert done.returncode == 1
    assert "/nowhere/trtexec failed" in done.stderr
