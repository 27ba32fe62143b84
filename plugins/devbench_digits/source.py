"""What `digits:` sources mean. Those of the catalogue name everything that decides the bytes of their file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from devbench import Calibration, Making, Model, ModelError, Preparation, Variant, installed_version, recipe_hash
from devbench_digits.recipe import CLASSES, FILES, NETWORK, SIDE_PX

SCHEME = "digits:"
WEIGHTS = "trained here on scikit-learn's digits"
_TOOLS = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "keras": ("keras",), "scikit-learn": ("scikit-learn",)}
_CALIBRATION_PICTURES = 200
# Counted by Keras, and by hand from the layers; a test compares.
PARAMETERS, MACS = 8_986, 335_040


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to make: the network (`keras`), or the pictures `train` or `test`."""

    what: str
    seed: int = 0

    @property
    def source(self) -> str:
        """The order, with the recipe and the tools that would carry it out here and now."""
        fields = {"make": self.what, "seed": self.seed, **self.versions}
        return f"{SCHEME}{NETWORK}?{urlencode(fields)}"

    @property
    def versions(self) -> dict[str, str]:
        """Of the recipe, and of the tools that are here."""
        found = {name: installed_version(*distributions) for name, distributions in _TOOLS.items()}
        return {"recipe": _recipe(), **found}


def read_source(source: str) -> Order:
    """The order in `source`; a `ModelError` if it is none, or if this installation would make another file."""
    name, _, query = source.removeprefix(SCHEME).partition("?")
    if not query and name in ("train", "test"):
        return Order(what=name)
    if not query and name == NETWORK:
        return Order(what="keras")
    fields = dict(parse_qsl(query))
    seed = fields.get("seed", "")
    order = Order(what=fields.get("make", ""), seed=int(seed) if seed.isascii() and seed.isdigit() else -1)
    if name != NETWORK or order.what not in FILES or not 0 <= order.seed < 2**32:
        raise ModelError(
            f"{source}: this names nothing that the digits have",
            f"There are {SCHEME}{NETWORK}, {SCHEME}train and {SCHEME}test, and the model digits_{NETWORK}.",
        )
    if order.source != source:
        raise ModelError(
            f"{source}: made here and now this would be another file, {order.source}",
            "Install the versions that the source names, or name the model by its name alone.",
        )
    return order


def model() -> Model:
    """The network as the catalogue has it, in float32 and in int8."""
    pictures = Calibration(images=f"{SCHEME}train", count=_CALIBRATION_PICTURES)

    def variant(precision: str, calibration: Calibration | None) -> Variant:
        making = Making(precision=precision, preparation=Preparation(), calibration=calibration)
        source = Order(what="keras").source
        return Variant(precision=precision, format="keras", source=source, weights=WEIGHTS, making=making)

    return Model(
        name=f"digits_{NETWORK}",
        variants=(variant("float32", None), variant("int8", pictures)),
        input_shape=(1, SIDE_PX, SIDE_PX, 3),
        parameters=PARAMETERS,
        macs=MACS,
        reference=f"this project's own network, of {CLASSES} classes (plugins/devbench_digits/recipe)",
    )


@cache
def _recipe() -> str:
    folder = Path(__file__).parent
    return recipe_hash(folder / "build.py", folder / "recipe")
