"""`devbench publish`: a run as a CSV with its description beside it, for others to cite and to recompute."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from devbench.cli.paths import PATH
from devbench.domain.run import Run
from devbench.errors import ResultsFileError
from devbench.files import write_whole
from devbench.publish.rows import check_publishable, footnotes, published_rows
from devbench.publish.verify import run_facts
from devbench.sources.runs import open_run
from devbench.store.package import PackagedFile, write_package
from devbench.store.results_file import write_results


@click.command()
@click.argument("run", type=PATH)
@click.option("--out", type=PATH, default=Path("results/published"), show_default=True, help="Folder.")
@click.option("--name", default="", help="Name of the CSV, without `.csv`; by default that of the run.")
@click.option("--any-profile", is_flag=True, help="Publish a run that was not measured with the `publish` profile.")
def command(run: Path, out: Path, name: str, any_profile: bool) -> None:
    """Write the figures of the run in the folder RUN as a CSV, and describe it in datapackage.json.

    Contaminated cases are left out, suspect ones get a footnote there.
    """
    folder = open_run(run)
    found = folder.load()
    check_publishable(found, any_profile=any_profile)
    if not re.fullmatch(r"[\w][\w.+-]*|", name):
        raise click.UsageError(f"--name: '{name}' is not a plain file name")
    path = out / f"{name or found.id}.csv"
    text = write_results(published_rows(found)).encode()
    notes = footnotes(found)
    source = PackagedFile(
        file=path.name,
        title=f"{found.suite}, measured by devbench",
        date=found.started_utc[:10],
        notes=tuple(notes),
        facts=run_facts(folder, found),
    )
    _write(path, text, found, source)
    print(path, flush=True)
    for note in notes:
        print(f"• {note}", file=sys.stderr)


def _write(path: Path, text: bytes, run: Run, source: PackagedFile) -> None:
    try:
        if path.exists() and path.read_bytes() != text:
            raise ResultsFileError(
                f"{path}: exists already, with other figures", "Choose another --name, or move that file away."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
        write_package(path.parent, path.parent.name, [source])
    except OSError as error:
        raise ResultsFileError(
            f"{path.parent}: cannot be written: {error.strerror}",
            f"The run {run.id} is unchanged. Free space or permissions, or choose another --out.",
        ) from error
