"""Makes a network with random weights behave like a trained one, as far as numbers go.

As the initializers leave them, deep networks fade (the last layers of MobileNet v1 see numbers near 1e-19)
and answer every image with the same 1/1000 for each class, which int8 rounds to 0 everywhere.
Then nothing can be calibrated, and a device that computes rubbish looks right. So batch normalization gets
the statistics it would have after training, and the classifier is scaled to have opinions.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from devbench import ModelError

SETTLING_IMAGES = 8  # 16 gain nothing and need a gigabyte more
LOGIT_SPREAD = 3.0  # the best of 1000 classes then gets some tenths of the probability


def settle(network: Any, images: Any) -> None:
    """Adapt `network` to `images` (n, side, side, 3), in place."""
    _settle_batch_norm(network, images)
    _settle_classifier(network, images)
    logits = np.asarray(network(images, training=False))
    if not (np.isfinite(logits).all() and 0.5 < logits.std() / LOGIT_SPREAD < 2):  # noqa: PLR2004 - a wide band
        raise ModelError(f"{network.name}: the random weights have not settled (spread {logits.std():.3g})")


def _settle_batch_norm(network: Any, images: Any) -> None:
    """One pass as in training; without momentum the moving statistics become those of this batch."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    network(images, training=True)
    for layer, momentum in zip(layers, before, strict=True):
        layer.momentum = momentum


def _settle_classifier(network: Any, images: Any) -> None:
    """Centre each class over the images, so that the answer depends on the image, and spread them."""
    classifier = [layer for layer in network.layers if getattr(layer, "kernel", None) is not None][-1]
    logits = np.asarray(network(images, training=False))
    means = logits.mean(axis=0)
    factor = LOGIT_SPREAD / (logits - means).std()
    classifier.kernel.assign(classifier.kernel * factor)
    classifier.bias.assign((classifier.bias - means) * factor)
