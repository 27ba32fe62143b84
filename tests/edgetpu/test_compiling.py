"""From an int8 file to a compiled one, by a stand-in compiler on PATH."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import Artifact, ModelError, NotHereError, Option, Variant
from devbench.domain.option import spec_of
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench_edgetpu import compiler
from devbench_edgetpu.compiler_log import read_log
from devbench_edgetpu.options import OPTIONS
from devbench_edgetpu.prepare import prepared
from tests.edgetpu.compiled_model import compiled_classifier
from tests.edgetpu.conftest import TpuMachine
from tests.edgetpu.edgetpu_compiler import END, PARTIAL, SUCCESS
from tests.tiny_tflite import Operation, Tensor, classifier, write_tflite

USB = "usb:/sys/bus/usb/devices/"
Prepare = Callable[..., Artifact]


def _install(folder: Path) -> Path:
    """The stand-in compiler as a program in a folder for PATH."""
    folder.mkdir()
    program = folder / "edgetpu_compiler"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("edgetpu_compiler.py")} "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Prepares tiny.tflite, or another file beside it, with the stand-in compiler doing what `mode` says."""
    classifier(tmp_path / "tiny.tflite")
    monkeypatch.setenv("PATH", f"{_install(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DEVBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STANDIN_COMPILED", str(compiled_classifier(tmp_path / "made.tflite")))
    monkeypatch.setenv("STANDIN_CALLS", str(tmp_path / "calls.log"))

    def run(mode: str = "success", name: str = "tiny.tflite", **options: Option) -> Artifact:
        monkeypatch.setenv("STANDIN_COMPILER", mode)
        variant = Variant(precision="", format="tflite", source=str(tmp_path / name))
        cache = ModelCache(tmp_path / "unused")
        return prepared(prepare_artifact("tiny", variant, cache, lambda *_: tmp_path), options)

    return run


def _calls(folder: Path) -> list[str]:
    """What the compiler was called with, without the name of the folder in the making."""
    lines = (folder / "calls.log").read_text().splitlines()
    return [" ".join("OUT" if word.startswith(".making-") else word for word in line.split()) for line in lines]


def test_it_is_compiled_once_and_what_the_compiler_says_is_kept(prepare: Prepare, tmp_path: Path) -> None:
    first, second = prepare("partial"), prepare("partial")
    assert _calls(tmp_path) == ["-s -t 300 -o OUT tiny.tflite"], "the second time it is found in the cache"
    assert first == second
    assert first.facts["compiler_version"] == "16.0.384591198"
    assert first.facts["mapped_operations"] == "264 of 267"
    assert first.facts["off_chip_bytes"] == str(round(1.5 * 2**20))
    assert first.facts["compiler_reasons"].startswith("DEQUANTIZE 2: Operation is working on an unsupported data type;")
    assert len(first.facts["compiled_from_sha256"]) == 64
    assert first.path.with_name("edgetpu_compiler.log").exists()


@pytest.mark.parametrize(
    ("mode", "error", "hint"),
    [
        (
            "failure",
            "ERROR: Encountered unresolved custom op: Atan. Compilation failed: Model failed in Tflite",
            "check",
        ),
        ("timeout", "Compilation timeout. This is usually caused by large activations.", "`compiler_timeout_s`"),
        ("half", "ended with exit status 1", "check"),
        ("crash", "killed by SIGABRT; it printed: it printed nothing", "`compiler_search: true`"),
        ("nothing", "left no compiled file", "check"),
    ],
)
def test_a_failure_says_why_keeps_its_log_and_is_not_cached(
    prepare: Prepare, tmp_path: Path, mode: str, error: str, hint: str
) -> None:
    with pytest.raises(ModelError) as caught:
        prepare(mode)
    assert error in caught.value.message
    assert hint in caught.value.hint
    log = tmp_path / "cache" / "models" / "tiny-edgetpu_compiler-failed.log"
    assert str(log) in caught.value.hint
    assert log.read_text().startswith("edgetpu_compiler -s -t 300")
    assert not list((tmp_path / "cache" / "models").glob("tiny-edgetpu-*/*")), "a file of a failure is no result"
    assert prepare().facts["edgetpu_operations"] == "1", "and the failure does not stay"


def test_a_compiler_without_a_version_is_none(prepare: Prepare) -> None:
    with pytest.raises(ModelError, match="edgetpu_compiler -v: says no version"):
        prepare("mute")


def test_a_compiler_that_hangs_is_ended(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_GRACE_S", 0)
    with pytest.raises(ModelError, match="took more than 1 s, and was ended") as caught:
        prepare("hang", compiler_timeout_s=1)
    assert "give it more time with `compiler_timeout_s`" in caught.value.hint


def test_what_a_suite_asks_of_the_compiler(prepare: Prepare, tmp_path: Path) -> None:
    plain = prepare()
    asked = prepare(compiler_min_runtime=13, compiler_all_subgraphs=True, compiler_search=True, compiler_timeout_s=60)
    assert _calls(tmp_path)[1] == "-s -t 60 -m 13 -a -d -o OUT tiny.tflite"
    assert asked.path != plain.path, "another file, so another place in the cache"
    assert asked.facts["compiler_flags"] == "-m 13 -a -d"
    assert prepare(compiler_timeout_s=900) == plain, "the time limit makes no other file"


def test_files_compiled_together(prepare: Prepare, tmp_path: Path) -> None:
    classifier(tmp_path / "other.tflite")
    first = prepare(compiler_together="other.tflite")
    assert first.path.name == "tiny_edgetpu.tflite"
    assert first.facts["compiled_together_with"] == "other.tflite"
    ordered = prepare(compiler_together="other.tflite, tiny.tflite")
    assert _calls(tmp_path) == [
        "-s -t 300 -o OUT tiny.tflite other.tflite",
        "-s -t 300 -o OUT other.tflite tiny.tflite",
    ], "the order decides who gets the memory: its own, or first"
    assert ordered.path != first.path
    with pytest.raises(ModelError, match=r"missing\.tflite: no such file"):
        prepare(compiler_together="missing.tflite")


def test_what_is_compiled_already_is_not_asked_for_anew(prepare: Prepare) -> None:
    assert prepare(name="made.tflite").facts["edgetpu_operations"] == "1"
    with pytest.raises(ModelError, match=r"compiled already: the options compiler_search would do nothing"):
        prepare(name="made.tflite", compiler_search=True, compiler_timeout_s="")


def test_a_compiled_file_beside_it_is_noticed_where_there_is_no_compiler(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(NotHereError) as caught:
        prepare()
    assert "`weights: published`" in caught.value.hint
    compiled_classifier(tmp_path / "tiny_edgetpu.tflite")
    with pytest.raises(NotHereError) as caught:
        prepare()
    assert caught.value.hint.startswith("tiny_edgetpu.tflite is beside it: if it is the same network, name it")


def test_an_output_without_the_custom_operation_is_no_result(
    prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_COMPILED", str(tmp_path / "tiny.tflite"))
    with pytest.raises(ModelError, match=r"tiny.tflite: the compiler put nothing of it on the Edge TPU"):
        prepare()


def test_the_compiler_is_not_asked_for_what_cannot_be(prepare: Prepare, tmp_path: Path) -> None:
    tensors = [Tensor("in", "float32", (1, 4)), Tensor("out", "float32", (1, 4))]
    write_tflite(tmp_path / "tiny.tflite", tensors, [Operation("SIN", (0,), (1,))], [0], [1])
    with pytest.raises(
        ModelError, match="nothing of it can run on an Edge TPU; operation 0, SIN ‘out’ is not supported"
    ):
        prepare()
    assert not (tmp_path / "calls.log").exists()


@pytest.mark.parametrize(("code", "version"), [("RELU", 4), ("QUANTIZE", 3), ("SOFTMAX", 1)])
def test_the_compiler_is_asked_about_what_is_only_presumed(
    prepare: Prepare, tmp_path: Path, code: str, version: int
) -> None:
    tensors = [Tensor(name, "int8", (1, 2, 2, 2), 1 / 256) for name in ("in", "out")]
    write_tflite(tmp_path / "tiny.tflite", tensors, [Operation(code, (0,), (1,), version=version)], [0], [1])
    assert prepare().facts["edgetpu_operations"] == "1"


def test_a_run_compiles_and_shows_what_the_compiler_left_and_why(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    folder = tpu.bench.folder
    tpu.bench.env["PATH"] = f"{_install(folder / 'bin')}{os.pathsep}{os.environ['PATH']}"
    tpu.bench.env["STANDIN_COMPILED"] = str(compiled_classifier(folder / "made.tflite", left_on_cpu=True))
    tpu.bench.env["STANDIN_CALLS"] = str(folder / "calls.log")
    suite = tpu.suite("{coral-usb: {compiler_min_runtime: 13, compiler_all_subgraphs: true}}", compiled="")
    done = tpu.run(suite, devices=f"{USB}2-1", compiler="partial")
    assert tpu.outcome()["status"] == "measured", done.stderr
    assert _calls(folder) == ["-s -t 300 -m 13 -a -o OUT tiny.tflite"]
    text = " ".join(done.stdout.split())
    assert "operations left on the CPU: 1 (SQUEEZE 1); the compiler says DEQUANTIZE 2: Operation is working" in text


def test_a_wrong_value_is_found_before_anything_is_measured(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    suite = tpu.suite("{coral-usb: {performance: [Max, Turbo], compiler_min_runtime: old}}")
    done = tpu.bench("run", suite, "--dry-run", env=tpu.env(devices=f"{USB}2-1"))
    assert done.returncode == 1, done.stdout
    assert "'performance' must be 'Low', 'Medium', 'High' or 'Max', not 'Turbo'" in done.stderr
    assert "'compiler_min_runtime' must be a whole number, not 'old'" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("performance", "Max", True),
        ("performance", "", True),
        ("performance", 3, False),
        ("usb_always_dfu", True, True),
        ("usb_always_dfu", 1, False),
        ("usb_max_bulk_in_queue_length", 256, False),
        ("compiler_search", "yes", False),
        ("compiler_timeout_s", True, False),
        ("compiler_together", 7, False),
        ("threads", 0, False),
    ],
)
def test_which_values_an_option_takes(name: str, value: Option, right: bool) -> None:
    assert (spec_of(name, OPTIONS[name]).problem(value) == "") is right


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
    table = read_log(PARTIAL[PARTIAL.index("Operator ") :])
    assert (table.tpu_operations, table.cpu_operations) == (102, 3), "the compiler's own .log file has the table alone"
    with pytest.raises(ModelError):
        read_log("nothing of the kind")
