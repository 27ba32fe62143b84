"""What a network asks of a device, counted as if it were quantized to int8: of published networks, and of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from devbench.models.features import NetworkFeatures
from devbench.models.networks import known_network, known_networks

# The Edge TPU's memory for parameters: 6 to 7.9 MiB in the compiler logs of public reports, shared with activations.
CHIP_BYTES = 7.5 * 2**20
# Of 41 networks whose compiled file is public, the compiler kept 4 to 29 % more than the sum of the weights: median.
KEPT_OVER_WEIGHTS, MOST_KEPT_OVER_WEIGHTS = 1.10, 1.29
_INT8_SHARES = {"float64": 1 / 8, "float32": 1 / 4, "float16": 1 / 2, "int16": 1 / 2}  # `mixed` is as wide as it is


@dataclass(frozen=True, kw_only=True)
class Network:
    """One inference of a network in int8: multiply-accumulates by kind, and bytes that move.

    macs_other: of matrix products and recurrent layers, which no published network here has.
    weight_bytes: of weights and biases. activation_bytes: what all operations read and write, added up.
    known_streamed_bytes: parameters that a compiled file sends with every inference; None where nobody compiled it.
    """

    name: str
    input: str
    macs_1x1: float
    macs_kxk: float
    macs_depthwise: float
    macs_dense: float
    macs_other: float = 0.0
    weight_bytes: float
    activation_bytes: float
    known_streamed_bytes: float | None = None

    @property
    def macs(self) -> float:
        """Of all kinds together."""
        return self.macs_1x1 + self.macs_kxk + self.macs_depthwise + self.macs_dense + self.macs_other

    @property
    def streamed_bytes(self) -> float:
        """What an Edge TPU is sent with every inference: as a compiled file says, or what its memory does not hold."""
        if self.known_streamed_bytes is not None:
            return self.known_streamed_bytes
        return max(0.0, self.weight_bytes * KEPT_OVER_WEIGHTS - CHIP_BYTES)

    @property
    def label(self) -> str:
        """`mobilenet_v1 224×224`."""
        return f"{self.name} {self.input.replace('x', '×')}".strip()

    def narrower(self, width: float) -> Network:
        """Of `width` times the channels. Dense layers and depthwise ones shrink with it, all others with its square."""
        return replace(
            self,
            macs_1x1=self.macs_1x1 * width**2,
            macs_kxk=self.macs_kxk * width**2,
            macs_depthwise=self.macs_depthwise * width,
            macs_dense=self.macs_dense * width,
            weight_bytes=self.weight_bytes * width**2,
            activation_bytes=self.activation_bytes * width,
            known_streamed_bytes=None,
        )

    def smaller(self, side: float) -> Network:
        """With `side` times the height and width of its input."""
        return replace(
            self,
            macs_1x1=self.macs_1x1 * side**2,
            macs_kxk=self.macs_kxk * side**2,
            macs_depthwise=self.macs_depthwise * side**2,
            activation_bytes=self.activation_bytes * side**2,
        )


@cache
def published_networks() -> Mapping[tuple[str, str], Network]:
    """The networks that others published figures of, by name and input size."""
    found = {}
    for name, size in known_networks():
        known = known_network(name, size)
        assert known is not None
        found[name, size] = network_of(known.features, name, size)
    return found


def network_of(
    features: NetworkFeatures, name: str, size: str = "", known_streamed_bytes: float | None = None
) -> Network:
    """The network in a file, as if quantized to int8: of a float one, the bytes that would be left of each number."""
    share = _INT8_SHARES.get(features.precision, 1.0)
    macs, weights = features.macs, features.weight_bytes
    return Network(
        name=name,
        input=size,
        macs_1x1=macs.get("conv_1x1", 0),
        macs_kxk=macs.get("conv_kxk", 0) + macs.get("transposed", 0),
        macs_depthwise=macs.get("depthwise", 0),
        macs_dense=macs.get("dense", 0),
        macs_other=macs.get("matmul", 0) + macs.get("recurrent", 0),
        weight_bytes=sum(weights.values()) * share,
        activation_bytes=features.total_activation_bytes * share,
        known_streamed_bytes=known_streamed_bytes,
    )
