"""How the pages are filled: every text from outside is escaped and made printable; our CSS, script and SVG are not."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from devbench.printable import printable
from devbench.report.numbers import count_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def page_environment(*packages: str) -> Environment:
    """Finds templates in these packages, in their order, and escapes all that it shows."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(one, ".") for one in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_fit,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=_code, breakable=_breakable, unbroken=_unbroken, count_of=count_of)
    return environment


def _fit(value: Any) -> Any:
    """Every value that the template shows: text without what would hide or reorder it."""
    return printable(value) if type(value) is str else value  # what is marked as HTML is ours


def _code(text: str) -> Markup:
    """Text in which what stands between back-ticks is shown as code."""
    from markupsafe import escape

    return our_markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(printable(text)))))


def _breakable(text: str) -> Markup:
    """A name that may be broken after its punctuation rather than anywhere."""
    from markupsafe import escape

    return our_markup(re.sub(r"([_/:@])(?=\w)", r"\1<wbr>", str(escape(printable(text)))))


def _unbroken(text: str) -> Markup:
    """Text in which names such as desktop-cpu and intervals are not broken where they could stand on one line."""
    from markupsafe import escape

    words = r"(?<!\S)([\w.]+(-[\w.]+)+|\[[\d., ]+\])(?![^\s;,.])"
    return our_markup(re.sub(words, r'<span class="name">\g<0></span>', str(escape(printable(text)))))


def own_file(package: str, name: str) -> str:
    """The text of a file of ours."""
    return (files(package) / name).read_text(encoding="utf-8")


def our_markup(text: str) -> Markup:
    """HTML that is not escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our CSS and script, and what was escaped
