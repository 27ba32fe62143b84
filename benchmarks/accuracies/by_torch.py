"""Writes the digits network as PyTorch exports it, with the weights of the Keras one: `by_torch.py FOLDER`.

It is run by an interpreter with torch. FOLDER has what by_tensorflow.py has written: the weights in Keras' order.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

EPSILON = 1e-3  # of Keras' normalization
SIDE = 32


class Same(nn.Module):
    """A convolution of 3x3 with a stride of 2, padded as TensorFlow does it: below and on the right alone."""

    def __init__(self, weights: Any, groups: int) -> None:
        super().__init__()
        out, channels = weights.shape[0], weights.shape[1] * groups
        self.inner = nn.Conv2d(channels, out, 3, stride=2, groups=groups, bias=False)
        self.inner.weight.data = weights

    def forward(self, x: Any) -> Any:
        return self.inner(nn.functional.pad(x, (0, 1, 0, 1)))


class Network(nn.Module):
    """The layers of devbench_digits/recipe/network.py."""

    def __init__(self, weights: Iterator[Any]) -> None:
        super().__init__()
        first = torch.tensor(next(weights)).permute(3, 2, 0, 1)
        layers = [Same(first, 1), _normalization(weights), nn.ReLU6()]
        for _ in range(2):
            deep = torch.tensor(next(weights)).permute(2, 3, 0, 1)
            layers += [Same(deep, deep.shape[0]), _normalization(weights), nn.ReLU6()]
            flat = torch.tensor(next(weights)).permute(3, 2, 0, 1)
            one = nn.Conv2d(flat.shape[1], flat.shape[0], 1, bias=False)
            one.weight.data = flat.contiguous()
            layers += [one, _normalization(weights), nn.ReLU6()]
        self.layers = nn.Sequential(*layers)
        dense = torch.tensor(next(weights)).T
        self.dense = nn.Linear(dense.shape[1], dense.shape[0])
        self.dense.weight.data, self.dense.bias.data = dense.contiguous(), torch.tensor(next(weights))

    def forward(self, x: Any) -> Any:
        return torch.softmax(self.dense(self.layers(x).mean(dim=(2, 3))), dim=1)


def _normalization(weights: Iterator[Any]) -> nn.BatchNorm2d:
    scale, shift, mean, variance = (torch.tensor(next(weights)) for _ in range(4))
    found = nn.BatchNorm2d(len(scale), eps=EPSILON)
    found.weight.data, found.bias.data, found.running_mean, found.running_var = scale, shift, mean, variance
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    with np.load(folder / "for_tf_keras.npz") as kept:
        model = Network(kept[name] for name in kept.files).eval()
    example = (torch.zeros(1, 3, SIDE, SIDE),)
    torch.export.save(torch.export.export(model, example), folder / "digits.pt2")
    torch.onnx.export(model, example, folder / "torch.onnx", input_names=["image"], dynamo=False)


if __name__ == "__main__":
    main()
