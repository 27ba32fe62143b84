"""The `.tflite` file that rules look at, of whatever a user has: made first, where it is to be made."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.making import Calibration, Making, Preparation
from devbench.domain.model import Variant
from devbench.pipeline.maker import Maker
from devbench.pipeline.source import TFLITE

_MADE_UP, _SIDE, _PATCH = 8, 64, 8


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The file, and what is to be known of it."""

    path: Path
    note: str = ""


def file_to_check(path: Path, maker: Maker, images: Path | None, scratch: Path) -> Checked:
    """The file at `path` if it is a `.tflite`, else what is made of it in int8; a `ModelError` if that cannot be.

    images: calibration pictures. Without them, made-up ones are taken: the structure of a network does not depend on
    them, and what it answers does.
    """
    source = maker.look(path)
    if source.format == TFLITE:
        return Checked(path=path)
    quantized = source.precision == "int8"
    making = Making(
        formats=(TFLITE,),
        precision="int8",
        preparation=source.preparation or Preparation(),
        calibration=Calibration(images=str((images or _made_up(scratch)).resolve()), count=100 if images else _MADE_UP),
    )
    variant = Variant(precision="int8", format=TFLITE, source=str(path.resolve()), making=making)
    made = maker.make(path.resolve().stem, variant).artifact.path
    how = "trained for it" if quantized else f"calibrated with pictures of {images}" if images else (
        "calibrated with made-up pictures, for its structure alone: what this file answers means nothing"
    )  # fmt: skip
    return Checked(path=made, note=f"{path}: {source.title}, made int8 for this check, {how}")


def _made_up(scratch: Path) -> Path:
    """Pictures of coloured patches, the same every time."""
    from PIL import Image

    dice = random.Random(0)  # noqa: S311 - nothing secret
    for number in range(_MADE_UP):
        few = Image.frombytes("RGB", (_PATCH, _PATCH), bytes(dice.randrange(256) for _ in range(3 * _PATCH * _PATCH)))
        few.resize((_SIDE, _SIDE), Image.Resampling.NEAREST).save(scratch / f"{number}.ppm")
    return scratch
