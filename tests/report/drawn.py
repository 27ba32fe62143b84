"""Plots to be tested."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from devbench.report.plots import Mark, Plot, SeriesStyle
from devbench.report.plots.latency import latency_plot

OURS = Mark(
    model="m",
    device="cpu",
    look=SeriesStyle(0),
    value=47.123456,
    low=46.0,
    high=48.0,
    rounds=(46.5, 47.5),
    text="47.12 ms, suspect",
)


def plot_of(mark: Mark, **names: str) -> Plot:
    """A plot of this mark alone."""
    known = {"name": "n", "title": "t", "about": ""} | names
    return Plot(**known, draw=lambda theme, layout: latency_plot([mark], theme, layout))


def texts_in(document: str) -> list[str]:
    """Every text in an SVG document."""
    return [text.text or "" for text in ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")]


def heights_in(document: str) -> dict[str, float]:
    """How far below the top of an SVG document each of its texts is, in points."""
    texts = ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")
    return {text.text or "": float(text.get("y", 0)) for text in texts}
