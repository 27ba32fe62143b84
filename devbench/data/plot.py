"""A plot that a notebook shows by itself, and that can be saved."""

from __future__ import annotations

import os
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.report import plots
from devbench.report.plots import DARK, LIGHT


class Plot:
    """One plot of the page. name, title, about: of its files, above it, and what a reader must know of it."""

    def __init__(self, plot: plots.Plot) -> None:
        self._plot = plot
        self.name, self.title, self.about = plot.name, plot.title, plot.about

    def svg(self, *, dark: bool = False) -> str:
        """As an SVG document, with title and origin. dark: for dark paper."""
        return plots.svg(self._plot, DARK if dark else LIGHT, alone=True)

    def png(self, *, dark: bool = False) -> bytes:
        """As a PNG image."""
        return plots.png(self._plot, DARK if dark else LIGHT)

    def save(self, path: str | os.PathLike[str], *, dark: bool = False) -> None:
        """Write it to `path`, whose name ends in .svg or .png. Raises OSError."""
        path = Path(path)
        if path.suffix not in (".svg", ".png"):
            raise DevbenchError(f"{path}: plots are saved as .svg or .png")
        write_whole(path, self.svg(dark=dark).encode() if path.suffix == ".svg" else self.png(dark=dark))

    def __repr__(self) -> str:
        return f"<devbench.data.Plot {self.name}: {self.title}>"

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg()
