"""From an int8 file to a compiled one, by a stand-in compiler on PATH; and what `devbench check` says before that."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from devbench_edgetpu import compiler
from devbench_edgetpu.compiled import read_compiled
from devbench_edgetpu.compiler import read_log
from devbench_edgetpu.graph import read_graph
from devbench_edgetpu.mapping import map_operations
from tests.conftest import Bench
from tests.edgetpu.compiled_model import compiled_classifier
from tests.edgetpu.conftest import TpuMachine
from tests.edgetpu.edgetpu_compiler import END, PARTIAL, SUCCESS
from tests.tiny_tflite import Operation, Tensor, write_tflite

USB = "usb:/sys/bus/usb/devices/"


@pytest.fixture
def compiling(tpu: TpuMachine) -> TpuMachine:
    """A machine with a stick and the stand-in compiler."""
    tpu.stick("2-1")
    folder = tpu.bench.folder / "bin"
    folder.mkdir()
    program = folder / "edgetpu_compiler"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("edgetpu_compiler.py")} "$@"\n')
    program.chmod(0o755)
    tpu.bench.env["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    tpu.bench.env["STANDIN_COMPILED"] = str(compiled_classifier(tpu.bench.folder / "made.tflite"))
    tpu.bench.env["STANDIN_CALLS"] = str(tpu.bench.folder / "calls.log")
    return tpu


def _compile(machine: TpuMachine, mode: str) -> dict[str, object]:
    machine.run(machine.suite(compiled=""), devices=f"{USB}2-1", compiler=mode)
    return machine.outcome()


def test_it_is_compiled_once_and_what_the_compiler_says_is_kept(compiling: TpuMachine) -> None:
    for _ in range(2):
        assert _compile(compiling, "partial")["status"] == "measured"
    calls = (compiling.bench.folder / "calls.log").read_text().splitlines()
    assert [Path(call).name for call in calls] == ["tiny.tflite"], "the second run finds it in the cache"
    facts = compiling.bench.run_file()["cases"][0]["artifact"]["facts"]
    assert facts["compiler_version"] == "16.0.384591198"
    assert facts["mapped_operations"] == "264 of 267"
    assert facts["off_chip_bytes"] == str(round(1.5 * 2**20))
    assert len(facts["compiled_from_sha256"]) == 64
    logs = list((compiling.bench.folder / "cache" / "models").glob("tiny-edgetpu-*/edgetpu_compiler.log"))
    assert len(logs) == 1


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("failure", "ERROR: Encountered unresolved custom op: Atan. Compilation failed: Model failed in Tflite"),
        ("crash", "left no compiled file: it printed nothing"),
        ("nothing", "left no compiled file"),
        ("mute", "edgetpu_compiler -v: says no version"),
    ],
)
def test_a_compiler_that_fails_says_why_and_leaves_nothing(compiling: TpuMachine, mode: str, error: str) -> None:
    outcome = _compile(compiling, mode)
    assert outcome["status"] == "failed"
    assert error in str(outcome["error"])
    assert not list((compiling.bench.folder / "cache" / "models").glob("tiny-edgetpu-*/*"))
    assert _compile(compiling, "success")["status"] == "measured", "the failure was not cached"


def test_a_compiler_that_hangs_is_ended(compiling: TpuMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiler, "TIME_LIMIT_S", 1)
    monkeypatch.setattr(compiler, "_GRACE_S", 0)
    for name, value in {**compiling.bench.env, "STANDIN_COMPILER": "hang"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(compiler.ModelError, match="took more than 1 s, and was ended"):
        compiler.compile_model(compiling.bench.folder / "tiny.tflite", tmp_path)


def test_an_output_without_the_custom_operation_is_no_result(compiling: TpuMachine) -> None:
    compiling.bench.env["STANDIN_COMPILED"] = str(compiling.bench.folder / "tiny.tflite")
    outcome = _compile(compiling, "success")
    assert outcome["error"] == "tiny.tflite: the compiler put nothing of it on the Edge TPU: no edgetpu-custom-op"


def test_without_a_compiler_the_case_is_skipped_with_what_to_do(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite(compiled=""), devices=f"{USB}2-1")
    outcome = tpu.outcome()
    assert outcome["status"] == "skipped"
    assert outcome["reason"] == "tiny.tflite is not compiled for the Edge TPU, and edgetpu_compiler is not on PATH"
    assert "`compiled:`" in str(outcome["hint"])
    assert "`weights: published`" in str(outcome["hint"])


def test_the_compiler_is_not_asked_for_what_cannot_be(compiling: TpuMachine) -> None:
    tensors = [Tensor("in", "float32", (1, 4)), Tensor("out", "float32", (1, 4))]
    write_tflite(compiling.bench.folder / "tiny.tflite", tensors, [Operation("SIN", (0,), (1,))], [0], [1])
    outcome = _compile(compiling, "success")
    assert "nothing of it can run on an Edge TPU; operation 0, SIN ‘out’ is not supported" in str(outcome["error"])
    assert not (compiling.bench.folder / "calls.log").exists()


def test_published_files_are_chosen_for_each_runtime(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    suite = tpu.bench.write(
        "suite.yaml",
        "name: published\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu, coral-usb]\nweights: published\nmeasure: quick\n",
    )
    tpu.run(suite, devices=f"{USB}2-1")
    cpu, stick = tpu.bench.run_file()["cases"]
    assert "mobilenet_v1_1.0_224_quant.tflite" in cpu["outcome"]["error"]
    assert "mobilenet_v1_1.0_224_quant_edgetpu.tflite" in stick["outcome"]["error"]


def test_the_compilers_log_in_figures() -> None:
    whole = read_log(SUCCESS.format(name="m", total=31, streamed="0.00B") + END)
    assert (whole.tpu_operations, whole.cpu_operations, whole.streamed_bytes) == (31, 0, 0)
    assert whole.cached_bytes == round(4.21 * 2**20)
    part = read_log(SUCCESS.format(name="m", total=267, streamed="512.00KiB") + PARTIAL + END)
    assert (part.tpu_operations, part.cpu_operations, part.streamed_bytes) == (264, 3, 512 * 1024)
    assert part.operators[1] == ("DEQUANTIZE", 2, "Operation is working on an unsupported data type")
    with pytest.raises(compiler.ModelError):
        read_log("nothing of the kind")


# --- devbench check -------------------------------------------------------------------------------------------------


def _checked(bench: Bench, path: Path, status: int) -> dict[str, dict[str, object]]:
    done = bench("check", path, "--json")
    assert done.returncode == status, done.stdout + done.stderr
    (finding,) = json.loads(done.stdout)[str(path)]
    assert finding["runtimes"] == ["edgetpu-litert", "edgetpu-tflite-runtime"], "they share the rules"
    return {one["name"]: one for one in finding["checks"]}


def test_a_model_that_keeps_every_rule(tpu: TpuMachine) -> None:
    path = _broken(tpu.bench.folder / "good.tflite", "TRANSPOSE")
    found = _checked(tpu.bench, path, 0)
    assert found["runs on an Edge TPU"]["text"] == "yes, all 2 operations of it"
    assert "TRANSPOSE" in str(found["from memory"]["text"])
    assert "kept    8-bit throughout" in tpu.bench("check", path).stdout


def _broken(
    path: Path, code: str, dtype: str = "int8", shape: tuple[int, ...] = (1, 4), version: int = 1, **more: object
) -> Path:
    tensors = [
        Tensor("in", dtype, shape, 0.1, **more),
        Tensor("mid", dtype, shape, 0.1),
        Tensor("out", dtype, shape, 0.1),
    ]
    operations = [
        Operation(code, (0, 0) if code == "CONV_2D" else (0,), (1,), version=version),
        Operation("LOGISTIC", (1,), (2,)),
    ]
    return write_tflite(path, tensors, operations, [0], [2])


def test_each_rule_is_broken_in_turn(bench: Bench) -> None:
    path = bench.folder / "broken.tflite"
    found = _checked(bench, _broken(path, "RELU", "float32"), 4)
    assert found["8-bit throughout"]["good"] is False
    assert found["8-bit throughout"]["text"] == "3 float32 tensors: ‘in’, ‘mid’, ‘out’"
    assert found["runs on an Edge TPU"]["text"] == "no: nothing of it can be mapped"
    found = _checked(bench, _broken(path, "RELU", signature=(-1, 4)), 4)
    assert found["fixed sizes"]["text"] == "1 tensors have a size that is not fixed: ‘in’"
    assert found["runs on an Edge TPU"]["text"] == "no: the compiler will refuse the file (fixed sizes)"
    found = _checked(bench, _broken(path, "RELU", shape=(2, 2, 2, 2)), 4)
    assert found["dimensions"]["good"] is False
    found = _checked(bench, _broken(path, "CONV_2D"), 4)
    assert found["constant parameters"]["text"] == (
        "operation 0, CONV_2D ‘mid’ has parameters that are computed, not constant: ‘in’"
    )
    found = _checked(bench, _broken(path, "SIN"), 4)
    assert found["operations"]["text"] == (
        "1 cannot be mapped (SIN 1); the first is operation 0, SIN ‘mid’: is not supported;"
        " 1 more stand behind one of them"
    )
    found = _checked(bench, _broken(path, "SOFTMAX", shape=(1, 20_000)), 4)
    assert "has 20000 elements, more than 16000" in str(found["operations"]["text"])


def test_only_what_reports_show_to_be_refused_is_called_so(bench: Bench) -> None:
    path = bench.folder / "new.tflite"
    verdict, readable = "runs on an Edge TPU", "readable by the compiler"
    found = _checked(bench, _broken(path, "QUANTIZE", version=3), 4)
    assert found[verdict]["text"] == "no: the compiler will refuse the file (readable by the compiler)"
    assert "refuses 3 and newer (google-coral/edgetpu#879)" in str(found[readable]["text"])
    assert _checked(bench, _broken(path, "QUANTIZE", version=2), 0)[verdict]["good"] is True
    found = _checked(bench, _broken(path, "RELU", version=4), 0)
    assert (found[verdict]["good"], found[readable]["good"]) == (None, None)
    assert found[verdict]["text"] == "yes, all 2 operations of it, if the compiler can read the file"
    assert "judged by its age alone" in str(found[readable]["text"])


def test_the_compiler_is_asked_about_what_is_only_presumed(compiling: TpuMachine) -> None:
    for code, version in (("RELU", 4), ("QUANTIZE", 3), ("SOFTMAX", 1)):
        _broken(compiling.bench.folder / "tiny.tflite", code, version=version, shape=(1, 2, 2, 2))
        assert _compile(compiling, "success")["status"] == "measured", code


def test_a_file_that_cannot_be_read_does_not_hide_the_others(bench: Bench) -> None:
    paths = [bench.folder / "nowhere.tflite", _broken(bench.folder / "good.tflite", "RELU")]
    done = bench("check", *paths, "--json")
    assert done.returncode == 1
    missing, good = (json.loads(done.stdout)[str(path)][0] for path in paths)
    assert "cannot be read" in missing["error"]
    assert not missing["checks"]
    assert good["checks"][0]["text"] == "yes, all 2 operations of it"


def test_what_is_no_tflite_file_is_an_error_with_what_to_do(bench: Bench) -> None:
    cut = bench.write("cut.tflite", "")
    cut.write_bytes(_broken(bench.folder / "whole.tflite", "RELU").read_bytes()[:100])
    cases = {
        cut: "damaged or cut short",
        bench.write("text.tflite", "hello, world"): "this is not a TensorFlow Lite file",
        bench.write("model.keras", ""): "this is a Keras model, not a .tflite file",
        bench.folder / "nowhere.tflite": "cannot be read",
    }
    for path, message in cases.items():
        done = bench("check", path)
        assert done.returncode == 1
        assert message in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v1_0.25_128_quant",
        "mobilenet_v1_0.5_160_quant",
        "mobilenet_v2_1.0_224_quant",
        "keras_lstm_mnist_ptq",
        "movenet_single_pose_lightning_ptq",
        "split_concat",
    ],
)
def test_the_real_compiler_left_to_the_cpu_what_check_says(google_models: Path, name: str) -> None:
    """Google's own compiled files are the judge: operation by operation."""
    expected = map_operations(read_graph(google_models / f"{name}.tflite"))
    left = dict(read_compiled(google_models / f"{name}_edgetpu.tflite").cpu_operations)
    operations = [*(operation for operation, _ in expected.unmapped), *expected.behind]
    assert Counter(operation.name for operation in operations) == Counter(left)


def test_googles_files_through_the_command(bench: Bench, google_models: Path) -> None:
    compiled = google_models / "movenet_single_pose_lightning_ptq_edgetpu.tflite"
    left = _checked(bench, compiled, 4)["runs on an Edge TPU"]["text"]
    assert str(left).startswith("compiled; 59 operations stay on the CPU: ")
    part = _checked(bench, google_models / "movenet_single_pose_lightning_ptq.tflite", 4)
    assert part["runs on an Edge TPU"]["text"] == "in part: 98 of 157 operations, the other 59 stay on the CPU"
    assert _checked(bench, google_models / "tf2_mobilenet_v2_1.0_224_ptq.tflite", 0)
    whole = _checked(bench, google_models / "mobilenet_v2_1.0_224_quant_edgetpu.tflite", 0)
    assert whole["runtime"]["text"] == "version 12 of the Edge TPU runtime, or newer"
    failing = _checked(bench, google_models / "model_invoking_error.tflite", 4)
    assert "fake-op-double" in str(failing["operations"]["text"])
