"""Makes what `zoo:` sources name: a network, by the builder's process, or pictures to calibrate it with."""

from __future__ import annotations

import zipfile
from pathlib import Path

from devbench import build_file
from devbench_zoo.source import Pictures, read_source

_A_DAY = (2020, 1, 1, 0, 0, 0)  # of every file in a zip: the bytes must not depend on the hour


def fetch(source: str, into: Path) -> Path:
    """The file that `source` names, in the folder `into`; a `ModelError` says why it is not available."""
    order = read_source(source)
    if isinstance(order, Pictures):
        return _zipped(order, into / "pictures.zip")
    path = into / f"{order.network}_{order.weights}.keras"
    arguments = [order.network, "--weights", order.weights, "--seed", str(order.seed)]
    build_file(order.network, "devbench_zoo.build", arguments, path)
    return path


def _zipped(order: Pictures, path: Path) -> Path:
    """A zip with the pictures as PPM, in which every pixel is what it was."""
    from devbench_zoo.recipe.images import synthetic_pixels

    side_px = order.side_px
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(order.count):
            pixels = synthetic_pixels(side_px, order.seed, number)
            name = zipfile.ZipInfo(f"{number:03}.ppm", date_time=_A_DAY)
            archive.writestr(name, b"P6\n%d %d\n255\n" % (side_px, side_px) + pixels.tobytes())
    return path
