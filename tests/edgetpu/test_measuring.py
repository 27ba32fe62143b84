"""Measuring on an Edge TPU, through the real plugin, worker and runtimes; only the device is a stand-in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.edgetpu.compiled_model import compiled_classifier
from tests.edgetpu.conftest import MEASURE, TpuMachine, build_library

USB = "usb:/sys/bus/usb/devices/"
BOTH = "desktop-cpu, coral-usb"


def test_a_stick_beside_the_cpu(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    log = tpu.bench.folder / "delegates.log"
    done = tpu.run(
        tpu.suite(BOTH, extra="compare: {baseline: desktop-cpu}"), devices=f"{USB}2-1", copy=1, log=log, delay_us=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert log.read_text() == "device=usb:0\n", "indexed, so that no option is dropped"
    cpu, stick = tpu.bench.run_file()["cases"]
    assert cpu["artifact"]["source"].endswith("tiny.tflite")
    assert stick["artifact"]["source"].endswith("tiny_edgetpu.tflite")
    assert stick["place"] == "2-1"
    assert stick["outcome"]["summary"]["median_ms"] > 0.5
    facts = stick["rounds"][0]["facts"]
    assert facts["delegate_build"] == "max"
    assert facts["delegate_options"] == "device=usb:0"
    assert facts["edgetpu_firmware"] == "loaded"
    assert stick["artifact"]["facts"]["minimum_runtime_version"] == "12"
    assert stick["artifact"]["facts"]["parameter_caching_token"] == "77"
    assert "no ratio" not in done.stdout, "the stick gives the CPU's answer"
    text = (tpu.bench.folder / "out" / "results.csv").read_text()
    row = list(csv.DictReader(io.StringIO(text)))[1]
    assert row["delegate"] == "libedgetpu.so.1"
    assert row["delegate_version"] == "BuildLabel(STAND-IN), RuntimeVersion(14)"
    assert (row["accelerator"], row["link"]) == ("Coral USB Accelerator", "USB 5000 Mbit/s")
    assert float(row["first_ms"]) > 0.5
    limits = {one["device"]: one for one in json.loads(tpu.bench("limits", "out", "--json").stdout)}
    assert (limits["coral-usb"]["wall"], limits["coral-usb"]["link_peak_per_s"]) == ("link", 500e6)
    assert limits["coral-usb"]["unknown"] == ["Not every operation is counted: the true limit is higher."]


def test_another_answer_than_the_cpus_gets_no_ratio(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    done = tpu.run(tpu.suite(BOTH, extra="compare: {baseline: desktop-cpu}"), devices=f"{USB}2-1")
    assert done.returncode == 0, done.stderr
    text = tpu.bench("report", "out", "--verbose").stdout
    assert "output 'scores' differs" in text


def test_sticks_are_addressed_by_port_whatever_their_order(tpu: TpuMachine) -> None:
    tpu.stick("1-2", number=3)
    tpu.stick("2-1.4", number=4)
    log = tpu.bench.folder / "delegates.log"
    suite = tpu.suite("{coral-usb: {performance: Max}}")
    done = tpu.run(suite, devices=f"{USB}2-1.4,pci:/dev/apex_0,{USB}1-2", log=log)
    assert done.returncode == 0, done.stderr
    for case in tpu.bench.run_file()["cases"]:
        assert case["outcome"]["status"] == "measured"
        index = {"2-1.4": 0, "1-2": 1}[case["place"]]
        assert case["rounds"][0]["facts"]["edgetpu_device"] == f"usb:{index}"
    lines = sorted(log.read_text().splitlines())
    assert lines == ["device=usb:0;Performance=Max", "device=usb:1;Performance=Max"]


def test_a_chip_on_pcie_and_the_dev_board(tpu: TpuMachine) -> None:
    tpu.chip(temperature=86_000)
    done = tpu.run(tpu.suite("coral-pcie"), devices="pci:/dev/apex_0")
    assert done.returncode == 0, done.stderr
    text = " ".join(tpu.bench("report", "out", "--verbose").stdout.split())
    assert "the chip was at 86.0 °C, and halves its clock from 85.0 °C on" in text
    (case,) = tpu.bench.run_file()["cases"]
    assert case["rounds"][0]["facts"]["edgetpu_temperature_c"] == "86.0"
    tpu.dev_board()
    board = tpu.run(tpu.suite("coral-dev-board, coral-dev-board-cpu, coral-pcie"), devices="pci:/dev/apex_0")
    cases = tpu.bench.run_file()["cases"]
    assert [(case["device"], case["outcome"]["status"]) for case in cases] == [
        ("coral-dev-board", "measured"),
        ("coral-dev-board-cpu", "measured"),
    ], board.stderr


def test_a_model_that_is_not_compiled_never_runs_on_the_cpu_as_a_tpu(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite(compiled=""), devices=f"{USB}2-1")
    outcome = tpu.outcome()
    assert outcome["status"] == "skipped"
    assert outcome["reason"] == "tiny.tflite is not compiled for the Edge TPU, and edgetpu_compiler is not on PATH"
    assert "`compiled:`" in str(outcome["hint"])


def test_what_makes_it_slower_is_said(tpu: TpuMachine) -> None:
    tpu.stick("2-1", speed=480, loaded=False)
    compiled_classifier(tpu.bench.folder / "part.tflite", left_on_cpu=True, streamed=2_000_000)
    build_library(tpu.bench.folder / "std", build="PERFORMANCE=THROTTLED")
    tpu.libraries = tpu.bench.folder / "std"
    tpu.run(tpu.suite("{coral-usb: {performance: Low}}", compiled="part.tflite"), devices=f"{USB}2-1")
    text = " ".join(tpu.bench("report", "out", "--verbose").stdout.split())
    for cause in (
        "the stick ran on USB at 480 Mbit/s",
        "the library is libedgetpu1-std",
        "the clock was asked to be Low",
        "operations left on the CPU: 1 (SQUEEZE 1)",
        "2 MB of parameters are sent with every inference",
    ):
        assert cause in text
    facts = tpu.bench.run_file()["cases"][0]["rounds"][0]["facts"]
    assert facts["edgetpu_firmware_before"] == "not loaded"
    text = (tpu.bench.folder / "out" / "results.csv").read_text()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["delegate_build"], row["cpu_operations"], row["streamed_bytes"]) == ("std", "1", "2000000")


GOOGLES = {
    "mobilenet_v1_0.25_128_quant_edgetpu": (566_912, 0, 12, 0),
    "mobilenet_v1_0.5_160_quant_edgetpu": (1_473_280, 0, 12, 0),
    "mobilenet_v2_1.0_224_quant_edgetpu": (3_900_864, 0, 12, 0),
    "keras_lstm_mnist_ptq_edgetpu": (43_968, 576, 12, 0),
    "movenet_single_pose_lightning_ptq_edgetpu": (2_862_656, 2_368, 12, 59),
    "split_concat_edgetpu": (192, 0, 13, 0),
}


@pytest.mark.parametrize("runtime", ["edgetpu-litert", "edgetpu-tflite-runtime"])
def test_googles_compiled_models(tpu: TpuMachine, google_models: Path, runtime: str, tflite_python: str | None) -> None:
    if runtime == "edgetpu-tflite-runtime":
        if tflite_python is None:
            pytest.skip("no interpreter with tflite-runtime: set DEVBENCH_TEST_TFLITE_PYTHON")
        lab = f"places: [{{name: '2-1', device: coral-usb, python: {tflite_python}}}]\n"
        tpu.bench.write("lab.yaml", lab)
    tpu.stick("2-1")
    models = "".join(f"  - {{name: {name}, source: {google_models / name}.tflite}}\n" for name in GOOGLES)
    suite = tpu.bench.write(
        "suite.yaml",
        f"name: google\nmodels:\n{models}devices: [{{coral-usb: {{runtime: {runtime}}}}}]\nmeasure: {MEASURE}\n",
    )
    done = tpu.run(suite, devices=f"{USB}2-1")
    assert done.returncode == 0, done.stdout + done.stderr
    for case in tpu.bench.run_file()["cases"]:
        assert case["outcome"]["status"] == "measured", case["outcome"]
        facts = case["artifact"]["facts"]
        cached, streamed, minimum, on_cpu = GOOGLES[case["model"]]
        assert facts["cached_parameter_bytes"] == str(cached)
        assert facts["streamed_parameter_bytes"] == str(streamed)
        assert facts["minimum_runtime_version"] == str(minimum)
        assert facts["cpu_operations"].split()[0] == str(on_cpu)


def test_files_compiled_together_share_a_token(bench: Bench, google_models: Path) -> None:
    from devbench_edgetpu.compiled import read_compiled

    together = [read_compiled(path).caching_tokens for path in sorted(google_models.glob("*_cocompiled_with_*"))]
    assert together == [(16340017111409818219,)] * 2
