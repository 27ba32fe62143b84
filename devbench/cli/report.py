"""`devbench report`: runs and results CSVs as tables, Markdown, CSV, JSON, HTML and plots."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from devbench.cli.output import write_output
from devbench.cli.paths import PATH
from devbench.cli.terminal import open_console
from devbench.compare.overview import Overview
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.report.accuracy import accuracy_tables
from devbench.report.limits import below_sentences, lag_sentences, limits_tables
from devbench.report.markdown import markdown
from devbench.report.tables import tables_of
from devbench.report.terminal import print_compact, print_tables
from devbench.report.words import answer_sentences
from devbench.sources.sources import Sources, open_sources
from devbench.store.results_file import write_results

_FILE_COLUMNS = 160


@click.command()
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "csv", "json", "html"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--baseline", default="", help="Device to compare with, instead of the suite's or the desktop CPU.")
@click.option("--reference", default="", help="Model of a CSV to compare the others with, instead of its first.")
@click.option("--out", type=PATH, help="Write to this file instead of the terminal.")
@click.option("--verbose", "-v", is_flag=True, help="Print every table and every note.")
@click.option("--plots", type=PATH, help="Also draw the plots into this folder, as SVG and PNG.")
def command(
    sources: tuple[Path, ...],
    style: str,
    as_json: bool,
    baseline: str,
    reference: str,
    out: Path | None,
    verbose: bool,
    plots: Path | None,
) -> None:
    """Show the SOURCEs: folders of runs, and results CSVs, published or our own.

    One source gives its own table; several are put side by side where they are of the same work.
    """
    found = open_sources(sources)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    style = "json" if as_json else style
    overview = found.overview(baseline, reference, _limit(found, style, verbose=verbose or plots is not None))
    if plots:
        _draw(found, overview, plots)
    if out:
        write_output(out, _text(found, overview, style, verbose=verbose))
    elif style == "table":
        _print(overview, open_console(), verbose=verbose)
    else:
        print(_text(found, overview, style, verbose=verbose), end="")


def _limit(sources: Sources, style: str, *, verbose: bool) -> Callable[[Figure], Limit | None]:
    """The physical limit of a figure, where it will be shown: plugins take longer to load than a CSV to show."""
    if style in ("csv", "json") or (style == "table" and not sources.runs and not verbose):
        return lambda _: None
    from devbench.cli.hardware import hardware_limits
    from devbench.cli.setup import load_plugins

    return hardware_limits(load_plugins()).of


def _text(sources: Sources, overview: Overview, style: str, *, verbose: bool) -> str:
    if style == "json":
        return _json(sources)
    if style == "csv":
        return write_results(sources.rows())
    if style == "html":
        from devbench.cli.page import page_of

        return page_of(sources, overview)
    if style == "markdown":
        sentences = [*answer_sentences(overview), *lag_sentences(overview), *below_sentences(overview)]
        return markdown([*tables_of(overview), *accuracy_tables(overview), *limits_tables(overview)], sentences)
    buffer = io.StringIO()
    _print(overview, Console(file=buffer, width=_FILE_COLUMNS), verbose=verbose)
    return buffer.getvalue()


def _print(overview: Overview, console: Console, *, verbose: bool) -> None:
    if verbose:
        print_tables([*tables_of(overview), *accuracy_tables(overview), *limits_tables(overview)], console)
    else:
        print_compact(overview, console, "--verbose, or --format html --out report.html")


def _draw(sources: Sources, overview: Overview, folder: Path) -> None:
    from devbench.report.drawing import drawing_of
    from devbench.report.plots import write_plots

    paths = write_plots(drawing_of(sources, overview).all_plots(), folder)
    print(f"{len(paths)} files in {folder}", file=sys.stderr)


def _json(sources: Sources) -> str:
    """run.json where the report is of one run; else the rows."""
    if len(sources.runs) == 1 and not sources.files:
        from devbench.store.codec import encode_run

        return encode_run(sources.runs[0][1]).decode()
    return json.dumps(sources.rows(), indent=2, ensure_ascii=False) + "\n"
