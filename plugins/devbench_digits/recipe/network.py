"""A small network of separable convolutions, as mobile networks are built, and its training."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from devbench_digits.recipe import CLASSES, SIDE_PX

EPOCHS, BATCH = 20, 32
_WIDTHS = (24, 48, 96)
_MOMENTUM = 0.9  # of the statistics: there are few hundred steps


def network() -> Any:
    """The Keras model, from pictures in [-1, 1] to probabilities."""
    image = keras.Input((SIDE_PX, SIDE_PX, 3), name="image")
    found = layers.Conv2D(_WIDTHS[0], 3, strides=2, padding="same", use_bias=False)(image)
    found = layers.ReLU(6.0)(layers.BatchNormalization(momentum=_MOMENTUM)(found))
    for width in _WIDTHS[1:]:
        found = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(found)
        found = layers.ReLU(6.0)(layers.BatchNormalization(momentum=_MOMENTUM)(found))
        found = layers.Conv2D(width, 1, use_bias=False)(found)
        found = layers.ReLU(6.0)(layers.BatchNormalization(momentum=_MOMENTUM)(found))
    found = layers.GlobalAveragePooling2D()(found)
    return keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="probabilities")(found))


def trained(images: Any, classes: Any, seed: int) -> Any:
    """The network, trained on these."""
    keras.utils.set_random_seed(seed)
    model = network()
    rate = keras.optimizers.schedules.CosineDecay(5e-3, EPOCHS * -(-len(images) // BATCH))
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, classes, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return model
