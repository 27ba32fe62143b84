"""The sums that a time is made of: a fixed cost, multiply-accumulates by kind, activation bytes, streamed bytes.

Each kind of device has one, chosen by what such a device does: a CPU or GPU computes kinds of operation at different
speeds; an Edge TPU computes all alike, and receives what its memory does not hold at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from devbench.predict.network import Network

Array = NDArray[np.float64]


class Wall(StrEnum):
    """What most of a time goes to."""

    FIXED = "fixed cost"
    OPERATIONS = "operations"
    MEMORY = "memory"
    LINK = "link"


@dataclass(frozen=True)
class Term:
    """One part of the time, proportional to `of` a network. beside: it overlaps with all but the fixed ones."""

    name: str
    wall: Wall
    of: Callable[[Network], float]
    beside: bool = False


@dataclass(frozen=True)
class Shape:
    """time = fixed + the other terms; where one goes on beside them, they overlap: √(others² + that one²)."""

    terms: tuple[Term, ...]

    def amounts(self, networks: Sequence[Network]) -> Array:
        """How much of each term each network has: [networks, terms]."""
        return np.array([[term.of(network) for term in self.terms] for network in networks], dtype=np.float64)

    def times(self, amounts: Array, costs: Array) -> tuple[Array, Array]:
        """The time of each network, and what each term adds to it: [networks], [networks, terms].

        The second is also the derivative by each cost, times that cost.
        """
        parts = amounts * costs
        beside = np.array([term.beside for term in self.terms])
        if beside.any():
            fixed = np.array([term.wall is Wall.FIXED for term in self.terms])
            others, along = parts[:, ~beside & ~fixed].sum(axis=1), parts[:, beside].sum(axis=1)
            both = np.hypot(others, along)
            safe = np.where(both > 0, both, 1.0)
            parts = parts * np.where(fixed, 1.0, np.where(beside, along[:, None], others[:, None]) / safe[:, None])
        return parts.sum(axis=1), parts


_FIXED = Term("fixed", Wall.FIXED, lambda _: 1.0)
_MACS = Term("multiply-accumulates", Wall.OPERATIONS, lambda network: network.macs)
_ACTIVATIONS = Term("activations", Wall.MEMORY, lambda network: network.activation_bytes)
_STREAMED = Term("streamed weights", Wall.LINK, lambda network: network.streamed_bytes, beside=True)

BY_KIND = Shape(
    (
        _FIXED,
        Term("1×1 convolutions", Wall.OPERATIONS, lambda network: network.macs_1x1),
        Term("k×k convolutions", Wall.OPERATIONS, lambda network: network.macs_kxk),
        Term("depthwise convolutions", Wall.OPERATIONS, lambda network: network.macs_depthwise),
        Term("dense layers", Wall.OPERATIONS, lambda network: network.macs_dense),
        _ACTIVATIONS,
    )
)
SHORT = Shape((_FIXED, _MACS, _ACTIVATIONS))  # for tables with too few networks to tell kinds apart
EDGE_TPU = Shape((_FIXED, _MACS, _ACTIVATIONS, _STREAMED))
