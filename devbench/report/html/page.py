"""Fills the template: every name, reason and log is escaped by Jinja2; only our own CSS, script and SVG are not."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from devbench.compare.findings import Finding, Kind
from devbench.compare.overview import Overview
from devbench.domain.run import Run
from devbench.printable import printable
from devbench.report.html.cases import CaseBlock, case_block
from devbench.report.html.method import byline_of, citation_of, provenance_of, settings_of
from devbench.report.notes import each_of, remedy_of, text_of
from devbench.report.plots import DARK, LIGHT, CaseTrace, Plot, Theme, case_plot, svg
from devbench.report.tables import Table, tables_of
from devbench.report.words import answer_sentences, headline, short_row_names, sureness

if TYPE_CHECKING:
    from markupsafe import Markup

_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)  # says what the page's own style says too, of all the page
_SIZE = re.compile(r' (width|height)="[^"]*pt"')


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A finding in words. badge: what marks it. cases, each: whom it concerns, and what was seen of each of them."""

    badge: str
    name: str
    text: str
    remedy: str
    cases: tuple[str, ...]
    each: tuple[str, ...]
    everywhere: bool


def html_report(overview: Overview, plots: Sequence[Plot], traces: Mapping[str, CaseTrace], csv: str = "") -> str:
    """The page.

    plots: in their order. traces: the samples of a run's cases, by id. csv: the figures, to be taken along.
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
    main, apart = _tables(overview)
    sentences = list(answer_sentences(overview))
    return environment.get_template("report.html.j2").render(
        title=overview.title,
        headline=sentences[0],
        sentences=sentences[1:],
        sure=sureness(overview),
        counts=overview.answer.counts,
        style=_markup(_own("style.css") + _colours()),
        script=_markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        tables=main,
        apart=apart,
        plots=[(plot, _inline(plot)) for plot in plots],
        doubts=[_doubt(one) for one in overview.findings],
        csv=base64.b64encode(csv.encode()).decode(),
        **(_of_run(overview, overview.run, traces) if overview.run else {"run": None, "anchors": {}, "names": {}}),
    )


def _tables(overview: Overview) -> tuple[list[Table], list[Table]]:
    """The tables without the notes, which the page tells by themselves; and those of other work, to be opened."""
    tables = [replace(table, notes=()) for table in tables_of(overview)]
    return [one for one in tables if not one.of_other_work], [one for one in tables if one.of_other_work]


def _doubt(finding: Finding) -> Doubt:
    kind = finding.kind.name.lower().replace("_", " ")
    phase = finding.values.get("phase", "")
    names = {
        Kind.CONTAMINATED: finding.cause,
        Kind.SUSPECT: finding.cause,
        Kind.ABSENT: finding.values.get("device", ""),
    }
    return Doubt(
        badge=kind,
        name=str(names.get(finding.kind, "") or (f"while: {phase}" if phase else "")),
        text=text_of(finding),
        remedy=remedy_of(finding),
        cases=finding.cases,
        each=each_of(finding),
        everywhere=finding.everywhere and not finding.each,
    )


def _of_run(overview: Overview, run: Run, traces: Mapping[str, CaseTrace]) -> dict[str, Any]:
    blocks = []
    names = short_row_names(overview.grid.rows)
    for row in overview.grid.rows:
        for system, cell in overview.grid.row(row).items():
            if cell.figure.case:
                trace = traces.get(cell.figure.case.id)
                blocks.append((case_block(cell, names[row], system.name, trace), trace))
    anchors = {block.id: f"case-{number}" for number, (block, _) in enumerate(blocks, 1)}
    return {
        "run": run,
        "byline": byline_of(run),
        "settings": settings_of(run),
        "provenance": provenance_of(run),
        "citation": citation_of(run, headline(overview)),
        "anchors": anchors,
        "names": {block.id: f"{block.model} on {block.device}" for block, _ in blocks},
        "cases": [(block, *_case_plot(block, trace, anchors)) for block, trace in blocks],
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
