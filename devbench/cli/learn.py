"""`devbench learn`: the last layer learned on each device, as a benchmark."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from devbench.cli.app import EXIT_INCOMPLETE
from devbench.cli.console import open_progress
from devbench.cli.output import write_output
from devbench.cli.paths import PATH
from devbench.cli.run import text_of
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import open_context, warn
from devbench.cli.terminal import open_console
from devbench.domain.run import Request
from devbench.learn import measure_learning, vendor_workload
from devbench.report.learn import learn_sentences, learn_table
from devbench.report.markdown import markdown
from devbench.report.screen import wrapped
from devbench.report.terminal import print_tables


@click.command()
@click.argument("suite", type=PATH)
@click.option("--device", "devices", multiple=True, help="Only this device of the suite (repeatable).")
@click.option("--model", "models", multiple=True, help="Only this model of the suite (repeatable).")
@click.option("--format", "style", type=click.Choice(["table", "markdown", "json"]), default="table")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=PATH, help="Write Markdown or JSON to this file.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the draws of pictures.")
def command(
    suite: Path,
    devices: tuple[str, ...],
    models: tuple[str, ...],
    style: str,
    as_json: bool,
    out: Path | None,
    seed: int | None,
) -> int:
    """Learn the last layer of the models of SUITE that have `learn:` pictures, where they run.

    Weight imprinting and softmax regression, as in Google's libcoral: time for each picture, accuracy after 1, 2, ...
    pictures of each class, and time until a new class is usable. Exit status: 0 done; 1 an error; 3 a model could not
    learn.
    """
    request = Request(
        suite_text=text_of(suite),
        suite_dir=str(suite.resolve().parent),
        devices=devices,
        models=models,
        seed=seed,
    )
    with open_progress() as progress:
        context, _ = open_context(progress)
        warn(context.plugins.broken)
        results = measure_learning(request, str(suite), context)
    warn(context.plugins.troubles)
    workload = vendor_workload()
    sentences = list(learn_sentences(results, workload))
    table = learn_table(results)
    style = "json" if as_json else "markdown" if out and style == "table" else style
    if style == "table":
        width = screen_width()
        for text in sentences:
            show(wrapped(text, width))
        if table.rows:
            print_tables([table], open_console())
    else:
        text = json.dumps({"results": [asdict(one) for one in results], "published": asdict(workload)}, indent=2) + "\n"
        text = text if style == "json" else markdown([table], sentences)
        write_output(out, text) if out else print(text, end="")
    return EXIT_INCOMPLETE if any(one.problem for one in results) else 0
