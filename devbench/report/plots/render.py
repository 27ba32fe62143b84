"""Draws a plot with matplotlib and hands it over as SVG or PNG, without a display and without asking a network."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from devbench.printable import one_line
from devbench.report.plots.layout import WIDE, Layout, wrapped
from devbench.report.plots.themes import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 160
_FONTS = "system-ui, 'DejaVu Sans', sans-serif"
_NAME = re.compile(r"[^a-z0-9]+")
_CHARACTERS_PER_INCH = 11  # of the title


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot that can be drawn.

    name: of its files, without ending. about: what a reader must know of it. origin: what was measured where and when.
    draw: what it shows, in a theme and a layout. narrow: whether it can be drawn for a phone.
    """

    name: str
    title: str
    about: str
    draw: Callable[[Theme, Layout], Figure]
    origin: str = ""
    narrow: bool = True


def svg(plot: Plot, theme: Theme = LIGHT, layout: Layout = WIDE, *, alone: bool = False) -> str:
    """The plot as an SVG document whose text is text; ids begin with the plot's name, so that pages can hold many.

    alone: with title and origin, as no page stands around it.
    """
    text = _saved(plot, theme, layout, "svg", alone=alone).decode()
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    prefix = _NAME.sub("-", plot.name.lower()) + ("" if layout == WIDE else "-narrow")
    text = re.sub(r"<[^>]+>", lambda tag: _tidied(tag[0], prefix), text)
    return re.sub(r"<svg [^>]*>", lambda tag: tag[0] + _described(plot), text, count=1)


def png(plot: Plot, theme: Theme = LIGHT) -> bytes:
    """The plot as a PNG image with title and origin."""
    return _saved(plot, theme, WIDE, "png", alone=True)


def _described(plot: Plot) -> str:
    """Title and caption, for those who meet the file alone."""
    about = " ".join(text for text in (plot.about, plot.origin) if text)
    return f"<title>{escape(one_line(plot.title))}</title><desc>{escape(one_line(about))}</desc>"


def _tidied(tag: str, prefix: str) -> str:
    """A tag with ids of its plot's own, coordinates to a hundredth of a point, and the reader's own font.

    What stands between tags is never touched: it is figures and names.
    """
    tag = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", tag).replace("\n", " ")
    tag = re.sub(r" font-family: [^;\"]*;", "", tag).replace("<svg ", f'<svg font-family="{_FONTS}" ')
    tag = re.sub(r'\bid="', f'id="{prefix}-', tag)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", tag)


def _saved(plot: Plot, theme: Theme, layout: Layout, style: str, *, alone: bool) -> bytes:
    with _matplotlib(theme):
        drawing = plot.draw(theme, layout)
        if alone:
            _frame(drawing, plot, theme, layout)
        buffer = io.BytesIO()
        drawing.savefig(
            buffer,
            format=style,
            dpi=_DOTS_PER_INCH,
            bbox_inches="tight" if alone else None,
            metadata={"Date": None} if style == "svg" else {"Title": plot.title, "Description": plot.origin},
        )
        return buffer.getvalue()


def _frame(drawing: Figure, plot: Plot, theme: Theme, layout: Layout) -> None:
    """The title above the plot and its origin below it, outside of what is laid out.

    The plot is laid out first, and its legends are held in place: else they move to the edge of the larger picture.
    """
    drawing.draw_without_rendering()
    drawing.set_layout_engine("none")
    for legend in drawing.legends:
        legend.set_bbox_to_anchor((0, 0, 1, 1), transform=drawing.transFigure)
    margin = 0.12 / drawing.get_figheight()
    width = int(layout.width * _CHARACTERS_PER_INCH)
    drawing.text(0, 1 + margin, wrapped(plot.title, width), va="bottom", fontsize=11, fontweight="bold")
    drawing.text(0, -margin, wrapped(plot.origin, int(width * 1.2)), va="top", fontsize=8, color=theme.muted)


@contextmanager
def _matplotlib(theme: Theme) -> Iterator[None]:
    """matplotlib, quiet, in the theme's colours; `$` and `_` in a name are not formulas."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of its font cache on stderr
    from matplotlib import rc_context

    settings: Any = {  # matplotlib types the name of every setting
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.paper,
        "axes.labelcolor": theme.ink,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.axisbelow": True,
        "figure.facecolor": theme.paper,
        "font.size": 9,
        "grid.color": theme.grid,
        "grid.linewidth": 0.8,
        "hatch.linewidth": 0.8,
        "legend.frameon": False,
        "path.simplify": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "devbench",
        "text.color": theme.ink,
        "text.parse_math": False,
        "xtick.color": theme.muted,
        "xtick.labelcolor": theme.ink,
        "ytick.color": theme.muted,
        "ytick.labelcolor": theme.ink,
    }
    with warnings.catch_warnings(), rc_context(settings):
        warnings.simplefilter("ignore")  # a name in a script that the bundled font lacks
        yield
