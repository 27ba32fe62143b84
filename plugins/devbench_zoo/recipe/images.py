"""Images made from a seed, for settling random weights and calibrating int8: no data set travels along."""

from __future__ import annotations

from typing import Any

import numpy as np

# White noise alone averages out in the deeper layers, so most images have structure: blocks of these sides.
_BLOCK_SIDES_PX = (1, 4, 16, 48)


def synthetic_pixels(side_px: int, seed: int, number: int) -> Any:
    """Image `number` as uint8 (side, side, 3).

    Like photographs the images reach both ends of the range, and
    differ in their main colour and in contrast: networks answer to that, and would else see all as one.
    """
    # The old generator on purpose: numpy promises that its numbers never change (NEP 19).
    generator = np.random.RandomState((seed * 100_003 + number) % 2**32)
    block_px = _BLOCK_SIDES_PX[number % len(_BLOCK_SIDES_PX)]
    cells = -(-side_px // block_px)
    colour, contrast_percent = generator.randint(0, 256, 3), generator.randint(10, 101)
    coarse = colour + generator.randint(-128, 128, (cells, cells, 3)) * contrast_percent // 100
    image = coarse.repeat(block_px, axis=0).repeat(block_px, axis=1)[:side_px, :side_px]
    image[0, 0], image[0, 1] = 0, 255
    return image.clip(0, 255).astype(np.uint8)


def synthetic_batch(side_px: int, seed: int, count: int) -> Any:
    """The first `count` images as float32 (count, side, side, 3) in [-1, 1], the input range of all four networks."""
    pixels = np.stack([synthetic_pixels(side_px, seed, number) for number in range(count)])
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
