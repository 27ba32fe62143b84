"""Makes a network with random weights behave like a trained one, as far as the size of its numbers goes.

As the initializers leave them, deep networks fade (the last layers of MobileNet v1 see numbers near 1e-19)
and answer every image with the same 1/1000 for each class, which int8 rounds to 0 everywhere.
Then nothing can be calibrated, and a device that computes rubbish looks right. So each normalization gets
one scale that keeps its layer's numbers near 1, and the classifier is made to have opinions.

Full batch statistics, with a mean and a scale for each channel, do not work: without training such a
network is chaotic. Inception v4 grew a thousandfold on images that the statistics had not seen, and
MobileNet v2's int8 answers had little to do with its float32 ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from devbench import ModelError

SETTLING_IMAGES = 8
UNSEEN_IMAGES = 4
_LOGIT_SPREAD = 3.0  # the best of 1000 classes then gets some tenths of the probability


def settle(network: Any, images: Any) -> None:
    """Adapt `network` in place to the first 8 of `images` (12, side, side, 3), and try it on the others."""
    seen, unseen = images[:SETTLING_IMAGES], images[SETTLING_IMAGES:]
    _settle_normalization(network, seen)
    _settle_classifier(network, seen)
    spread = np.asarray(network(unseen, training=False)).std(axis=1) / _LOGIT_SPREAD
    if not (np.isfinite(spread).all() and spread.min() > 0.1 and spread.max() < 10):  # noqa: PLR2004 - wide
        raise ModelError(f"{network.name}: the random weights do not give a stable output (spread of logits: {spread})")


def _settle_normalization(network: Any, images: Any) -> None:
    """One pass, in which each normalization first takes its scale from what reaches it."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.call = _settling_call(layer, layer.call)
    network(images, training=False)
    for layer in layers:
        del layer.call  # the class's own is back


def _settling_call(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def settle_and_call(inputs: Any, **_: Any) -> Any:
        square = float(np.square(np.asarray(inputs, np.float64)).mean())
        layer.moving_variance.assign(np.full(layer.moving_variance.shape, _rounded(square), np.float32))
        return call(inputs, training=False)

    return settle_and_call


def _settle_classifier(network: Any, images: Any) -> None:
    """Centre each class over the images, so that the answer depends on the image, and spread them."""
    classifier = [layer for layer in network.layers if getattr(layer, "kernel", None) is not None][-1]
    logits = np.asarray(network(images, training=False), np.float64)
    means = logits.mean(axis=0)
    factor = _rounded(_LOGIT_SPREAD / float((logits - means).std()))
    classifier.kernel.assign(classifier.kernel * factor)
    classifier.bias.assign(np.round(-means * factor, 1).astype(np.float32))


def _rounded(number: float) -> float:
    """To 3 digits: a last bit that another processor computes differently must not reach the file."""
    return float(f"{number:.3g}")
