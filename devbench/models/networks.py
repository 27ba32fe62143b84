"""What is known of networks by their name: those of which others published figures, without a file.

`networks.csv` is made by `benchmarks/networks.py`; its numbers are elements, so that every precision can use them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devbench.models.features import KINDS, OTHER, NetworkFeatures

_TABLE = Path(__file__).with_name("networks.csv")
_BYTES = {"float32": 4, "float16": 2, "int8": 1, "uint8": 1, "int16": 2, "float64": 8}


@dataclass(frozen=True, kw_only=True)
class KnownNetwork:
    """A network with one input size. input_size: `224x224`. source: of its structure."""

    name: str
    input_size: str
    features: NetworkFeatures
    source: str


def known_network(name: str, input_size: str = "", precision: str = "int8") -> KnownNetwork | None:
    """The network of this name, or of this name in published tables; None if it is not known.

    input_size: width and height, `224x224`; "" takes the only one, or the first. precision: what its bytes are of.
    """
    found = [one for one in _networks() if name in (one["model"], *one["aliases"].split())]
    row = next((one for one in found if input_size in ("", one["input_px"])), None)
    if row is None or precision not in _BYTES:
        return None
    return KnownNetwork(
        name=row["model"], input_size=row["input_px"], features=_features(row, precision), source=row["source"]
    )


def known_networks() -> list[tuple[str, str]]:
    """Name and input size of each."""
    return [(one["model"], one["input_px"]) for one in _networks()]


def width_of(precision: str) -> int | None:
    """Bytes of one number; None for a precision that is not one type."""
    return _BYTES.get(precision)


@cache
def _networks() -> tuple[Mapping[str, str], ...]:
    with _TABLE.open(newline="") as file:
        return tuple(csv.DictReader(file))


def _features(row: Mapping[str, str], precision: str) -> NetworkFeatures:
    width = _BYTES[precision]

    def counted(what: str, each: int = 1) -> dict[str, int]:
        found = {kind: int(row.get(f"{what}_{kind}") or 0) * each for kind in (*KINDS, OTHER)}
        return {kind: amount for kind, amount in found.items() if amount}

    return NetworkFeatures(
        macs=counted("macs"),
        weight_bytes=counted("parameters", width),
        activation_bytes=counted("activations", width),
        input_bytes=int(row["inputs"]) * width,
        output_bytes=int(row["outputs"]) * width,
        operations=int(row["operations"]),
        precision=precision,
    )
