"""Makes a network by its name: up to its logits, and with the softmax behind them."""

from __future__ import annotations

import socket
from typing import Any

import keras

from devbench import ModelError
from devbench_zoo.recipe import INPUT_SIDES_PX
from devbench_zoo.recipe.inception_v1 import inception_v1
from devbench_zoo.recipe.inception_v4 import inception_v4

_OURS = {"inception_v1": inception_v1, "inception_v4": inception_v4}
_MOBILENETS = {"mobilenet_v1": keras.applications.MobileNet, "mobilenet_v2": keras.applications.MobileNetV2}
_STALLED_AFTER_S = 60


def fresh_network(name: str, seed: int) -> Any:
    """The Keras model `name` as its initializers leave it, from a fixed seed."""
    _use_plain_keras()
    keras.utils.set_random_seed(seed)
    side_px = INPUT_SIDES_PX[name]
    if name in _OURS:
        return _OURS[name](side_px)
    return _mobilenet(name, None)


def imagenet_network(name: str) -> Any:
    """The Keras model `name` with the weights that Keras publishes; a `ModelError` where they cannot be had."""
    _use_plain_keras()
    socket.setdefaulttimeout(_STALLED_AFTER_S)  # Keras waits for a stalled download for ever
    try:
        return _mobilenet(name, "imagenet")
    except Exception as error:  # Keras raises a plain Exception for a failed download
        raise ModelError(
            f"{name}: the imagenet weights cannot be had: {error}",
            "Write `weights: random` (as fast, but without meaning), or get a way to storage.googleapis.com.",
        ) from error


def with_probabilities(network: Any) -> Any:
    """The network with a softmax at its end."""
    scores = keras.layers.Softmax(name="probabilities")(network.outputs[0])
    return keras.Model(network.inputs, scores, name=network.name)


def _use_plain_keras() -> None:
    """A user's ~/.keras/keras.json may say otherwise."""
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")


def _mobilenet(name: str, weights: str | None) -> Any:
    side_px = INPUT_SIDES_PX[name]
    return _MOBILENETS[name](input_shape=(side_px, side_px, 3), alpha=1.0, weights=weights, classifier_activation=None)
