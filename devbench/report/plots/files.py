"""Plots as files: SVG and PNG, on light and on dark paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.report.plots.render import Plot, png, svg
from devbench.report.plots.themes import DARK, LIGHT


def write_plots(plots: Sequence[Plot], folder: Path) -> list[Path]:
    """Write each plot as NAME.svg, NAME.png, NAME-dark.svg and NAME-dark.png; the paths."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in plots:
            for theme, ending in ((LIGHT, ""), (DARK, "-dark")):
                for style, data in (("svg", svg(plot, theme, alone=True).encode()), ("png", png(plot, theme))):
                    paths.append(folder / f"{plot.name}{ending}.{style}")
                    write_whole(paths[-1], data)
    except OSError as error:
        raise DevbenchError(
            f"{folder}: plots cannot be written: {error.strerror or error}", "Choose another folder with --plots."
        ) from error
    return paths
