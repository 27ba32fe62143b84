"""`devbench verify`: does every cell of a published CSV follow from its run?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from devbench.cli.app import EXIT_ERROR
from devbench.cli.paths import PATH
from devbench.publish.verify import Verification, verify

_MOST_PROBLEMS = 50


@click.command()
@click.argument("csv", type=PATH)
@click.option(
    "--runs",
    type=PATH,
    multiple=True,
    default=[Path("results/runs")],
    show_default=True,
    help="Folder of a run, or a folder of such folders (repeatable).",
)
def command(csv: Path, runs: tuple[Path, ...]) -> int:
    """Make each figure of the file CSV again from the samples of its run, and name every cell that does not follow.

    Exits with 1 if there is one.
    """
    found = verify(csv, runs)
    for problem in found.problems[:_MOST_PROBLEMS]:
        print(problem)
    if len(found.problems) > _MOST_PROBLEMS:
        print(f"… and {len(found.problems) - _MOST_PROBLEMS} more")
    print(_summary(found), file=sys.stderr)
    return EXIT_ERROR if found.problems else 0


def _summary(found: Verification) -> str:
    elsewhere = f" {found.published_elsewhere} rows were published elsewhere: there are no samples to check them by."
    made = f"{found.cells} cells of {found.rows} rows were made again from samples: "
    outcome = f"{len(found.problems)} problems." if found.problems else "all follow."
    return (made + outcome if found.rows else "") + (elsewhere if found.published_elsewhere else "")
