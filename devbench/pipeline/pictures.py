"""Calibration pictures: which of a folder or zip, as pixels in the network's own order, each known by its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devbench.domain.making import Calibration
from devbench.errors import DevbenchError, ModelError
from devbench.models.image import Layout, pixels_from
from devbench.models.pictures import SUFFIXES, Source, pictures_at


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures chosen. sha256: of each, in the order in which they are shown."""

    source: Source
    names: tuple[str, ...]
    sha256: tuple[str, ...]

    @property
    def together(self) -> str:
        """One hash over all of them."""
        return hashlib.sha256("\n".join(self.sha256).encode()).hexdigest()

    def write(self, layout: Layout, path: Path) -> None:
        """Write their pixels as uint8 [pictures, ...] to `path`; a `ModelError` names one that is broken."""
        size = (layout.height, layout.width, layout.channels)
        shape = (size[2], *size[:2]) if layout.channels_first else size
        pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(self.names), *shape))
        with self.source.reader() as read:
            for index, name in enumerate(self.names):
                try:
                    found = pixels_from(read(name), f"{self.source.path}: {name}", *size)
                except DevbenchError as error:
                    hint = error.hint or "Repair it, or take it out of the calibration pictures."
                    raise ModelError(f"calibration: {error.message}", hint) from error
                pixels[index] = layout.arranged(found)[0]
        pixels.flush()


def chosen(calibration: Calibration, path: Path) -> Pictures:
    """`count` pictures of the folder or zip at `path`, or all if there are fewer; a `ModelError` if there is none.

    Which ones follows from their names and the seed alone, on every machine.
    """
    hint = "Relative paths in a suite start at the suite's own folder."
    if not path.exists():
        raise ModelError(f"{path}: there is no such folder of calibration pictures", hint)
    try:
        source = pictures_at(path)
    except DevbenchError as error:
        raise ModelError(f"calibration: {error.message}", error.hint) from error
    if not source.names:
        raise ModelError(
            f"{path}: there is no picture to calibrate with",
            f"Put some of those it was trained on there ({', '.join(SUFFIXES)}); 100 are plenty.",
        )
    names = tuple(sorted(source.names, key=lambda name: _draw(calibration.seed, name))[: calibration.count])
    try:
        with source.reader() as read:
            hashes = tuple(hashlib.sha256(read(name)).hexdigest() for name in names)
    except DevbenchError as error:
        raise ModelError(f"calibration: {error.message}", error.hint) from error
    return Pictures(source=source, names=names, sha256=hashes)


def _draw(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
