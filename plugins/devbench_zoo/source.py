"""Writes and reads `zoo:` sources: each names everything that decides the bytes of the file it stands for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from devbench import ModelError
from devbench_zoo.recipe import INPUT_SIDES_PX, PRECISIONS

SCHEME = "zoo:"
MISSING = "missing"
_WEIGHTS = ("random", "imagenet")
_HASH_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to build: a network, its precision ("float32", "int8"), its weights ("random", "imagenet")."""

    network: str
    precision: str
    weights: str
    seed: int = 0

    @property
    def source(self) -> str:
        """The order and the tools that would carry it out here and now."""
        return f"{SCHEME}{self.network}?" + urlencode(
            {
                "precision": self.precision,
                "weights": self.weights,
                "seed": self.seed,
                "recipe": recipe_hash(),
                "tensorflow": installed_version("tensorflow-cpu", "tensorflow"),
                "keras": installed_version("keras"),
            }
        )


def read_source(source: str) -> Order:
    """The order in `source`; a `ModelError` if it is none, or if this installation would build another file."""
    network, _, query = source.removeprefix(SCHEME).partition("?")
    fields = dict(parse_qsl(query))
    seed = fields.get("seed", "")
    order = Order(
        network=network,
        precision=fields.get("precision", ""),
        weights=fields.get("weights", ""),
        seed=int(seed) if seed.isascii() and seed.isdigit() else -1,
    )
    known = network in INPUT_SIDES_PX and order.precision in PRECISIONS and order.weights in _WEIGHTS
    if not known or not 0 <= order.seed < 2**32:
        raise ModelError(
            f"{source}: this names no model of the zoo",
            f"Name a model by its name alone: {', '.join(INPUT_SIDES_PX)}.",
        )
    if order.source != source:
        raise ModelError(
            f"{source}: built here and now this would be another file, {order.source}",
            "Install the versions that the source names, or name the model by its name alone.",
        )
    return order


@cache
def recipe_hash() -> str:
    """The start of a sha256 over the source code that decides what a file holds."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in [folder / "build.py", *sorted((folder / "recipe").glob("*.py"))]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:_HASH_DIGITS]


@cache
def installed_version(*distributions: str) -> str:
    """The version of the first of `distributions` that is installed, else "missing"."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return MISSING
