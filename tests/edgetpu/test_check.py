"""`devbench check` on files: what it says of them, how it exits, and what it calls files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devbench import Check, ModelError
from devbench_edgetpu.check import table
from devbench_edgetpu.check.rules import check_file
from tests.conftest import Bench
from tests.edgetpu.compiled_model import compiled_classifier
from tests.tiny_tflite import Operation, Tensor, write_tflite

ROOT = Path(__file__).parents[2]
VERDICT, READABLE = "runs on an Edge TPU", "readable by the compiler"


def _checked(path: Path) -> dict[str, Check]:
    return {one.name: one for one in check_file(path)}


def _file(path: Path, code: str, dtype: str = "int8", shape: tuple[int, ...] = (1, 4), version: int = 1) -> Path:
    tensors = [Tensor("in", dtype, shape, 0.1), Tensor("mid", dtype, shape, 0.1), Tensor("out", dtype, shape, 0.1)]
    operations = [
        Operation(code, (0, 0) if code == "CONV_2D" else (0,), (1,), version=version),
        Operation("LOGISTIC", (1,), (2,)),
    ]
    return write_tflite(path, tensors, operations, [0], [2])


def test_a_model_that_keeps_every_rule(tmp_path: Path) -> None:
    found = _checked(_file(tmp_path / "good.tflite", "RELU"))
    assert found[VERDICT].text == "yes, all 2 operations of it"
    assert found["evidence"].text == "of 2 operations: documented 1, seen mapped 1"
    assert found["input range"].text == "‘in’ takes -12.8 to 12.7: what the network was trained on?"


def test_rules_broken_in_files(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    found = _checked(_file(path, "RELU", "float32"))
    assert found["8-bit throughout"].text == "3 float32 tensors: ‘in’, ‘mid’, ‘out’"
    assert found[VERDICT].text == "no: nothing of it can be mapped"
    found = _checked(_file(path, "RELU", shape=(2, 2, 2, 2)))
    assert found["dimensions"].good is False
    found = _checked(_file(path, "CONV_2D"))
    assert found["constant parameters"].text == (
        "operation 0, CONV_2D ‘mid’ has parameters that are computed, not constant: ‘in’"
    )
    found = _checked(_file(path, "SIN"))
    assert found["operations"].text == (
        "1 cannot be mapped (SIN 1); the first is operation 0, SIN ‘mid’: is not supported"
    )
    found = _checked(_file(path, "SOFTMAX", shape=(1, 20_000)))
    assert "has 20000 elements, more than 16000" in found["operations"].text


def test_what_is_not_known_breaks_no_rule(tmp_path: Path) -> None:
    found = _checked(_file(tmp_path / "may.tflite", "TRANSPOSE"))
    assert (found[VERDICT].good, found["not known"].good) == (None, None)
    assert found[VERDICT].text == "not known: 0 to 2 of 2 operations; 0 to 2 stay on the CPU"
    assert "from memory" in found["not known"].text
    assert "issue 433" in found["not known"].text


def test_only_what_reports_show_to_be_refused_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "new.tflite"
    found = _checked(_file(path, "QUANTIZE", version=3))
    assert found[VERDICT].text == "no: the compiler will refuse the file (readable by the compiler)"
    assert "refuses 3 and newer (google-coral/edgetpu#879)" in found[READABLE].text
    assert _checked(_file(path, "QUANTIZE", version=2))[VERDICT].good is True
    found = _checked(_file(path, "RELU", version=4))
    assert (found[VERDICT].good, found[READABLE].good) == (None, None)
    assert found[VERDICT].text == (
        "yes, all 2 operations of it, if the compiler takes the file (readable by the compiler)"
    )
    assert "judged by its age alone" in found[READABLE].text


def test_the_command_prints_marks_and_a_file_that_cannot_be_read_hides_no_other(bench: Bench) -> None:
    missing, good = bench.folder / "nowhere.tflite", _file(bench.folder / "good.tflite", "RELU")
    done = bench("check", missing, good, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert "there is no such file" in found[str(missing)][0]["error"]
    assert not found[str(missing)][0]["checks"]
    assert found[str(good)][0]["runtimes"] == ["edgetpu-litert", "edgetpu-tflite-runtime", "pycoral"]
    assert found[str(good)][0]["checks"][0]["text"] == "yes, all 2 operations of it"
    broken = bench("check", _file(bench.folder / "broken.tflite", "SIN"))
    assert broken.returncode == 4
    assert "kept    8-bit throughout" in broken.stdout
    assert "broken  operations: 1 cannot be mapped (SIN 1)" in broken.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.tflite", b"hello, world", "this is not a TensorFlow Lite file"),
        ("page.tflite", b"\n<!DOCTYPE html><html>", "this is an HTML page, not a .tflite file"),
        ("pointer.tflite", b"version https://git-lfs.github.com/spec/v1\noid", "this is a Git LFS pointer"),
        ("empty.tflite", b"", "the file is empty"),
        ("model.keras", b"", "this is a Keras model, not a .tflite file"),
        ("nowhere.tflite", None, "cannot be read"),
        ("cut.tflite", "cut", "damaged or cut short"),
    ],
)
def test_what_is_no_tflite_file_is_called_by_its_name(
    tmp_path: Path, name: str, content: bytes | str | None, message: str
) -> None:
    path = tmp_path / name
    if content == "cut":
        content = _file(path, "RELU").read_bytes()[:100]
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        check_file(path)
    assert message in caught.value.message


def test_a_compiled_file_beside_its_source_is_noticed_and_judged(tmp_path: Path) -> None:
    path = _file(tmp_path / "tiny.tflite", "RELU")
    compiled_classifier(tmp_path / "tiny_edgetpu.tflite")
    found = _checked(path)["compiled file"]
    assert found.text == "tiny_edgetpu.tflite is beside it: 0 of 2 operations on the CPU, as predicted"
    assert "`compiled: tiny_edgetpu.tflite`" in str(found.hint)
    compiled_classifier(tmp_path / "tiny_edgetpu.tflite", left_on_cpu=True)
    text = _checked(path)["compiled file"].text
    assert str(text).endswith("1 of 2 operations on the CPU, which is not as predicted")


@pytest.mark.parametrize(
    ("cached", "streamed", "hint"),
    [
        (1000, 576, ""),
        (1000, 500_000, "though all would fit: large activations, or a file that it was compiled together with"),
        (
            7_000_000,
            500_000,
            "0.5 MB of parameters are sent with every inference: the chip's memory does not hold them",
        ),
    ],
)
def test_why_parameters_travel(tmp_path: Path, cached: int, streamed: int, hint: str) -> None:
    path = compiled_classifier(tmp_path / "made.tflite", cached=cached, streamed=streamed)
    found = _checked(path)["parameters"]
    assert found.text == f"{cached:,} bytes kept on the chip, {streamed:,} sent with every inference"
    assert hint in str(found.hint)
    assert bool(hint) == bool(found.hint)


def test_the_page_of_operations_is_of_the_table() -> None:
    page = (ROOT / "docs" / "edgetpu-operations.md").read_text()
    assert page == table.page(), "print it anew: python -m devbench_edgetpu.check.table > docs/edgetpu-operations.md"


def test_googles_files_through_the_command(google_models: Path) -> None:
    compiled = google_models / "movenet_single_pose_lightning_ptq_edgetpu.tflite"
    found = _checked(compiled)
    assert found[VERDICT].text.startswith("compiled; 59 operations stay on the CPU: ")
    assert found["parameters"].hint == "", "2,368 bytes are no lack of memory"
    whole = _checked(google_models / "mobilenet_v2_1.0_224_quant_edgetpu.tflite")
    assert whole["runtime"].text == "version 12 of the Edge TPU runtime, or newer"
    failing = _checked(google_models / "model_invoking_error.tflite")
    assert "fake-op-double" in str(failing["operations"].text)
    part = _checked(google_models / "pairs" / "deeplabv3_mnv2_dm05_pascal_quant.tflite")
    assert part[VERDICT].text == "in part: 64 to 71 of 72 operations; 1 to 8 stay on the CPU"
    assert "8 of 72 operations on the CPU, as predicted" in str(part["compiled file"].text)
