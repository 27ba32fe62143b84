"""Networks as TensorFlow writes them, all the way to an answer: float and int8, from every form of one network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from devbench.domain.making import Preparation
from devbench.models.guards import guards
from devbench.models.tflite_file import read_tflite
from tests.conftest import QUICK, Bench
from tests.pipeline.networks import SIDE, pictures

# TensorFlow is started twice: once for all files, once for what `run` makes.
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.xdist_group("sources made by TensorFlow"),
    pytest.mark.timeout(300),
]


def _answers(path: Path, count: int = 6) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    given, gives = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for picture in sorted((path.parent / "pictures").glob("*.png"))[:count]:
        real = (np.asarray(Image.open(picture), np.float32)[None] - 127.5) / 127.5
        interpreter.set_tensor(given["index"], real)
        interpreter.invoke()
        found.append(interpreter.get_tensor(gives["index"])[0])
    return np.stack(found)


def test_every_form_converts_to_the_same_answers_with_fixed_sizes(forms: Path) -> None:
    expected = _answers(forms / "float.tflite")
    for name in ("net.keras", "net.h5", "saved", "net.pb"):
        made = forms / f"{name}_converted.tflite"
        found = read_tflite(made)
        assert not found.dynamic, name
        assert found.inputs[0].shape == (1, SIDE, SIDE, 3)
        np.testing.assert_allclose(_answers(made), expected, atol=1e-5)


def test_a_keras_file_keeps_the_names_of_its_ends_and_what_its_layers_remember(forms: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(forms / "unusual.keras_converted.tflite"))
    call = interpreter.get_signature_runner("serving_default")
    assert (list(call.get_input_details()), list(call.get_output_details())) == (
        ["left_eye", "right_eye"],
        ["depth", "mean"],
    )
    same = np.ones((1, SIDE, SIDE, 3), np.float32)
    first, second = (call(left_eye=same, right_eye=-same) for _ in range(2))
    np.testing.assert_array_equal(first["mean"], second["mean"])
    assert not np.array_equal(first["depth"], second["depth"])
    swapped = call(left_eye=-same, right_eye=same)
    assert not np.allclose(swapped["mean"], first["mean"])


def test_forms_are_recognised_and_their_arithmetic_has_a_name(forms: Path, bench: Bench) -> None:
    names = [
        "net.keras",
        "net.h5",
        "saved",
        "saved.zip",
        "net.pb",
        "float.tflite",
        "float16.tflite",
        "dynamic.tflite",
        "float_ends.tflite",
        "int8.tflite",
    ]
    done = bench("inspect", "--json", *(forms / one for one in names))
    assert done.returncode == 0, done.stderr
    found = [one["title"] for one in json.loads(done.stdout).values()]
    assert found == [
        "a Keras 3 network",
        "a Keras 3 network in an H5 file",
        "a TensorFlow SavedModel",
        "a TensorFlow SavedModel",
        "a frozen TensorFlow 1 graph",
        "a TensorFlow Lite file (float32)",
        "a TensorFlow Lite file (float16 weights)",
        "a TensorFlow Lite file (int8 weights)",
        "a TensorFlow Lite file (int8, float ends)",
        "a TensorFlow Lite file (int8)",
    ]


def test_a_keras_file_is_measured_in_float_and_in_int8_with_a_ledger_of_both(forms: Path, bench: Bench) -> None:
    pictures(bench.folder / "photos")
    suite = bench.write(
        "suite.yaml",
        f"""
name: made
models:
  - name: net
    source: {forms / "net.keras"}
    prepare: {{mean: 127.5, std: 127.5}}
    calibrate: {{images: photos, count: 8}}
    precision: [float32, int8]
    input: photos/00.png
  - {{name: free, source: {forms / "float.tflite"}, input: photos/00.png}}
devices: [{{desktop-cpu: {{runtime: litert}}}}]
measure: {QUICK}
""",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    cases = {case["id"].split("@")[0]: case for case in bench.run_file()["cases"]}
    assert cases["net:int8"]["artifact"]["facts"]["arithmetic"] == "int8"
    assert cases["net:int8"]["artifact"]["facts"]["made_by"] == "convert: tensorflow, quantize: ai-edge-quantizer"
    assert cases["free"]["artifact"]["facts"]["changed"] == "the free batch is fixed at 1"
    assert cases["free"]["artifact"]["inputs"][0]["shape"] == [1, SIDE, SIDE, 3]
    classes = {name: case["outcome"]["prediction"]["index"] for name, case in cases.items()}
    assert len(set(classes.values())) == 1, classes
    [_, whole] = json.loads(bench("make", suite, "--model", "net", "--json").stdout)
    steps = {step["name"]: step for step in whole["steps"]}
    assert list(steps) == ["recognise", "convert", "quantize"]
    assert len(steps["quantize"]["pictures"]) == 8
    assert not guards(Path(whole["path"]), Preparation())


def test_a_file_calibrated_with_other_pictures_than_it_is_fed_is_refused(forms: Path, bench: Bench) -> None:
    pictures(bench.folder / "photos")
    suite = bench.write(
        "suite.yaml",
        f"name: s\nmodels: [{{name: net, source: {forms / 'int8.tflite'}, input: {{image: photos/00.png, mean: 0, std: 1}}}}]\n"
        f"devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 3
    error = bench.outcomes()["net"]
    assert "and pictures are prepared with mean 0, std 1 (0 to 255): it would answer at random" in error["error"]
    assert "`prepare: {mean: 127.5, std: 127.5}` would fit the file" in error["hint"]


def test_calibration_pictures_that_are_missing_or_broken_are_told(forms: Path, bench: Bench) -> None:
    def said(extra: str) -> str:
        suite = bench.write(
            "suite.yaml",
            f"name: s\nmodels: [{{name: net, source: {forms / 'float.tflite'}, precision: int8, {extra}}}]\n"
            f"devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
        )
        done = bench("make", suite)
        assert done.returncode == 3
        return done.stderr

    (bench.folder / "empty").mkdir()
    pictures(bench.folder / "photos", 3)
    (bench.folder / "photos" / "01.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert "int8 needs calibration pictures, and the suite names none" in said("prepare: {mean: 0}")
    assert "there is no picture to calibrate with" in said("calibrate: empty")
    assert "there is no such folder" in said("calibrate: nowhere")
    assert "01.png" in said("calibrate: photos")


def test_the_table_of_sources_can_be_made_again(forms: Path, bench: Bench) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "sources.py"
    command = [sys.executable, script, forms, "--only", "second file"]
    done = subprocess.run(command, env=bench.env, cwd=bench.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [row] = done.stdout.splitlines()[2:]
    assert "measured with onnxruntime: float32, 1×3×16×16" in row
    assert "the weights are in the file itself" in row
    assert row.endswith("| 0 |")
