"""Fills the template: every name, reason and log is escaped by Jinja2; only our own CSS, script and SVG are not."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from devbench.compare.comparison import Comparison
from devbench.printable import one_line, printable
from devbench.report.html.answer import answer_of
from devbench.report.html.cases import CaseBlock, case_block
from devbench.report.html.cells import page_table
from devbench.report.html.doubts import doubts
from devbench.report.html.method import byline_of, provenance_of, settings_of
from devbench.report.plots import DARK, LIGHT, CaseTrace, Plot, Theme, case_plot, svg
from devbench.report.tables import Table, doubts_of

if TYPE_CHECKING:
    from markupsafe import Markup

_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)  # says what the page's own style says too, of all the page
_SIZE = re.compile(r' (width|height)="[^"]*pt"')


def html_report(
    title: str,
    tables: Sequence[Table],
    plots: Sequence[Plot],
    comparison: Comparison | None = None,
    traces: Mapping[str, CaseTrace] | None = None,
) -> str:
    """The page.

    title: of figures without a run; a run is named by its suite. tables, plots: in their order.
    comparison: of the run that the report is of, None if it is of other sources.
    traces: the samples of its cases, by id.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("devbench.report.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_fit,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(code=_code, breakable=_breakable)
    script = _own("sort.js")
    told = frozenset(map(one_line, doubts_of(comparison))) if comparison else frozenset()
    return environment.get_template("report.html.j2").render(
        title=comparison.run.suite if comparison else title,
        style=_markup(_own("style.css") + _colours()),
        script=_markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        tables=[page_table(table, told) for table in tables],
        plots=[(plot, _inline(plot)) for plot in plots],
        **(_of_run(comparison, traces or {}) if comparison else {"run": None}),
    )


def _of_run(comparison: Comparison, traces: Mapping[str, CaseTrace]) -> dict[str, Any]:
    run = comparison.run
    blocks = []
    for row in comparison.rows:
        for index, column in enumerate(comparison.columns):
            if cell := comparison.cells.get((row, index)):
                trace = traces.get(cell.case.id)
                block = case_block(cell, row, column.label, trace)
                blocks.append((block, page_table(block.rounds) if block.rounds else None, trace))
    anchors = {block.id: f"case-{number}" for number, (block, _, _) in enumerate(blocks, 1)}
    return {
        "run": run,
        "answer": answer_of(comparison),
        "several_devices": len(comparison.columns) > 1,
        "baseline": "" if comparison.baseline is None else comparison.columns[comparison.baseline].label,
        "byline": byline_of(run),
        "doubts": doubts(comparison),
        "settings": settings_of(run),
        "provenance": provenance_of(run),
        "anchors": anchors,
        "names": {block.id: f"{block.model} on {block.device}" for block, _, _ in blocks},
        "cases": [(block, rounds, *_case_plot(block, trace, anchors)) for block, rounds, trace in blocks],
    }


def _case_plot(
    block: CaseBlock, trace: CaseTrace | None, anchors: Mapping[str, str]
) -> tuple[Plot | None, Markup | None]:
    if trace is None:
        return None, None
    plot = case_plot(trace, int(anchors[block.id].removeprefix("case-")))
    return plot, _inline(plot)


def _inline(plot: Plot) -> Markup:
    """The plot's SVG as a part of the page, in the page's colours, light or dark."""
    from markupsafe import escape

    text = _STYLE.sub("", _HEAD.sub("", svg(plot)))
    opening, _, rest = text.partition(">")
    opening = _SIZE.sub("", opening)
    for name, colour in LIGHT.named().items():
        rest = rest.replace(colour, f"var(--{name})")
    label = escape(printable(f"{plot.title}. {plot.about}"))
    return _markup(f'{opening} role="img" aria-label="{label}">{rest}')


def _colours() -> str:
    """The plots' colours as CSS variables."""
    light, dark = (_variables(theme) for theme in (LIGHT, DARK))
    return f"\n:root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _variables(theme: Theme) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in theme.named().items())


def _fit(value: Any) -> Any:
    """Every value that the template shows: text without what would hide or reorder it."""
    return printable(value) if type(value) is str else value  # what is marked as HTML is ours


def _code(text: str) -> Markup:
    """Text in which what stands between back-ticks is shown as code."""
    from markupsafe import escape

    return _markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(printable(text)))))


def _breakable(text: str) -> Markup:
    """A name that may be broken after its punctuation rather than anywhere."""
    from markupsafe import escape

    return _markup(re.sub(r"([_/:@])(?=\w)", r"\1<wbr>", str(escape(printable(text)))))


def _own(name: str) -> str:
    return (files("devbench.report.html") / name).read_text(encoding="utf-8")


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our CSS and script, matplotlib's SVG, which escapes its texts, and what was escaped
