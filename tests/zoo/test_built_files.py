"""What the chain makes of a network of the catalogue, looked at from outside and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from devbench import read_tflite

pytestmark = [  # made once, and once more to see whether the same comes out
    pytest.mark.thorough,
    pytest.mark.xdist_group("built by TensorFlow"),
    pytest.mark.timeout(400),
]


def test_float32_is_float32_and_static(built: dict[str, Path]) -> None:
    file = read_tflite(built["float32"])
    assert file.precision == "float32"
    assert not file.dynamic
    assert [spec.shape for spec in file.inputs + file.outputs] == [(1, 224, 224, 3), (1, 1000)]


def test_int8_is_int8_from_end_to_end(built: dict[str, Path]) -> None:
    file = read_tflite(built["int8"])
    assert set(file.tensor_types) == {"int8", "int32"}
    assert [spec.dtype for spec in file.inputs + file.outputs] == ["int8", "int8"]
    assert file.inputs[0].scale == pytest.approx(1 / 127.5, rel=1e-3)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_normalization_is_folded_into_the_convolutions(built: dict[str, Path], precision: str) -> None:
    operations = {"CONV_2D": 15, "DEPTHWISE_CONV_2D": 13, "MEAN": 1, "RESHAPE": 1, "SOFTMAX": 1}
    assert read_tflite(built[precision]).operations == operations


def test_the_same_bytes_come_out_again(ledger: dict[str, dict[str, Any]]) -> None:
    assert ledger["int8"]["again"]


def test_its_ledger_is_that_of_anybodys_network(ledger: dict[str, dict[str, Any]]) -> None:
    steps = {step["name"]: step for step in ledger["int8"]["steps"]}
    assert [(name, step["tool"]) for name, step in steps.items()] == [
        ("recognise", "devbench"),
        ("convert", "tensorflow"),
        ("quantize", "ai-edge-quantizer"),
    ]
    assert steps["recognise"]["result"] == "a Keras 3 network"
    assert steps["convert"]["said"]["answers"].startswith("as the source's for")
    assert len(steps["quantize"]["pictures"]) == 100
    assert "ranges differ by" in steps["quantize"]["said"]["halves"]
    assert ledger["float32"]["sha256"] == steps["convert"]["sha256"], "float32 is a step on the way to int8"


def test_answers_depend_on_the_image_and_int8_follows_float32(built: dict[str, Path]) -> None:
    pixels = np.random.RandomState(1).randint(0, 256, (4, 7, 7, 3)).repeat(32, axis=1).repeat(32, axis=2)
    exact = np.stack([run(built["float32"], (image / 127.5 - 1).astype(np.float32)) for image in pixels])
    rounded = np.stack([run(built["int8"], (image - 128).astype(np.int8)) for image in pixels])
    assert np.isfinite(exact).all()
    np.testing.assert_allclose(exact.sum(axis=1), 1, rtol=1e-3)
    assert abs(np.corrcoef(exact)[~np.eye(4, dtype=bool)]).max() < 0.9
    # Random weights give a thousand small scores, of which an int8 softmax (steps of 1/256) keeps little:
    # unrelated answers would correlate by about 0.02.
    assert np.corrcoef(exact.ravel(), (rounded + 128.0).ravel() / 256)[0, 1] > 0.4


def run(path: Path, image: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
