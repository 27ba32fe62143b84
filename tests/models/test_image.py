"""Pixels to tensors: exact for every kind of input."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.case import ImageInput
from devbench.domain.model import TensorSpec
from devbench.domain.outcome import OutputTensor
from devbench.errors import DevbenchError
from devbench.models.image import image_feed, quantized
from devbench.models.prediction import predict, read_labels

IMAGE = ImageInput(path=Path("unused"))
RGB = TensorSpec(name="x", dtype="float32", shape=(1, 4, 4, 3))
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


def _png(width: int, height: int) -> bytes:
    """A picture of one colour; its rows are never made, so it can be as large as a PNG says."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an image that can be read"),
        (b"not an image at all", "not an image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image that can be read"),
        (b"\x89PNG\r\n\x1a\n cut short", "not an image that can be read"),
        (_png(500, 500)[:-30], "the image is damaged"),
        (_png(12_000, 12_000), "too many pixels"),
        (_png(100_000, 100_000), "too many pixels"),
    ],
)
def test_a_file_that_is_not_a_whole_image_of_a_fair_size_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DevbenchError, match=rf"x\.png: .*{reason}"):
        image_feed(ImageInput(path=path), (RGB,), tmp_path / "x.npy")


@pytest.mark.parametrize("shape", [(1, 50_000, 50_000, 3), (1, -1, 4, 3), (1, 0, 4, 3), (2, 4, 4, 3), (4, 4, 3)])
def test_an_input_that_no_image_fits_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    spec = TensorSpec(name="x", dtype="float32", shape=shape)
    with pytest.raises(DevbenchError, match="an image cannot be fed to inputs of shape"):
        image_feed(IMAGE, (spec,), tmp_path / "x.npy")
    with pytest.raises(DevbenchError, match="it takes string"):
        image_feed(IMAGE, (TensorSpec(name="x", dtype="string", shape=(1, 4, 4, 3)),), tmp_path / "x.npy")


def test_pipes_and_devices_are_neither_images_nor_labels(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # takes no space
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path / "large", tmp_path, tmp_path / "gone"):
        with pytest.raises(DevbenchError, match="the image cannot be read: "):
            image_feed(ImageInput(path=path), (RGB,), tmp_path / "x.npy")
        with pytest.raises(DevbenchError, match="the labels cannot be read: "):
            read_labels(path)
    with pytest.raises(DevbenchError, match=r"the labels are not UTF-8 text \(byte 0\)"):
        read_labels(tmp_path / "binary")


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
