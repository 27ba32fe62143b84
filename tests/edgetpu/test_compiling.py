"""From an int8 file to a compiled one, by a stand-in compiler on PATH; and what `devbench check` says before that."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from devbench_edgetpu import compiler
from devbench_edgetpu.compiler import read_log
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
