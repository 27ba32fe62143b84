"""`devbench predict` through real files and the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.tiny_tflite import Operation, Tensor, write_tflite


def _network(path: Path, dtype: str = "int8", last: str = "CONV_2D") -> Path:
    """Twelve 1×1 convolutions, half of them on many pixels: 617 M multiply-accumulates, 1.7 MB of weights in int8."""
    width = 4 if dtype == "float32" else 1
    scale = 0.0 if dtype == "float32" else 0.1
    tensors = [Tensor("image", dtype, (1, 56, 56, 128), scale)]
    operations = []
    for number in range(12):
        channels, side = (128, 56) if number < 6 else (512, 14)
        if number == 6:
            tensors.append(Tensor("smaller", dtype, (1, 14, 14, 512), scale))
            operations.append(Operation("SPACE_TO_DEPTH", (len(tensors) - 2,), (len(tensors) - 1,)))
        before = len(tensors) - 1
        tensors.append(Tensor(f"w{number}", dtype, (channels, 1, 1, channels), scale, zeros=channels**2 * width))
        tensors.append(Tensor(f"t{number}", dtype, (1, side, side, channels), scale))
        operations.append(Operation("CONV_2D" if number < 11 else last, (before, before + 1), (before + 2,)))
    return write_tflite(path, tensors, operations, [0], [len(tensors) - 1])


def test_the_answer_comes_first_and_says_how_sure_it_is(bench: Bench) -> None:
    _network(bench.folder / "net.tflite")
    done = bench("predict", "net.tflite")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("net.tflite · int8, 617 M multiply-accumulates; in int8 1.67 MB of weights")
    assert lines[2].startswith("Expected to be fastest: ")
    assert "(90 %: " in lines[2]
    assert "Nothing was measured." in done.stdout


def test_json_has_each_device_with_its_number_or_the_reason(bench: Bench) -> None:
    _network(bench.folder / "net.tflite")
    (found,) = json.loads(bench("predict", "net.tflite", "--json").stdout).values()
    assert found["multiply_accumulates"] == 616_562_688
    for one in found["predictions"]:
        assert (one["expected_ms"] is None) == bool(one["no_number_because"])
        if one["expected_ms"]:
            low, high = one["interval_80_ms"]
            assert low < one["expected_ms"] < high
            assert sum(one["parts_ms"].values()) == pytest.approx(one["expected_ms"])
    by_key = {one["table"]: one for one in found["predictions"]}
    assert by_key["intel-ncs2"]["no_number_because"] == "three figures, and no relative among the other devices"
    assert by_key["raspberry-pi-4"]["interval_90_ms"] is None


def test_a_float_network_is_predicted_as_if_it_were_quantized(bench: Bench) -> None:
    _network(bench.folder / "net.tflite")
    _network(bench.folder / "wide.tflite", "float32")
    small, wide = json.loads(bench("predict", "net.tflite", "wide.tflite", "--json").stdout).values()
    assert wide["precision"] == "float32"
    assert wide["int8_weight_bytes"] == small["int8_weight_bytes"]
    times = [[one["expected_ms"] for one in found["predictions"]] for found in (small, wide)]
    assert times[0] == times[1]
    assert any("quantized to int8" in note for note in wide["notes"])


def test_operations_whose_work_is_not_counted_give_no_number(bench: Bench) -> None:
    _network(bench.folder / "net.tflite", last="custom:Mine")
    done = bench("predict", "net.tflite")
    assert done.returncode == 3
    assert "No time can be predicted on any device." in done.stdout
    assert "it has operations whose work is not counted: Mine" in " ".join(done.stdout.split())


def test_what_is_no_model_is_an_error_and_the_others_are_answered(bench: Bench) -> None:
    _network(bench.folder / "net.tflite")
    bench.write("page.tflite", "<!DOCTYPE html><html></html>")
    done = bench("predict", "page.tflite", "net.tflite", "not.tflite")
    assert done.returncode == 1
    assert "Expected to be fastest" in done.stdout
    assert "page.tflite: this is an HTML page" in done.stderr
    assert "not.tflite: there is no such file" in done.stderr
    assert "Did you mean net.tflite?" in done.stderr


def test_what_lies_beside_a_model_and_is_no_compiled_file_does_no_harm(bench: Bench) -> None:
    _network(bench.folder / "net.tflite")
    bench.write("net_edgetpu.tflite", "version https://git-lfs.github.com/spec/v1")
    done = bench("predict", "net.tflite", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["net.tflite"]["compiled_file"] is None


def test_of_real_files_the_published_figure_lies_in_the_interval(bench: Bench, google_models: Path) -> None:
    path = google_models / "mobilenet_v2_1.0_224_quant.tflite"
    (found,) = json.loads(bench("predict", path, "--json").stdout).values()
    by_key = {one["table"]: one for one in found["predictions"]}
    for key, published in (("coral-usb", 2.6), ("desktop-cpu", 51), ("coral-dev-board-cpu", 122)):
        low, high = by_key[key]["interval_90_ms"]
        assert low < published < high
    assert found["streamed_bytes"] == 0
    assert found["compiled_file"].endswith("_edgetpu.tflite")


def test_a_compiled_file_needs_the_one_that_it_was_compiled_from(bench: Bench, google_models: Path) -> None:
    name = "mobilenet_v2_1.0_224_quant"
    shutil.copy(google_models / f"{name}_edgetpu.tflite", bench.folder)
    alone = bench("predict", f"{name}_edgetpu.tflite")
    assert alone.returncode == 1
    assert f"beside it, as {name}.tflite" in alone.stderr
    shutil.copy(google_models / f"{name}.tflite", bench.folder)
    together = bench("predict", f"{name}_edgetpu.tflite")
    assert together.returncode == 0, together.stderr
    assert f"read from {name}_edgetpu.tflite" in " ".join(together.stdout.split())
    both = bench("predict", f"{name}.tflite", f"{name}_edgetpu.tflite")
    assert both.stdout == together.stdout


def test_operations_on_the_host_give_no_number_for_an_edge_tpu(bench: Bench, google_models: Path) -> None:
    (found,) = json.loads(
        bench("predict", google_models / "movenet_single_pose_lightning_ptq.tflite", "--json").stdout
    ).values()
    by_key = {one["table"]: one for one in found["predictions"]}
    assert by_key["coral-usb"]["expected_ms"] is None
    assert "59 operations stay on the CPU" in by_key["coral-usb"]["no_number_because"]
    assert by_key["desktop-cpu"]["expected_ms"] is not None
