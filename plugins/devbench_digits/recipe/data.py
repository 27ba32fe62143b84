"""scikit-learn's 1,797 digits of 8x8 pixels: 1,257 to train and calibrate with, 540 to test with, never both.

They are the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998, doi 10.24432/C50P49).
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from PIL import Image

from devbench_digits.recipe import SIDE_PX

TEST_PICTURES = 540
_FULL_INK = 16  # of a pixel of scikit-learn's
_A_DAY = (2020, 1, 1, 0, 0, 0)  # of every file in a zip: the bytes must not depend on the hour


def pixels(part: str, seed: int) -> tuple[Any, Any]:
    """Pictures as uint8 (count, 8, 8) and their classes (count,), of the part `train` or `test`."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    # The old generator on purpose: numpy promises that its numbers never change (NEP 19).
    order = np.random.RandomState(seed).permutation(len(digits.target))
    chosen = order[:TEST_PICTURES] if part == "test" else order[TEST_PICTURES:]
    ink = np.minimum(digits.images[chosen] * 256 // _FULL_INK, 255).astype(np.uint8)
    return ink, digits.target[chosen]


def prepared(ink: Any) -> Any:
    """What the network takes, float32 (count, 32, 32, 3) in [-1, 1]: enlarged as devbench does it with pictures."""
    enlarged = [
        np.asarray(Image.fromarray(one).convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR))
        for one in ink
    ]
    return np.stack(enlarged).astype(np.float32) / np.float32(127.5) - np.float32(1)


def zipped(part: str, seed: int) -> bytes:
    """A zip with one folder for each class and the pictures as PNG."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, (one, label) in enumerate(zip(*pixels(part, seed), strict=True)):
            picture = io.BytesIO()
            Image.fromarray(one).save(picture, "PNG")
            name = zipfile.ZipInfo(f"{label}/{number:04d}.png", date_time=_A_DAY)
            archive.writestr(name, picture.getvalue())
    return buffer.getvalue()
