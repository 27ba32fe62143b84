"""OpenVINO on this CPU, for real: .tflite and ONNX, in the precision that was asked for and no other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.testing import measure_once
from devbench_onnx.runtimes import OnnxRuntime
from devbench_openvino.runtime import OpenVino
from tests.conftest import Bench
from tests.onnx_runtimes.models import classifier, two_ends

MEASURE = "{profile: quick, rounds: 1, max_rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 15}"


def measured(bench: Bench, model: str, source: Path, device: str, extra: str = "") -> list[dict[str, Any]]:
    """The cases of a run of one model file."""
    entry = f"{{name: {model}, source: {source}{extra}}}"
    suite = f"name: ov\nmodels: [{entry}]\ndevices: [{{desktop-cpu: {device}}}]\nmeasure: {MEASURE}\n"
    bench("run", bench.write("suite.yaml", suite), "--out", "out")
    found: list[dict[str, Any]] = bench.run_file()["cases"]
    return found


def outputs_of(bench: Bench, number: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((bench.folder / "out" / "outputs" / f"case{number:03d}.json").read_text())
    return found


def test_a_float_network_is_computed_in_float32_though_the_cpu_may_have_bfloat16(openvino: Bench) -> None:
    source = classifier(openvino.folder / "net.onnx", quantized=False)
    (case,) = measured(openvino, "net", source, "{runtime: openvino, threads: 1}")
    assert case["outcome"]["status"] == "measured", case["outcome"]
    assert case["precision"] == "float32"
    facts = case["rounds"][0]["facts"]
    assert facts["inference_precision"] == "float32"
    assert "bf16" not in facts["operations_by_precision"]
    assert "f32 " in facts["operations_by_precision"]
    assert facts["threads_in_use"] == "1"
    assert facts["runtime_version"].count(".") == 2
    assert facts["openvino_build"].startswith(facts["runtime_version"])


@pytest.mark.parametrize("quantized", [False, True])
def test_the_answers_are_those_of_onnxruntime(openvino_python: str, tmp_path: Path, quantized: bool) -> None:
    pytest.importorskip("onnxruntime")
    network = classifier(tmp_path / "net.onnx", quantized=quantized)
    place = Place(name="local", device="desktop-cpu", python={"openvino": openvino_python})
    found = [measure_once(kind, network, tmp_path / kind.name, place=place) for kind in (OpenVino, OnnxRuntime)]
    for which in ("data", "second_data"):
        mine, theirs = (np.frombuffer(getattr(one.outputs[0], which), np.float32) for one in found)
        assert mine.size == 3
        assert np.abs(mine - theirs).max() < 1e-5
    assert found[0].outputs[0].sha256 != found[0].outputs[0].second_sha256


def test_bfloat16_is_a_precision_of_its_own(openvino: Bench, openvino_python: str) -> None:
    source = classifier(openvino.folder / "net.onnx", quantized=False)
    cases = measured(openvino, "net", source, "{runtime: openvino}", ", precision: [float32, bfloat16]")
    assert [case["precision"] for case in cases] == ["float32", "bfloat16"]
    half = cases[1]
    if half["outcome"]["status"] == "failed":
        assert "this CPU has no bfloat16 arithmetic" in half["outcome"]["error"]
        return
    assert half["rounds"][0]["facts"]["inference_precision"] == "bfloat16"
    assert "bf16 " in half["rounds"][0]["facts"]["operations_by_precision"]


def test_inputs_and_outputs_are_told_apart(openvino_python: str, tmp_path: Path) -> None:
    place = Place(name="local", device="desktop-cpu", python={"": openvino_python})
    done = measure_once(OpenVino, two_ends(tmp_path / "net.onnx"), tmp_path / "workers", place=place)
    first, second = (np.frombuffer(one.data, np.float32) for one in done.outputs)
    assert (first <= 2).all()
    assert (second >= 9).all()


@pytest.mark.parametrize("model", ["mobilenet_v1_0.25_128_quant", "tf2_mobilenet_v2_1.0_224_ptq"])
def test_int8_networks_answer_as_with_litert(openvino: Bench, google_models: Path, model: str) -> None:
    device = "{runtime: [litert, openvino]}"
    image = f", input: {google_models / 'parrot.jpg'}, labels: {google_models / 'imagenet_labels.txt'}"
    cases = measured(openvino, "net", google_models / f"{model}.tflite", device, image)
    assert {case["outcome"]["status"] for case in cases} == {"measured"}, cases
    assert {case["outcome"]["prediction"]["label"] for case in cases} == {"macaw"}
    facts = cases[1]["rounds"][0]["facts"]
    assert facts["inference_precision"] == "float32"
    assert "bf16" not in facts["operations_by_precision"]
    assert "u8 " in facts["operations_by_precision"]
    table = openvino("report", "out", "--verbose").stdout
    assert "not alike" not in table


def test_what_it_cannot_read_says_what_to_do(google_models: Path, openvino_python: str, tmp_path: Path) -> None:
    place = Place(name="local", device="desktop-cpu", python={"": openvino_python})
    with pytest.raises(RoundError, match="UNIDIRECTIONAL_SEQUENCE_LSTM") as error:
        measure_once(OpenVino, google_models / "keras_lstm_mnist_ptq.tflite", tmp_path, place=place)
    assert "Export the network as ONNX" in error.value.hint


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("{runtime: openvino, threads: 0}", "'threads' must be from 1 to 1024, not 0"),
        ("{runtime: openvino, bf16: maybe}", "'bf16' must be true or false, not 'maybe'"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_runs(bench: Bench, device: str, said: str) -> None:
    classifier(bench.folder / "net.onnx")
    suite = f"name: ov\nmodels: [{{name: net, source: net.onnx}}]\ndevices: [{{desktop-cpu: {device}}}]\n"
    done = bench("run", bench.write("suite.yaml", suite), "--dry-run")
    assert done.returncode == 1
    assert said in done.stderr


def test_no_usage_statistics_are_sent_beside_what_is_measured(openvino_python: str, tmp_path: Path) -> None:
    """The package that does so by itself, with a thread of its own, is not even imported."""
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('imported')")
    engine = Path(__file__).parents[2] / "plugins" / "devbench_openvino" / "openvino_engine.py"
    path = f"{tmp_path}{os.pathsep}{engine.parent}"
    code = "import openvino_engine as it; print(it.Engine('openvino').facts()['runtime_version'])"
    done = subprocess.run(
        [openvino_python, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".") == 2


def test_bf16_is_for_float32_networks(openvino: Bench) -> None:
    (case,) = measured(openvino, "net", classifier(openvino.folder / "net.onnx"), "{runtime: openvino, bf16: true}")
    assert case["outcome"]["status"] == "failed"
    assert "bf16 is an option for float32 networks, and this one is int8" in case["outcome"]["error"]


def test_where_it_is_not_installed_the_hint_says_how(bench: Bench) -> None:
    bench.write("lab.yaml", "places: [{name: local, device: desktop-cpu, python: {openvino: /usr/bin/python3}}]\n")
    if not Path("/usr/bin/python3").exists():
        pytest.skip("there is no /usr/bin/python3")
    classifier(bench.folder / "net.onnx")
    suite = "name: ov\nmodels: [{name: net, source: net.onnx}]\ndevices: [{desktop-cpu: {runtime: openvino}}]\n"
    done = bench("run", bench.write("suite.yaml", suite), "--out", "out")
    assert done.returncode == 3
    assert "openvino is not there" in bench.outcomes()["net"]["reason"]
    assert "install --python /usr/bin/python3 openvino" in bench.outcomes()["net"]["hint"]
