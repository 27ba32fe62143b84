"""onnxruntime with its CPU provider, for real: here, over ssh, and under old interpreters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.testing import measure_once
from devbench_onnx.runtimes import OnnxRuntime
from tests.board import Board
from tests.conftest import Bench
from tests.onnx_runtimes.conftest import MEASURE, Gpu
from tests.onnx_runtimes.models import classifier
from tests.onnx_runtimes.test_tensorrt import environment

pytest.importorskip("onnxruntime")
Find = Callable[[str], str]


def suite(bench: Bench, device: str = "{desktop-cpu: {runtime: onnxruntime}}") -> Path:
    classifier(bench.folder / "net.onnx")
    text = f"name: ort\nmodels: [{{name: net, source: net.onnx}}]\ndevices: [{device}]\nmeasure: {MEASURE}\n"
    return bench.write("suite.yaml", text)


def test_a_network_runs_on_the_provider_that_the_record_names(bench: Bench) -> None:
    done = bench("run", suite(bench), "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    (case,) = bench.run_file()["cases"]
    assert case["precision"] == "int8"
    for about in case["rounds"]:
        assert about["facts"]["delegate"] == "CPUExecutionProvider"
        assert about["facts"]["nodes_by_provider"].endswith(" CPUExecutionProvider")
        assert about["compute_samples"] == 0, "on a CPU nothing is copied"


@pytest.mark.parametrize("provider", ["tensorrt", "cuda"])
def test_a_provider_that_is_not_there_is_an_error_and_no_warning(gpu: Gpu, provider: str) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx", f"{{jetson: {{runtime: onnxruntime, provider: {provider}}}}}"), "")
    outcome = gpu.case()["outcome"]
    assert (outcome["status"], outcome["phase"]) == ("failed", "build")
    assert "ExecutionProvider: it has " in outcome["error"]
    assert "CPUExecutionProvider" in outcome["error"]
    assert "Jetson Zoo" in outcome["hint"]


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("{jetson: {runtime: onnxruntime, provider: cpu}}", "measured with provider tensorrt or cuda, not cpu"),
        ("{desktop-cpu: {runtime: onnxruntime, provider: cuda}}", "measured with provider cpu, not cuda"),
        ("{desktop-cpu: {runtime: onnxruntime, fp16: true}}", "fp16 is an option of provider tensorrt, not of cpu"),
    ],
)
def test_a_device_is_not_measured_by_another_ones_name(gpu: Gpu, device: str, said: str) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx", device), "")
    assert said in gpu.case()["outcome"]["error"]


def test_without_tensorrt_the_next_runtime_of_a_jetson_is_tried(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx", "jetson"), "")
    assert gpu.case()["runtime"] == "onnxruntime"
    assert "TensorrtExecutionProvider" in gpu.case()["outcome"]["error"], "and never the CPU in its place"


def test_over_ssh(bench: Bench, board: Board) -> None:
    board.lab(bench.folder, device="desktop-cpu", python=sys.executable)
    done = bench("run", suite(bench), "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    (case,) = bench.run_file()["cases"]
    assert case["rounds"][0]["facts"]["nodes_by_provider"].endswith(" CPUExecutionProvider")
    assert any(name.endswith(".cpu") for name in (path.name for path in board.cache.iterdir()))


@pytest.mark.parametrize(("python", "version"), [("3.6", "1.10.0"), ("3.8", "1.19.2"), ("3.10", "1.22.0")])
def test_under_the_python_of_each_jetpack(python: str, version: str, interpreters: Find, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    try:
        found = environment(interpreters(python), f"onnxruntime=={version}", tmp_path)
    except subprocess.CalledProcessError:
        pytest.skip(f"there is no onnxruntime {version} for Python {python} here")
    place = Place(name="old", device="jetson-cpu", python={"": found})
    done = measure_once(OnnxRuntime, classifier(tmp_path / "net.onnx"), tmp_path / "workers", place=place)
    assert done.about.facts["runtime_version"] == version
    assert done.about.facts["nodes_by_provider"].endswith(" CPUExecutionProvider")
    assert np.frombuffer(done.outputs[0].data, np.float32).sum() == pytest.approx(1, abs=1e-3)


def test_a_file_that_is_newer_than_the_runtime(tmp_path: Path) -> None:
    import onnx

    model = onnx.load(classifier(tmp_path / "net.onnx"))
    model.ir_version = 99
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(RoundError, match=r"(?i)unsupported model IR version") as caught:
        measure_once(OnnxRuntime, tmp_path / "net.onnx", tmp_path / "workers")
    assert "export it for opset 13" in caught.value.hint
