"""Fills the template: every name, reason and log is escaped by Jinja2; only our own CSS, script and SVG are not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devbench.compare.overview import Overview
from devbench.domain.run import Run
from devbench.report.accuracy import accuracy_tables, flips_of
from devbench.report.html.cases import case_block
from devbench.report.html.doubts import alerts_of, doubts_of, sources_of
from devbench.report.html.drawn import colours, drawn
from devbench.report.html.filled import our_markup, own_file, page_environment
from devbench.report.html.method import citation_of, provenance_of, settings_of
from devbench.report.limits import below_sentences, lag_sentences, limits_tables
from devbench.report.origin import byline_of
from devbench.report.plots import CaseTrace, Plots, case_plot
from devbench.report.table import Table, text_cell
from devbench.report.tables import tables_of
from devbench.report.words import answer_sentences, headline, short_row_names, sureness

_MOST_COLUMNS = 4  # of a table with fewer rows than that; a wider one is turned


def html_report(
    overview: Overview, plots: Plots, traces: Mapping[str, CaseTrace], csv: str = "", *, run_sha256: str = ""
) -> str:
    """The page.

    traces: the samples of a run's cases, by id. csv: the figures, to be taken along. run_sha256: of its run.json.
    """
    environment = page_environment("devbench.report.html")
    script = own_file("devbench.report.html", "sort.js")
    sentences = list(answer_sentences(overview))
    pictures = [drawn(plot) for plot in plots.main]
    run = _of_run(overview, overview.run, traces, run_sha256) if overview.run else {"run": None}
    return environment.get_template("report.html.j2").render(
        title=overview.title,
        headline=sentences[0],
        sentences=sentences[1:],
        sure=sureness(overview),
        counts=overview.answer.counts,
        style=our_markup(own_file("devbench.report.html", "style.css") + colours()),
        script=our_markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        answer=pictures[:1],
        others=pictures[1:],
        drift=drawn(plots.drift) if plots.drift else None,
        roofline=drawn(plots.roofline) if plots.roofline else None,
        limits=_limits(overview),
        accuracy=_accuracy(overview),
        **_tables(overview, plots),
        alerts=alerts_of(overview.findings),
        doubts=doubts_of(overview.findings),
        notes=sources_of(overview.findings),
        csv=base64.b64encode(csv.encode()).decode(),
        **{"anchors": {}, "names": {}} | run,
    )


def _tables(overview: Overview, plots: Plots) -> dict[str, Any]:
    """The tables, without the notes, which the page tells by themselves.

    tables: of what is compared. folded: with all that others published beside a run, and figures of other work.
    sources: each file by itself, with one plot.
    """
    tables = [replace(_turned(table), notes=()) for table in tables_of(overview) if table.rows]
    return {
        "tables": [one for one in tables if not (one.source or _is_folded(one, overview))],
        "folded": [one for one in tables if _is_folded(one, overview)],
        "sources": [(one, [drawn(plot) for plot in plots.files[one.source][:1]]) for one in tables if one.source],
    }


def _accuracy(overview: Overview) -> dict[str, Any]:
    """How often each file answers rightly, and the pictures that each step lost or won."""
    tables = accuracy_tables(overview)
    return {
        "tables": [replace(table, notes=()) for table in tables],
        "notes": [note for table in tables for note in table.notes],
        "flips": flips_of(overview),
    }


def _limits(overview: Overview) -> dict[str, Any]:
    """What the physical limits say, each figure with its own, and the peaks with their sources."""
    tables = limits_tables(overview)
    return {
        "sentences": [*lag_sentences(overview), *below_sentences(overview)],
        "tables": [replace(table, notes=()) for table in tables if table.rows],
        "notes": list(dict.fromkeys(note for table in tables for note in table.notes)),
    }


def _is_folded(table: Table, overview: Overview) -> bool:
    return table.of_other_work or (table.grouped and overview.run is not None)


def _turned(table: Table) -> Table:
    """With its columns as rows, if it would be much wider than high."""
    if len(table.header) <= _MOST_COLUMNS or len(table.rows) >= _MOST_COLUMNS or table.grouped or table.foot:
        return table
    columns = [(text_cell(name), *(row[at] for row in table.rows)) for at, name in enumerate(table.header) if at]
    names = [" ".join(line.text for line in row[0].lines) for row in table.rows]
    if len(names) == 1:
        return replace(table, title=f"{names[0]}: {table.title}", header=("system", "figure"), rows=tuple(columns))
    return replace(table, header=("system", *names), rows=tuple(columns))


def _of_run(overview: Overview, run: Run, traces: Mapping[str, CaseTrace], run_sha256: str) -> dict[str, Any]:
    blocks = []
    names = short_row_names(overview.grid.rows)
    for row in overview.grid.rows:
        for system, cell in overview.grid.row(row).items():
            if cell.figure.case:
                trace = traces.get(cell.figure.case.id)
                blocks.append((case_block(cell, names[row], system.name, trace), trace))
    return {
        "run": run,
        "byline": byline_of(run),
        "settings": settings_of(run),
        "provenance": provenance_of(run, run_sha256),
        "citation": citation_of(run, headline(overview), run_sha256),
        "anchors": {block.id: f"case-{number}" for number, (block, _) in enumerate(blocks, 1)},
        "names": {block.id: f"{block.model} on {block.device}" for block, _ in blocks},
        "cases": [
            (block, drawn(case_plot(trace, number)) if trace else None)
            for number, (block, trace) in enumerate(blocks, 1)
        ],
    }
