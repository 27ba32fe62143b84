"""Calibration pictures: which of a folder, as pixels in the network's own order, each known by its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devbench.domain.making import Calibration
from devbench.errors import DevbenchError, ModelError
from devbench.files import sha256_of
from devbench.models.image import Layout, pixels_of

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".webp")
_MOST_LISTED = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures chosen. sha256: of each, in the order in which they are shown."""

    paths: tuple[Path, ...]
    sha256: tuple[str, ...]

    @property
    def together(self) -> str:
        """One hash over all of them."""
        return hashlib.sha256("\n".join(self.sha256).encode()).hexdigest()

    def write(self, layout: Layout, path: Path) -> None:
        """Write their pixels as uint8 [pictures, ...] to `path`; a `ModelError` names one that is broken."""
        shape = (layout.height, layout.width, layout.channels)
        shape = (shape[2], *shape[:2]) if layout.channels_first else shape
        pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(self.paths), *shape))
        for index, one in enumerate(self.paths):
            try:
                pixels[index] = layout.arranged(pixels_of(one, layout))[0]
            except DevbenchError as error:
                hint = error.hint or "Repair it, or take it out of the calibration folder."
                raise ModelError(f"calibration: {error.message}", hint) from error
        pixels.flush()


def chosen(calibration: Calibration) -> Pictures:
    """`count` pictures of the folder, or all if there are fewer; a `ModelError` if there is none.

    Which ones follows from their names and the seed alone, on every machine.
    """
    folder = calibration.images
    if not folder.is_dir():
        text = "is not a folder" if folder.exists() else "there is no such folder"
        raise ModelError(
            f"{folder}: {text} of calibration pictures", "Relative paths in a suite start at the suite's own folder."
        )
    found = _listed(folder)
    if not found:
        raise ModelError(
            f"{folder}: there is no picture to calibrate with in this folder",
            f"Put some of those it was trained on there ({', '.join(ENDINGS)}); 100 are plenty.",
        )
    found.sort(key=lambda path: _draw(calibration.seed, path.relative_to(folder)))
    paths = tuple(found[: calibration.count])
    try:
        return Pictures(paths=paths, sha256=tuple(map(sha256_of, paths)))
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _listed(folder: Path) -> list[Path]:
    found = []
    for count, path in enumerate(folder.rglob("*")):
        if count > _MOST_LISTED:
            raise ModelError(f"{folder}: has more than {_MOST_LISTED} files", "Name a folder of its own.")
        if path.suffix.lower() in ENDINGS and path.is_file() and not path.name.startswith("."):
            found.append(path)
    return found


def _draw(seed: int, name: Path) -> str:
    return hashlib.sha256(f"{seed}/{name.as_posix()}".encode()).hexdigest()
