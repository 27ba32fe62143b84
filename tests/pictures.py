"""Networks and pictures of which the right answers are known: the brightest of four pixels is the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.tiny_tflite import Operation, Tensor, write_tflite

CLASSES = 4


def brightest(path: Path, dtype: str = "float32", scale: float = 0.0, zero_point: int = 0) -> Path:
    """A network [1, 2, 2, 1] to four scores, the pixels themselves. With a coarse scale, near pixels become equal."""
    tensors = [
        Tensor("image", dtype, (1, 2, 2, 1), scale, zero_point),
        Tensor("scores", dtype, (2, 2), scale, zero_point),
    ]
    return write_tflite(path, tensors, [Operation("SQUEEZE", (0,), (1,))], [0], [1])


def coarse(path: Path) -> Path:
    """The same, but pixels that differ by less than 64 may look alike: then the first of them is the answer."""
    return brightest(path, "uint8", 0.5, 128)


def picture(path: Path, brightest: int, level: int = 255, rest: int = 0) -> Path:
    """A picture of which one pixel is the brightest."""
    pixels = np.full(CLASSES, rest, dtype=np.uint8)
    pixels[brightest] = level
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.reshape(2, 2)).save(path)
    return path


def test_set(folder: Path, each: int = 5) -> Path:
    """One folder for each class; in the last picture of each, the right pixel is a little brighter than the others."""
    for label in range(CLASSES):
        for number in range(each - 1):
            picture(folder / str(label) / f"{number}.png", label, 255 - number)
        picture(folder / str(label) / f"{each}.png", label, 110, 100)
    return folder


test_set.__test__ = False  # type: ignore[attr-defined]
