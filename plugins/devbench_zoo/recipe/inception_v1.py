"""Inception v1 (GoogLeNet): Szegedy et al. 2014, "Going Deeper with Convolutions", arXiv 1409.4842, table 1.

The main tower alone: the two auxiliary heads and the dropout exist for training. Two choices follow
Google's published TensorFlow Lite files, which later benchmarks ran, rather than the 2014 paper: batch
normalization (without a scale) replaces biases and local response normalization, and the convolutions of
the paper's "5x5" column are 3x3. The latter also is what makes 1.5 G multiply-accumulates; with real 5x5
ones there would be 1.6 G.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

CLASSES = 1000
# Columns of table 1: 1x1 | 3x3 reduce, 3x3 | "5x5" reduce, "5x5" | pool projection.
_STAGE_3 = ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64))
_STAGE_4 = (
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
)
_STAGE_5 = ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128))


def inception_v1(side_px: int) -> Any:
    """The network up to its logits, with fresh weights; input (n, side, side, 3), output (n, 1000)."""
    image = keras.Input((side_px, side_px, 3), name="image")
    x = _conv(image, 64, 7, stride=2)
    x = _max_pool(x)
    x = _conv(x, 64, 1)
    x = _conv(x, 192, 3)
    for stage in (_STAGE_3, _STAGE_4, _STAGE_5):
        x = _max_pool(x)
        for widths in stage:
            x = _inception(x, *widths)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(CLASSES)(x), name="inception_v1")


def _inception(x: Any, one: int, reduce_a: int, three_a: int, reduce_b: int, three_b: int, pool: int) -> Any:
    """The module of figure 2(b): four views of the same input, side by side."""
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    return layers.Concatenate()(
        [
            _conv(x, one, 1),
            _conv(_conv(x, reduce_a, 1), three_a, 3),
            _conv(_conv(x, reduce_b, 1), three_b, 3),
            _conv(pooled, pool, 1),
        ]
    )


def _max_pool(x: Any) -> Any:
    return layers.MaxPooling2D(3, strides=2, padding="same")(x)


def _conv(x: Any, filters: int, size: int, stride: int = 1) -> Any:
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-3)(x)
    return layers.ReLU()(x)
