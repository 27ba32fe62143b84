"""Whether figures of some networks say anything of another one: only if that one is within what they cover.

A sum that was fitted to convolutional networks of a certain size says nothing of a smaller one, whose time is overhead,
or of one that computes in other ways. The limits are written here, and know of no time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from devbench.predict.network import Network

BEYOND = 2.0  # times the largest, or below the smallest by as much: so far, networks left out were predicted no worse
MORE_SHARE = 0.10  # of the multiply-accumulates, above the largest share of a kind

_RANGES: tuple[tuple[str, Callable[[Network], float], Callable[[float], str]], ...] = (
    ("multiply-accumulates", lambda one: one.macs, lambda value: f"{value / 1e6:,.0f} M"),
    ("activation bytes", lambda one: one.activation_bytes, lambda value: f"{value / 1e6:,.1f} M"),
    (
        "activation bytes for each 1000 multiply-accumulates",
        lambda one: 1e3 * _per_mac(one.activation_bytes, one),
        "{:.1f}".format,
    ),
    (
        "weight bytes for each 1000 multiply-accumulates",
        lambda one: 1e3 * _per_mac(one.weight_bytes, one),
        "{:.2f}".format,
    ),
)
_SHARES: tuple[tuple[str, Callable[[Network], float]], ...] = (
    ("1×1 convolutions", lambda one: one.macs_1x1),
    ("k×k convolutions", lambda one: one.macs_kxk),
    ("depthwise convolutions", lambda one: one.macs_depthwise),
    ("dense layers", lambda one: one.macs_dense),
    ("matrix products and recurrent layers", lambda one: one.macs_other),
)


def unlike(network: Network, others: Sequence[Network]) -> str:
    """Why figures of `others` say nothing of `network`; "" if they do."""
    if not network.macs:
        return "it has no convolutions or dense layers that are counted"
    for name, macs_of in _SHARES:
        share, known_share = _per_mac(macs_of(network), network), max(_per_mac(macs_of(one), one) for one in others)
        if share > known_share + MORE_SHARE:
            return (
                f"{share:.0%} of its multiply-accumulates are {name}, and at most {known_share:.0%} in the networks"
                " with figures"
            )
    for name, value_of, text in _RANGES:
        value, known = value_of(network), [value_of(one) for one in others]
        if not min(known) / BEYOND <= value <= max(known) * BEYOND:
            side = "below" if value < min(known) else "above"
            ends = f"{text(min(known))} to {text(max(known))}"
            return f"its {text(value)} {name} are far {side} those of all networks with figures ({ends})"
    return ""


def nearest(network: Network, others: Iterable[Network]) -> Network:
    """The one most like it: by multiply-accumulates, activation bytes and weights, each as a factor."""
    return min(others, key=lambda one: _distance(network, one))


def _distance(one: Network, other: Network) -> float:
    pairs = (
        (one.macs, other.macs),
        (one.activation_bytes, other.activation_bytes),
        (one.weight_bytes, other.weight_bytes),
    )
    return math.hypot(*(math.log(max(left, 1.0) / max(right, 1.0)) for left, right in pairs))


def _per_mac(amount: float, network: Network) -> float:
    return amount / network.macs if network.macs else 0.0
