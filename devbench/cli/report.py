"""`devbench report`: runs and results CSVs as tables, Markdown, CSV or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from devbench.cli.sources import Sources, figures_of, open_sources
from devbench.report.markdown import markdown
from devbench.report.terminal import print_tables
from devbench.store.codec import encode_run
from devbench.store.results_file import write_results


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "csv", "json"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--baseline", default="", help="Device that ratios are over, instead of the suite's or the desktop CPU.")
@click.option("--reference", default="", help="Model of a CSV that others are compared with, instead of its first.")
def command(sources: tuple[Path, ...], style: str, as_json: bool, baseline: str, reference: str) -> None:
    """Show the SOURCEs: folders of runs, and results CSVs, published or our own.

    One source gives its own table; several are put side by side where they are of the same work.
    """
    found = open_sources(sources)
    if as_json or style == "json":
        print(_json(found), end="")
    elif style == "csv":
        print(write_results(row for row in _rows(found)), end="")
    elif style == "markdown":
        print(markdown(found.tables(baseline, reference)), end="")
    else:
        print_tables(found.tables(baseline, reference), Console())


def _json(sources: Sources) -> str:
    """run.json where the report is of one run; else the rows."""
    if len(sources.runs) == 1 and not sources.files:
        return encode_run(sources.runs[0][1]).decode()
    return json.dumps(_rows(sources), indent=2, ensure_ascii=False) + "\n"


def _rows(sources: Sources) -> list[dict[str, str]]:
    ours = [figure for folder, run in sources.runs for figure in figures_of(run, folder)]
    return [dict(figure.row) for figure in [*ours, *(one for file in sources.files for one in file.figures)]]
