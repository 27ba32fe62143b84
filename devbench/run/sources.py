"""What a suite's models are given as, and what is to be made of it for a runtime: looked at when a run is planned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devbench.domain.case import ImageInput
from devbench.domain.making import Calibration, End, Making, Preparation
from devbench.domain.model import Variant
from devbench.domain.outcome import Failed
from devbench.errors import ModelError
from devbench.models.artifact import is_file_source
from devbench.pipeline.maker import Maker, no_way
from devbench.pipeline.source import ONNX, TFLITE, TITLES, Source
from devbench.pipeline.ways import FLOAT
from devbench.plugin.registry import Registry

if TYPE_CHECKING:
    from devbench.suites.format import ModelFormat, Suite


_ENDINGS = {
    ".keras": "keras",
    ".h5": "keras-h5",
    ".pb": "frozen-graph",
    ".onnx": ONNX,
    ".pt2": "pt2",
    ".tflite": TFLITE,
}


@dataclass(frozen=True, kw_only=True)
class Unloadable:
    """A file that a runtime does not load. Whether that is a mistake depends on the suite's other runtimes."""

    reason: str
    hint: str = ""


def resolved(path: Path) -> Path:
    """The path without links."""
    return Path(os.path.realpath(path))  # Path.resolve raises for links that form a loop


def look(entry: ModelFormat, base: Path, maker: Maker, registry: Registry) -> Source | Failed | None:
    """What the model's file or folder is; None where that is not for devbench to know.

    That is so of the catalogue, and of formats that only some runtime knows.
    """
    if entry.source is None:
        return None
    if not is_file_source(entry.source):
        return _by_its_name(entry)
    path = resolved(base / entry.source)
    ending = path.suffix.lstrip(".")
    somebody_loads = any(ending in one.formats for one in registry.runtimes.values())
    if somebody_loads and (ending not in TITLES or not os.path.lexists(path)):
        return None  # who loads it says what is wrong with it
    try:
        return maker.look(path)
    except ModelError as error:
        hint = error.hint if os.path.lexists(path) else "Relative paths in a suite start at the suite's own folder."
        return Failed(error=error.message, hint=hint, phase="prepare")


def _by_its_name(entry: ModelFormat) -> Source | None:
    """What an address will bring, as far as its name tells; no format where only the file itself will say it."""
    assert entry.source is not None
    address = urlsplit(entry.source)
    path = PurePosixPath(address.path)
    if path.suffix in _ENDINGS:
        precision = entry.precision[0] if entry.precision and path.suffix == ".tflite" else "float32"
        return Source(path=Path(path.name), format=_ENDINGS[path.suffix], files=(), precision=precision)
    scheme_of_a_plugin = address.scheme not in ("http", "https") and not path.suffix
    return Source(path=Path(path.name), format="", files=()) if scheme_of_a_plugin else None


def for_formats(variant: Variant, formats: Sequence[str], maker: Maker) -> Variant | None:
    """The variant with what is to be made of it for a runtime that loads `formats`; None if nothing can be.

    It is one of the catalogue, which no runtime has asked for yet, or one that is made for another runtime.
    """
    making = variant.making
    if making is None and variant.format in formats:
        return variant
    wanted = replace(making or Making(precision=variant.precision), formats=tuple(formats))
    source = _source_of(variant, maker)
    if source is None:
        return replace(variant, format=formats[0], making=wanted)
    ways = maker.ways(source, wanted)
    if not ways:
        return None
    return replace(variant, format=ways[0].forms[-1].format if ways[0].forms else source.format, making=wanted)


def _source_of(variant: Variant, maker: Maker) -> Source | None:
    """What is known of the variant's source before it is here; None where only the file itself says what it is."""
    if variant.making is None or not variant.making.formats:
        precision = FLOAT if variant.making else variant.precision
        return Source(path=Path(variant.source), format=variant.format, files=(), precision=precision)
    if is_file_source(variant.source):
        return maker.look(Path(variant.source))
    return None


def made(
    entry: ModelFormat, suite: Suite, found: Variant, source: Source, formats: Sequence[str], maker: Maker, base: Path
) -> tuple[Variant, Failed | Unloadable | None]:
    """The variant with what is to be made of the source for a runtime that loads `formats`, or why nothing can be."""
    ends = entry.ends
    calibration = _calibration(entry, base)
    making = Making(
        formats=tuple(formats),
        precision=found.precision,
        preparation=preparation_of(entry, suite, source, needed=bool(entry.input or suite.input or calibration)),
        calibration=calibration,
        inputs=tuple(End(name=name, shape=tuple(shape)) for name, shape in ends.inputs.items()) if ends else (),
        outputs=tuple(ends.outputs) if ends else (),
    )
    fatal = next((one for one in source.obstacles if one.fatal), None)
    if fatal:
        return found, Failed(error=f"{source.path}: {fatal.text}", hint=fatal.hint, phase="prepare")
    if not source.format:
        return replace(found, format=making.formats[0], making=making), None
    found_ways = maker.ways(source, making)
    if not found_ways and source.format in making.formats:
        return replace(found, format=source.format), None  # who reads the file says what it is instead
    if not found_ways:
        error = no_way(source, making)
        return found, Unloadable(reason=error.message, hint=error.hint)
    form = found_ways[0].forms[-1].format if found_ways[0].forms else source.format
    return replace(found, format=form, making=making), None


def _calibration(entry: ModelFormat, base: Path) -> Calibration | None:
    wanted = entry.calibrate
    if wanted is None:
        return None
    images = str(resolved(base / wanted.images)) if is_file_source(wanted.images) else wanted.images
    return Calibration(images=images, count=wanted.count, seed=wanted.seed)


def preparation_of(entry: ModelFormat, suite: Suite, source: Source | None, *, needed: bool) -> Preparation | None:
    """What the suite says, else the file, else -1..1; None where nobody says it and no picture is fed."""
    if entry.prepare:
        return entry.prepare.preparation
    image = entry.input or suite.input
    if image and image.model_fields_set & {"mean", "std"}:
        return image.preparation
    own = source.preparation if source else None
    return own or (Preparation() if needed else None)


def image_of(entry: ModelFormat, suite: Suite, base: Path, source: Source | Failed | None) -> ImageInput | None:
    """The picture to feed, prepared as the suite or the file says; with the file's labels if there are no others."""
    image, labels = entry.input or suite.input, entry.labels or suite.labels
    if image is None:
        return None
    found = source if isinstance(source, Source) else None
    preparation = preparation_of(entry, suite, found, needed=True)
    assert preparation is not None
    return ImageInput(
        path=resolved(base / image.image),
        labels=resolved(base / labels) if labels else None,
        mean=preparation.mean,
        std=preparation.std,
        names=found.labels if found else (),
    )
