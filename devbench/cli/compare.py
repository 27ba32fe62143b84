"""`devbench compare`: two runs of one suite, case by case: faster, slower or no difference shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import click

from devbench.cli.durations import seconds_of
from devbench.cli.paths import PATH
from devbench.cli.screen import screen_width, show
from devbench.cli.terminal import open_console
from devbench.compare.runs import Kind, RunChanges, compare_runs
from devbench.report.compact_runs import compact_changes
from devbench.report.markdown import markdown
from devbench.report.runs_table import runs_data, runs_table
from devbench.report.terminal import print_tables
from devbench.sources.sources import open_finished

EXIT_FAIL_ON = 4


def _share(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """A share from 0 up to 1, that not included: `0.01`, or `1%`."""
    text = value.strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(
            f"'{value}' is not a share such as 0.01, nor a percentage such as 1%", ctx, param
        ) from None
    if not 0 <= share < 1:  # also refuses nan
        raise click.BadParameter(f"'{value}' is not from 0 up to 1; one percent is 0.01 or 1%", ctx, param)
    return share


@click.command()
@click.option(
    "--measure",
    "measures",
    is_flag=True,
    help="Measure both again, in turns: OLD and NEW are suites, model files or run folders. Shows small differences.",
)
@click.option("--budget", default="2 min", show_default=True, help="With --measure: how long it may take.")
@click.option("--device", default="", help="With --measure of model files: the device; by default the first one here.")
@click.option("--old-runtime", default="", help="With --measure of a model file: the runtime of OLD.")
@click.option("--new-runtime", default="", help="The same for NEW.")
@click.option("--old-python", default="", help="With --measure: the interpreter to measure OLD with.")
@click.option("--new-python", default="", help="The same for NEW.")
@click.option("--out", type=PATH, help="With --measure: the run folder; by default a new one in results/runs/.")
@click.argument("old", type=PATH)
@click.argument("new", type=PATH)
@click.option(
    "--threshold",
    callback=_share,
    default="0.01",
    show_default=True,
    metavar="SHARE",
    help="Smallest difference that matters: 0.01 or 1% is one percent.",
)
@click.option("--verbose", "-v", is_flag=True, help="Print the whole table and every note.")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "json"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on",
    "kinds",
    type=click.Choice(get_args(Kind)),
    multiple=True,
    help="Exit with 4 if a case is this (repeatable). missing: measured in OLD and not in NEW. failed: in NEW. "
    "answer: the same file gave a different answer to the same input.",
)
def command(
    old: Path,
    new: Path,
    threshold: float,
    style: str,
    verbose: bool,
    as_json: bool,
    kinds: tuple[Kind, ...],
    measures: bool,
    out: Path | None,
    budget: str,
    **sides: str,
) -> int:
    """Compare the run in the folder NEW with the one in OLD, case by case.

    The ratio is time in NEW over time in OLD: above 1 is slower. With --measure, both are measured again in turns: that
    shows far smaller differences than two runs do.
    """
    style = "json" if as_json else style
    if measures:
        from devbench.cli.side_by_side import Choice, compare_side_by_side

        choice = Choice(
            old=old, new=new, threshold=threshold, budget_s=seconds_of(budget), out=out, style=style, **sides
        )
        return compare_side_by_side(choice, kinds)
    if out or any(sides.values()):
        raise click.UsageError("--out, --device and the options of a runtime or an interpreter need --measure.")
    changes = compare_runs(open_finished(old), open_finished(new), threshold)
    if style == "json":
        print(json.dumps(runs_data(changes), indent=2, ensure_ascii=False))
    elif style == "markdown":
        print(markdown([runs_table(changes)]), end="")
    elif verbose:
        print_tables([runs_table(changes)], open_console())
    else:
        show(compact_changes(changes, screen_width()))
    return _status(changes, kinds)


def _status(changes: RunChanges, kinds: tuple[Kind, ...]) -> int:
    status = 0
    for kind in dict.fromkeys(kinds):
        found = [change.id for change in changes.cases if change.is_a(kind)]
        if found:
            print(f"--fail-on {kind}: {', '.join(found)}", file=sys.stderr)
            status = EXIT_FAIL_ON
    return status
