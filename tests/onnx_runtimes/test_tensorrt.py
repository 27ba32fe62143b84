"""TensorRT, by stand-ins for its bindings and for CUDA's library that have what each version has and nothing else."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.publish.verify import recomputed
from devbench.store.folder import RunFolder
from devbench.store.results_rows import rows_of
from devbench.testing import measure_once
from devbench_onnx.runtimes import TensorRt
from tests.board import Board
from tests.onnx_runtimes.conftest import HERE, Gpu
from tests.onnx_runtimes.models import classifier, odd_layer, two_ends

onnx = pytest.importorskip("onnx")
Find = Callable[[str], str]


@pytest.mark.parametrize("version", ["8.0.1", "8.2.1", "8.4.1", "8.5.2", "10.3.0", "11.4.0"])
def test_an_engine_is_built_once_and_measured(
    gpu: Gpu, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = classifier(tmp_path / "net.onnx")
    for building in ("", "killed"):  # the second one builds nothing
        for name, value in gpu.env(version, tensorrt_build=building).items():
            monkeypatch.setenv(name, value)
        facts = measure_once(TensorRt, network, tmp_path / "workers").about.facts
        assert facts["runtime_version"] == version
        assert facts["compute_capability"] == "8.7"
    (plan,) = (tmp_path / "workers").glob("*.plan")
    assert facts["engine_log"] == f"{plan}.log"
    log = Path(facts["engine_log"]).read_text()
    assert "Peak memory usage" in log
    assert "a line of the very many" not in log


def test_compute_alone_is_a_region_of_its_own(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx"))
    case = gpu.case()
    assert all(about["compute_samples"] > 0 for about in case["rounds"])
    (row,) = csv.DictReader((gpu.bench.folder / "out/results.csv").read_text().splitlines())
    assert 0 < float(row["compute_low_ms"]) <= float(row["compute_ms"]) <= float(row["compute_high_ms"])
    assert float(row["compute_ms"]) < float(row["latency_ms"]) * 1.5
    assert f"compute {float(row['compute_ms']):.4f} ms" in gpu.bench("report", "out", "--verbose").stdout
    folder = RunFolder(gpu.bench.folder / "out")
    assert rows_of(recomputed(folder, folder.load())) == rows_of(folder.load()), "it follows from the samples"


def test_the_answer_is_that_of_the_network(gpu: Gpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in gpu.env().items():
        monkeypatch.setenv(name, value)
    image = np.array([[[[0.9], [-0.2]], [[0.1], [0.4]]]], np.float32)
    done = measure_once(TensorRt, classifier(tmp_path / "net.onnx"), tmp_path / "workers")
    assert [one.shape for one in done.outputs] == [(1, 3)]
    scores = np.frombuffer(done.outputs[0].data, np.float32)
    assert scores.sum() == pytest.approx(1)
    random = np.random.RandomState(0).uniform(-1, 1, size=image.shape).astype(np.float32)
    steps = np.clip(np.rint(random.ravel() / 0.02), -128, 127) * 0.02
    sums = steps @ np.array([[40, -20, 0], [0, 60, -100], [127, 10, 5], [-30, 0, 90]]) * 0.01 + [0.5, -0.25, 0]
    assert scores == pytest.approx(np.exp(sums) / np.exp(sums).sum(), abs=1e-4)


@pytest.mark.parametrize(("python", "version"), [("3.6", "8.2.1"), ("3.8", "8.5.2"), ("3.10", "10.3.0")])
def test_under_the_python_of_each_jetpack(
    gpu: Gpu, python: str, version: str, interpreters: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gpu.env(version).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    place = Place(name="old", device="jetson", python={"": environment(interpreters(python), "numpy", tmp_path)})
    done = measure_once(TensorRt, classifier(tmp_path / "net.onnx"), tmp_path / "workers", place=place)
    assert done.about.facts["python"].startswith(python + ".")
    assert done.about.facts["runtime_version"] == version
    assert np.frombuffer(done.outputs[0].data, np.float32).sum() == pytest.approx(1)


def test_over_ssh_the_engine_stays_on_the_board(gpu: Gpu, board: Board) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    board.start("SetEnv " + " ".join(f"{name}={value}" for name, value in gpu.env().items()))
    board.lab(gpu.bench.folder, device="jetson", python=sys.executable)
    done = gpu.bench("run", gpu.suite("net.onnx"), "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert gpu.case()["rounds"][0]["facts"]["engine_log"].startswith(str(board.cache))
    assert len(list(board.cache.glob("*.plan"))) == 1
    assert not list((gpu.bench.folder / "cache").rglob("*.plan"))


def test_fp16_is_called_float16(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx", quantized=False)
    done = gpu.run(gpu.suite("net.onnx", "{jetson: {runtime: tensorrt, fp16: [true, '']}}"))
    assert done.returncode == 0, done.stderr
    half, full = gpu.bench.run_file()["cases"]
    assert (half["precision"], full["precision"]) == ("float16", "float32")
    plans = [one.read_bytes().partition(b"\n")[0] for one in (gpu.bench.folder / "cache/workers").glob("*.plan")]
    assert sorted(plans) == [b"stand-in plan 10.3.0 ", b"stand-in plan 10.3.0 FP16,TF32"], "and float32 is no TF32"


def test_a_device_has_its_own_precisions_and_float16_is_made_of_float32(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx", quantized=False)
    done = gpu.run(gpu.suite("net.onnx", "{jetson: {runtime: tensorrt, precision: [float32, float16]}}"))
    assert done.returncode == 0, done.stderr
    full, half = gpu.bench.run_file()["cases"]
    assert (full["precision"], half["precision"]) == ("float32", "float16")
    assert half["id"] == full["id"].replace("float32", "float16"), "one column of the table"
    assert full["rounds"][0]["facts"]["engine_log"] != half["rounds"][0]["facts"]["engine_log"]
    gpu.run(gpu.suite("net.onnx", "{jetson: {runtime: tensorrt, precision: int8}}"))
    outcome = gpu.case()["outcome"]
    assert "the converter onnx2tf needs an environment of its own" in outcome["error"], "float32 is not called int8"
    assert "lab.yaml" in outcome["hint"]


@pytest.mark.parametrize(
    ("tensorrt", "hooks", "status", "error", "hint"),
    [
        ("", {}, "skipped", "No module named 'tensorrt'", "sudo apt install python3-libnvinfer"),
        ("10.3.0", {"cuda": "none"}, "failed", "CUDA initialization failure with error: 100", "group `video`"),
        ("10.3.0", {"tensorrt_build": "oom"}, "failed", "Error Code 2: OutOfMemory", "workspace_mib"),
        ("8.5.2", {"tensorrt_int8": "none"}, "failed", "no int8 arithmetic", "measure float16 there"),
        ("10.3.0", {"tensorrt_build": "killed"}, "failed", "killed by SIGKILL", "The GPU shares the board's memory"),
        ("10.3.0", {"cuda_bytes": 8}, "failed", "cudaMalloc: out of memory (CUDA error 2)", "add swap"),
    ],
)
def test_failures_say_their_cause(
    gpu: Gpu, tensorrt: str, hooks: dict[str, object], status: str, error: str, hint: str
) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx"), tensorrt, **hooks)
    outcome = gpu.case()["outcome"]
    assert outcome["status"] == status
    assert error in (outcome.get("reason") or outcome["error"] + outcome["log_tail"])
    assert hint in outcome["hint"]
    (row,) = csv.DictReader((gpu.bench.folder / "out/results.csv").read_text().splitlines())
    assert row["latency_ms"] == row["throughput_per_s"] == ""


def test_the_cause_and_not_what_follows_from_it(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx"), tensorrt_build="oom")
    error = gpu.case()["outcome"]["error"]
    assert error.endswith("Error Code 2: OutOfMemory (no further information)")


def test_several_inputs_and_outputs_are_told_apart_by_their_names(
    gpu: Gpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in gpu.env().items():
        monkeypatch.setenv(name, value)
    done = measure_once(TensorRt, two_ends(tmp_path / "net.onnx"), tmp_path / "workers")
    random = np.random.RandomState(0)
    a, b = (random.uniform(-1, 1, size=(1, 2)).astype(np.float32) for _ in range(2))
    assert [one.name for one in done.outputs] == ["c", "d"]
    assert np.frombuffer(done.outputs[0].data, np.float32) == pytest.approx(a.ravel() + 1)
    assert np.frombuffer(done.outputs[1].data, np.float32) == pytest.approx(b.ravel() + 10)


def test_an_engine_that_the_cache_gave_up_is_built_again(gpu: Gpu, board: Board) -> None:
    classifier(gpu.bench.folder / "net.onnx")
    # A board whose cache somebody clears before each round.
    plugin = f"""
from pathlib import Path
from devbench import hookimpl

@hookimpl(wrapper=True)
def devbench_run_round(case, place):
    for plan in Path({str(board.cache)!r}).glob("*.plan"):
        plan.unlink()
    return (yield)
"""
    gpu.bench.plugin("clearer", plugin)
    board.start("SetEnv " + " ".join(f"{name}={value}" for name, value in gpu.env().items()))
    board.lab(gpu.bench.folder, device="jetson", python=sys.executable)
    done = gpu.bench("run", gpu.suite("net.onnx"), "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(gpu.case()["rounds"]) == 2


def test_a_layer_that_tensorrt_does_not_have(gpu: Gpu) -> None:
    odd_layer(gpu.bench.folder / "net.onnx")
    gpu.run(gpu.suite("net.onnx"))
    outcome = gpu.case()["outcome"]
    assert (outcome["status"], outcome["phase"]) == ("failed", "build")
    assert "TensorRT cannot read the network: Einsum 'odd': No importer registered for op: Einsum" in outcome["error"]
    assert "onnxruntime with `provider: cuda`" in outcome["hint"]


def test_zero_points_are_found_before_the_board_is_asked(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx", zero_point=3)
    gpu.run(gpu.suite("net.onnx"))
    assert "TensorRT quantizes without zero points, and 2 nodes have one ('quantize', say)" in str(
        gpu.case()["outcome"]
    )
    (gpu.bench.folder / "net.onnx").write_bytes(b"\x08\x07rubbish")
    gpu.run(gpu.suite("net.onnx"))
    assert "cannot be read as ONNX" in str(gpu.case()["outcome"])


def test_a_free_batch_is_one_and_weights_in_another_file_come_along(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx", size="batch")
    gpu.run(gpu.suite("net.onnx"))
    assert gpu.case()["outcome"]["status"] == "measured", gpu.case()["outcome"]
    assert gpu.case()["artifact"]["inputs"][0]["shape"] == [1, 2, 2, 1]
    assert gpu.case()["artifact"]["facts"]["changed"] == "the free batch is fixed at 1"
    classifier(gpu.bench.folder / "net.onnx")
    onnx.save(
        onnx.load(gpu.bench.folder / "net.onnx"),
        gpu.bench.folder / "net.onnx",
        save_as_external_data=True,
        size_threshold=0,
    )
    gpu.run(gpu.suite("net.onnx"))
    assert gpu.case()["outcome"]["status"] == "measured", gpu.case()["outcome"]
    assert gpu.case()["artifact"]["facts"]["changed"] == "the weights are in the file itself"


def test_tensorrt_11_has_no_fp16_option(gpu: Gpu) -> None:
    classifier(gpu.bench.folder / "net.onnx", quantized=False)
    gpu.run(gpu.suite("net.onnx", "{jetson: {runtime: tensorrt, fp16: true}}"), "11.4.0")
    assert "TensorRT 11.4.0 has no fp16 option" in gpu.case()["outcome"]["error"]


def test_an_engine_of_another_version_is_not_taken(gpu: Gpu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in gpu.env("8.2.1").items():
        monkeypatch.setenv(name, value)
    net = classifier(tmp_path / "net.onnx")
    measure_once(TensorRt, net, tmp_path / "workers")
    (plan,) = (tmp_path / "workers").glob("*.plan")
    old = plan.read_bytes()
    monkeypatch.setenv("STANDIN_TENSORRT", "8.5.2")
    measure_once(TensorRt, net, tmp_path / "workers")
    (new,) = set((tmp_path / "workers").glob("*.plan")) - {plan}
    new.write_bytes(old)
    with pytest.raises(RoundError, match=r"expecting library version 8\.5\.2 got 8\.2\.1") as caught:
        measure_once(TensorRt, net, tmp_path / "workers")
    assert "Remove the engine from the cache" in caught.value.hint


def environment(python: str, package: str, folder: Path) -> str:
    """An environment of its own with `package`."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on PATH")
    made = folder / "env"
    subprocess.run([uv, "venv", "-q", "--python", python, str(made)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(made / "bin" / "python"), package], check=True)
    return str(made / "bin" / "python")
