"""Counts what a network holds and computes."""

from __future__ import annotations

from math import prod
from typing import Any

from keras import layers


def count_parameters(network: Any) -> int:
    """All weights, as Keras counts them: also the two moving statistics of each normalized channel.

    They are constants of the network, though not trained, and MobileNet v1's published 4.25 M has them.
    """
    return int(network.count_params())


def count_macs(network: Any) -> int:
    """Multiply-accumulates of one inference, in convolutions and dense layers.

    Biases, normalization (folded away in the file), activations, pooling and additions are not counted,
    as in the papers.
    """
    return sum(_layer_macs(layer) for layer in network.layers)


def _layer_macs(layer: Any) -> int:
    if isinstance(layer, layers.DepthwiseConv2D):
        return _size(layer) * _area(layer)
    if isinstance(layer, layers.Conv2D):
        return _size(layer) * _area(layer) * (int(layer.input.shape[-1]) // int(layer.groups))
    if isinstance(layer, layers.Dense):
        return _size(layer) * int(layer.input.shape[-1])
    if getattr(layer, "kernel", None) is not None:
        raise TypeError(f"{layer.name}: a {type(layer).__name__} computes, but its cost is not defined")
    return 0


def _area(layer: Any) -> int:
    return prod(int(side) for side in layer.kernel_size)


def _size(layer: Any) -> int:
    """How many numbers the layer puts out for one image."""
    return prod(int(side) for side in layer.output.shape[1:])
