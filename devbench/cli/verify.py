"""`devbench verify`: does every cell of a published CSV, or every figure of a run, follow from the samples?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from devbench.cli.app import EXIT_ERROR
from devbench.cli.paths import PATH
from devbench.printable import one_line
from devbench.publish.verify import Verification, verify, verify_run
from devbench.sources.runs import open_run
from devbench.sources.sources import existing_csv
from devbench.store import RUN_FILE

_MOST_PROBLEMS = 10


@click.command()
@click.argument("source", type=PATH, metavar="CSV_OR_RUN")
@click.option(
    "--runs",
    type=PATH,
    multiple=True,
    default=[Path("results/runs")],
    show_default=True,
    help="For a CSV: folder of a run, or a folder of such folders (repeatable).",
)
@click.option("--verbose", "-v", is_flag=True, help=f"Name every problem, not only the first {_MOST_PROBLEMS}.")
def command(source: Path, runs: tuple[Path, ...], verbose: bool) -> int:
    """Make each figure of a CSV, or of a run folder, again from the samples, and name every cell that does not follow.

    Every checksum of the run is checked too. Exits with 1 if something is wrong.
    """
    is_run = os.path.isdir(source) or source.name == RUN_FILE  # noqa: PTH112 - Path.is_dir raises without permission to look
    found = verify_run(open_run(source)) if is_run else verify(existing_csv(source), runs)
    print(_summary(found), file=sys.stderr)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    most = len(found.problems) if verbose else _MOST_PROBLEMS
    for problem in found.problems[:most]:
        print(one_line(problem))
    if len(found.problems) > most:
        print(f"… and {len(found.problems) - most} more: --verbose")
    return EXIT_ERROR if found.problems else 0


def _summary(found: Verification) -> str:
    outcome = f"{_counted(len(found.problems), 'problem')}." if found.problems else "all follow."
    parts = [f"{_counted(found.cells, 'cell')} of {_counted(found.rows, 'row')} made again from samples: {outcome}"]
    if found.published_elsewhere:
        parts = parts if found.rows else [outcome] if found.problems else []
        parts.append(f"{_counted(found.published_elsewhere, 'row')} published elsewhere: no samples to check them by.")
    return " ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
