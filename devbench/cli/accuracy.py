"""`devbench accuracy`: how often the files of a suite answer rightly, on each device of it that is here."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from devbench.cli.app import EXIT_INCOMPLETE, EXIT_INTERRUPTED
from devbench.cli.console import open_progress
from devbench.cli.interrupts import to_go_on, until_interrupted
from devbench.cli.paths import PATH
from devbench.cli.run import new_folder, nothing, text_of, write_page
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import open_context, warn
from devbench.cli.terminal import open_console
from devbench.compare.overview import Overview
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.run import Request, Run
from devbench.report.accuracy import accuracy_lines, accuracy_tables
from devbench.report.notes import note_of
from devbench.report.screen import wrapped
from devbench.report.terminal import print_tables
from devbench.run.accuracy_run import resume_accuracy, start_accuracy
from devbench.run.execute import NOT_TIMED
from devbench.sources.runs import open_run
from devbench.sources.sources import open_sources
from devbench.store.codec import encode_run
from devbench.store.folder import RunFolder
from devbench.store.results_file import write_results
from devbench.store.results_rows import rows_of


@click.command()
@click.argument("suite", type=PATH, required=False)
@click.option("--device", "devices", multiple=True, help="Only this device of the suite (repeatable).")
@click.option("--model", "models", multiple=True, help="Only this model of the suite (repeatable).")
@click.option("--out", type=PATH, help="Run folder; by default a new one in results/runs/.")
@click.option("--resume", type=PATH, help="Go on in this folder; what was answered is not asked again.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the sample of pictures.")
@click.option(
    "--page/--no-page",
    default=True,
    envvar="DEVBENCH_PAGE",
    help="Write report.html at the end; DEVBENCH_PAGE=0 is --no-page.",
)
@click.option("--verbose", "-v", is_flag=True, help="Print the whole table and every note.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json instead.")
def command(
    suite: Path | None,
    devices: tuple[str, ...],
    models: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    seed: int | None,
    page: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Ask the models of SUITE that have `test:` pictures on every device of it that is here; time nothing.

    Every answer goes into a run folder. Exit status: 0 done; 1 an error; 2 a mistake on the command line; 3 a model
    could not be asked; 130 interrupted.
    """
    if (suite is None) == (resume is None):
        raise click.UsageError("give a SUITE, or --resume and the folder of a run")
    if resume and (devices or models or out or seed is not None):
        raise click.UsageError("--resume continues as it began: give no other options")
    with open_progress() as progress:
        context, _ = open_context(progress)
        warn(context.plugins.broken)
        if resume:
            folder = open_run(resume)
            run = until_interrupted(lambda: resume_accuracy(folder, context), folder, to_go_on("accuracy", folder))
        else:
            assert suite is not None
            folder = RunFolder(out or new_folder(suite))
            request = Request(
                suite_text=text_of(suite),
                suite_dir=str(suite.resolve().parent),
                devices=devices,
                models=models,
                seed=seed,
            )
            run = until_interrupted(
                lambda: start_accuracy(request, str(suite), folder, context), folder, to_go_on("accuracy", folder)
            )
    if run is None:
        return EXIT_INTERRUPTED
    folder.write("results.csv", write_results(rows_of(run)).encode())
    warn(context.plugins.troubles)
    sources = open_sources([folder.path])
    overview = sources.overview()
    if as_json:
        print(encode_run(run).decode(), end="", flush=True)
    elif verbose:
        print_tables(accuracy_tables(overview), open_console())
    else:
        show(accuracy_lines(overview, screen_width()))
    if not as_json:
        _show_notes(overview, folder)
    sys.stdout.flush()
    if page:
        write_page(sources, overview, folder)
    return _status(run)


def _show_notes(overview: Overview, folder: RunFolder) -> None:
    width = screen_width()
    notes = [one for one in overview.findings if one.text != NOT_TIMED and one.cause not in ("weights", "pending")]
    for one in notes:
        show(wrapped(note_of(one), width))
    show(wrapped(f"Every answer: {folder.path}", width))


def _status(run: Run) -> int:
    if not any(case.accuracy and not case.accuracy.problem for case in run.cases):
        reasons = [case.outcome for case in run.cases if getattr(case.outcome, "reason", "") != NOT_TIMED]
        problems = [Skipped(reason=one.problem, hint=one.hint) for case in run.cases if (one := case.accuracy)]
        raise nothing("no accuracy was measured", [*reasons, *problems, *run.absent])
    wrong = any(isinstance(case.outcome, Failed) or (case.accuracy and case.accuracy.problem) for case in run.cases)
    return EXIT_INCOMPLETE if wrong else 0
