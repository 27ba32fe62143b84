"""Writes and reads `zoo:` sources: each names everything that decides the bytes of the file it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from devbench import ModelError, installed_version, recipe_hash
from devbench_zoo.recipe import INPUT_SIDES_PX, WEIGHTS

SCHEME = "zoo:"
_PICTURES = "pictures"
_MOST_PICTURES = 10_000


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network as a Keras file, with its weights ("random", "imagenet")."""

    network: str
    weights: str
    seed: int = 0

    @property
    def source(self) -> str:
        """What it is, and the tools that would make it here and now."""
        fields = {"weights": self.weights, "seed": self.seed, "recipe": _recipe()}
        versions = {
            "tensorflow": installed_version("tensorflow-cpu", "tensorflow"),
            "keras": installed_version("keras"),
        }
        return f"{SCHEME}{self.network}?{urlencode({**fields, **versions})}"


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Synthetic pictures to calibrate a network with, as a zip."""

    side_px: int
    count: int
    seed: int = 0

    @property
    def source(self) -> str:
        """What they are, and the code that makes them."""
        fields = {"side": self.side_px, "count": self.count, "seed": self.seed, "recipe": _recipe()}
        return f"{SCHEME}{_PICTURES}?{urlencode(fields)}"


def read_source(source: str) -> Network | Pictures:
    """What `source` names; a `ModelError` if it is nothing, or if this installation would make another file."""
    name, _, query = source.removeprefix(SCHEME).partition("?")
    fields = dict(parse_qsl(query))
    seed = _number(fields.get("seed", ""))
    order: Network | Pictures
    if name == _PICTURES:
        order = Pictures(side_px=_number(fields.get("side", "")), count=_number(fields.get("count", "")), seed=seed)
        known = order.side_px in INPUT_SIDES_PX.values() and 0 < order.count <= _MOST_PICTURES
    else:
        order = Network(network=name, weights=fields.get("weights", ""), seed=seed)
        known = name in INPUT_SIDES_PX and order.weights in WEIGHTS
    if not known or not 0 <= seed < 2**32:
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


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1  # noqa: PLR2004


@cache
def _recipe() -> str:
    folder = Path(__file__).parent
    return recipe_hash(folder / "build.py", folder / "recipe")
