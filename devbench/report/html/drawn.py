"""Plots as a part of the page: inline SVG in the page's own colours, light or dark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.printable import printable
from devbench.report.plots import DARK, LIGHT, NARROW, WIDE, Layout, Plot, Theme, svg

if TYPE_CHECKING:
    from markupsafe import Markup

_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)  # says what the page's own style says too, of all the page
_SIZE = re.compile(r' (width|height)="[^"]*pt"')


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A plot on the page. narrow: the same for a phone; None where it is only drawn wide."""

    title: str
    about: str
    wide: Markup
    narrow: Markup | None


def drawn(plot: Plot) -> Drawn:
    """The plot, drawn for a wide and for a narrow screen."""
    return Drawn(
        title=plot.title,
        about=plot.about,
        wide=_inline(plot, WIDE),
        narrow=_inline(plot, NARROW) if plot.narrow else None,
    )


def colours() -> str:
    """The plots' colours as CSS variables."""
    light, dark = (_variables(theme) for theme in (LIGHT, DARK))
    return f"\n:root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _inline(plot: Plot, layout: Layout) -> Markup:
    from markupsafe import Markup, escape

    text = _STYLE.sub("", _HEAD.sub("", svg(plot, layout=layout)))
    opening, _, rest = text.partition(">")
    opening = _SIZE.sub("", opening)
    for name, colour in LIGHT.named().items():
        rest = rest.replace(colour, f"var(--{name})")
    label = escape(printable(f"{plot.title}. {plot.about}"))
    return Markup(f'{opening} role="img" aria-label="{label}">{rest}')  # noqa: S704 - matplotlib escapes its texts


def _variables(theme: Theme) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in theme.named().items())
