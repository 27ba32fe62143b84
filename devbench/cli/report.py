"""`devbench report`: a finished run as a table, Markdown, CSV or JSON."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from devbench.compare.comparison import compare_run
from devbench.report.markdown import markdown
from devbench.report.results_csv import results_csv
from devbench.report.tables import tables_of
from devbench.report.terminal import print_tables
from devbench.store.codec import encode_run
from devbench.store.folder import RunFolder


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["table", "markdown", "csv", "json"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--baseline", default="", help="Device that ratios are over, instead of the suite's.")
def command(source: Path, style: str, as_json: bool, baseline: str) -> None:
    """Show the run in the folder SOURCE."""
    folder = RunFolder(source)
    run = folder.load()
    if as_json or style == "json":
        print(encode_run(run).decode(), end="")
        return
    if style == "csv":
        print(results_csv(run), end="")
        return
    comparison = compare_run(
        run,
        lambda case_id: folder.samples(run, case_id),
        lambda case_id: folder.outputs(run, case_id),
        baseline,
    )
    tables = tables_of(comparison)
    if style == "markdown":
        print(markdown(tables), end="")
    else:
        print_tables(tables, Console())
