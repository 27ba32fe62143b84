"""`devbench report`: runs and results CSVs as tables, Markdown, CSV, JSON, HTML and plots."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console

from devbench.cli.paths import PATH
from devbench.cli.sources import Sources, figures_of, open_sources
from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.report.markdown import markdown
from devbench.report.terminal import print_tables
from devbench.store.results_file import write_results

_FILE_COLUMNS = 160


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "csv", "json", "html"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--baseline", default="", help="Device that ratios are over, instead of the suite's or the desktop CPU.")
@click.option("--reference", default="", help="Model of a CSV that others are compared with, instead of its first.")
@click.option("--out", type=PATH, help="Write to this file instead of the terminal.")
@click.option("--plots", type=PATH, help="Also draw the plots into this folder, as SVG and PNG.")
def command(
    sources: tuple[Path, ...],
    style: str,
    as_json: bool,
    baseline: str,
    reference: str,
    out: Path | None,
    plots: Path | None,
) -> None:
    """Show the SOURCEs: folders of runs, and results CSVs, published or our own.

    One source gives its own table; several are put side by side where they are of the same work.
    """
    found = open_sources(sources)
    style = "json" if as_json else style
    if plots:
        _draw(found, baseline, reference, plots)
    if out:
        _write(out, _text(found, style, baseline, reference))
    elif style == "table":
        print_tables(found.tables(baseline, reference), Console())
    else:
        print(_text(found, style, baseline, reference), end="")


def _text(sources: Sources, style: str, baseline: str, reference: str) -> str:
    if style == "json":
        return _json(sources)
    if style == "csv":
        return write_results(row for row in _rows(sources))
    if style == "html":
        from devbench.cli.page import page_of

        return page_of(sources, baseline, reference)
    if style == "markdown":
        return markdown(sources.tables(baseline, reference))
    buffer = io.StringIO()
    print_tables(sources.tables(baseline, reference), Console(file=buffer, width=_FILE_COLUMNS))
    return buffer.getvalue()


def _draw(sources: Sources, baseline: str, reference: str, folder: Path) -> None:
    from devbench.cli.page import drawing_of
    from devbench.report.plots import write_plots

    drawing = drawing_of(sources, baseline, reference, sources.comparison(baseline))
    paths = write_plots(drawing.all_plots(), folder)
    print(f"{len(paths)} files in {folder}", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    if os.path.isdir(path):  # noqa: PTH112 - that of pathlib raises where it may not look
        raise DevbenchError(f"{path}: is a folder", "Name a file in it.")
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise DevbenchError(f"{path}: cannot be written: {error.strerror or error}", "Choose another --out.") from error


def _json(sources: Sources) -> str:
    """run.json where the report is of one run; else the rows."""
    if len(sources.runs) == 1 and not sources.files:
        from devbench.store.codec import encode_run

        return encode_run(sources.runs[0][1]).decode()
    return json.dumps(_rows(sources), indent=2, ensure_ascii=False) + "\n"


def _rows(sources: Sources) -> list[dict[str, str]]:
    ours = [figure for folder, run in sources.runs for figure in figures_of(run, folder)]
    return [dict(figure.row) for figure in [*ours, *(one for file in sources.files for one in file.figures)]]
