"""Inception v4: Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact...", arXiv 1602.07261.

Built from the paper's figures 3 to 9, batch normalization (without a scale) after each convolution; the
dropout before the classifier exists for training and is left out. Figure numbers stand at each function.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

CLASSES = 1000


def inception_v4(side_px: int) -> Any:
    """Figure 9, up to the logits, with fresh weights; input (n, side, side, 3), output (n, 1000)."""
    image = keras.Input((side_px, side_px, 3), name="image")
    x = _stem(image)
    for _ in range(4):
        x = _inception_a(x)
    x = _reduction_a(x)
    for _ in range(7):
        x = _inception_b(x)
    x = _reduction_b(x)
    for _ in range(3):
        x = _inception_c(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(CLASSES)(x), name="inception_v4")


def _stem(x: Any) -> Any:
    """Figure 3: 299x299x3 to 35x35x384."""
    x = _conv(x, 32, 3, stride=2, padding="valid")
    x = _conv(x, 32, 3, padding="valid")
    x = _conv(x, 64, 3)
    x = _join(_max_pool(x), _conv(x, 96, 3, stride=2, padding="valid"))
    short = _conv(_conv(x, 64, 1), 96, 3, padding="valid")
    long = _conv(_conv(_conv(x, 64, 1), 64, (7, 1)), 64, (1, 7))
    x = _join(short, _conv(long, 96, 3, padding="valid"))
    return _join(_conv(x, 192, 3, stride=2, padding="valid"), _max_pool(x))


def _inception_a(x: Any) -> Any:
    """Figure 4, on the 35x35 grid: 384 channels in and out."""
    return _join(
        _conv(_average_pool(x), 96, 1),
        _conv(x, 96, 1),
        _conv(_conv(x, 64, 1), 96, 3),
        _conv(_conv(_conv(x, 64, 1), 96, 3), 96, 3),
    )


def _reduction_a(x: Any) -> Any:
    """Figure 7 with table 1's k=192, l=224, m=256, n=384: 35x35x384 to 17x17x1024."""
    return _join(
        _max_pool(x),
        _conv(x, 384, 3, stride=2, padding="valid"),
        _conv(_conv(_conv(x, 192, 1), 224, 3), 256, 3, stride=2, padding="valid"),
    )


def _inception_b(x: Any) -> Any:
    """Figure 5, on the 17x17 grid: 1024 channels in and out."""
    single = _conv(_conv(_conv(x, 192, 1), 224, (1, 7)), 256, (7, 1))
    double = _conv(_conv(_conv(x, 192, 1), 192, (1, 7)), 224, (7, 1))
    double = _conv(_conv(double, 224, (1, 7)), 256, (7, 1))
    return _join(_conv(_average_pool(x), 128, 1), _conv(x, 384, 1), single, double)


def _reduction_b(x: Any) -> Any:
    """Figure 8: 17x17x1024 to 8x8x1536."""
    long = _conv(_conv(_conv(x, 256, 1), 256, (1, 7)), 320, (7, 1))
    return _join(
        _max_pool(x),
        _conv(_conv(x, 192, 1), 192, 3, stride=2, padding="valid"),
        _conv(long, 320, 3, stride=2, padding="valid"),
    )


def _inception_c(x: Any) -> Any:
    """Figure 6, on the 8x8 grid: 1536 channels in and out."""
    single = _conv(x, 384, 1)
    double = _conv(_conv(_conv(x, 384, 1), 448, (1, 3)), 512, (3, 1))
    return _join(
        _conv(_average_pool(x), 256, 1),
        _conv(x, 256, 1),
        _conv(single, 256, (1, 3)),
        _conv(single, 256, (3, 1)),
        _conv(double, 256, (3, 1)),
        _conv(double, 256, (1, 3)),
    )


def _join(*branches: Any) -> Any:
    return layers.Concatenate()(list(branches))


def _average_pool(x: Any) -> Any:
    return layers.AveragePooling2D(3, strides=1, padding="same")(x)


def _max_pool(x: Any) -> Any:
    return layers.MaxPooling2D(3, strides=2, padding="valid")(x)


def _conv(x: Any, filters: int, size: int | tuple[int, int], stride: int = 1, padding: str = "same") -> Any:
    x = layers.Conv2D(filters, size, strides=stride, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-3)(x)
    return layers.ReLU()(x)
