"""Pixels to tensors: exact for every kind of input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devbench.domain.case import ImageInput
from devbench.domain.model import TensorSpec
from devbench.domain.outcome import OutputTensor
from devbench.errors import DevbenchError
from devbench.models.image import image_feed, quantized
from devbench.models.prediction import predict

IMAGE = ImageInput(path=Path("unused"))
PIXELS = np.array([[[[0], [127], [128], [255]]]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "expected"),
    [
        ("uint8", 1 / 128, 128, [0, 127, 129, 255]),
        ("int8", 1 / 127.5, 0, [-128, 0, 0, 127]),
        ("uint8", 0, 0, [0, 127, 128, 255]),
        ("int16", 1 / 32768, 0, [-32768, -129, 129, 32767]),
    ],
)
def test_integers(dtype: str, scale: float, zero_point: int, expected: list[int]) -> None:
    spec = TensorSpec(name="x", dtype=dtype, shape=(1, 1, 4, 1), scale=scale, zero_point=zero_point)
    found = quantized(PIXELS, IMAGE, spec)
    assert found.dtype == dtype
    assert found.ravel().tolist() == expected


def test_floats_are_what_the_network_was_trained_on() -> None:
    spec = TensorSpec(name="x", dtype="float32", shape=(1, 1, 4, 1))
    assert quantized(PIXELS, IMAGE, spec).ravel().tolist() == pytest.approx([-1, -0.003922, 0.003922, 1], abs=1e-6)


def test_an_integer_input_without_a_scale_is_refused() -> None:
    spec = TensorSpec(name="x", dtype="int8", shape=(1, 1, 4, 1))
    with pytest.raises(DevbenchError, match="int8 without a scale"):
        quantized(PIXELS, IMAGE, spec)


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n cut short"])
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    spec = TensorSpec(name="x", dtype="float32", shape=(1, 4, 4, 3))
    with pytest.raises(DevbenchError, match=r"x\.png: "):
        image_feed(ImageInput(path=path), (spec,), tmp_path / "x.npy")


def test_labels_with_a_background_line_fit_a_network_without_it() -> None:
    output = OutputTensor(
        name="y", dtype="uint8", shape=(1, 3), sha256="", data=bytes([1, 9, 2]), scale=0.5, zero_point=1
    )
    with_background = predict((output,), ["background", "ant", "bee", "cat"])
    assert with_background is not None
    assert (with_background.index, with_background.label, with_background.score) == (1, "bee", 4.0)
    same = predict((output,), ["ant", "bee", "cat"])
    assert same is not None
    assert same.label == "bee"
    others = predict((output,), ["one", "two"])
    assert others is not None
    assert others.label == "", "a list of another length names nothing"
