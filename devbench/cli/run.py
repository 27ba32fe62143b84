"""`devbench run`: measure a suite."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from devbench.cli.app import EXIT_INCOMPLETE, EXIT_INTERRUPTED
from devbench.cli.console import open_progress
from devbench.cli.durations import seconds_of
from devbench.cli.hardware import hardware_limits
from devbench.cli.interrupts import to_go_on, until_interrupted
from devbench.cli.paths import PATH
from devbench.cli.setup import open_context, warn
from devbench.cli.terminal import open_console
from devbench.compare.overview import Overview
from devbench.domain.measure import Measure
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import Request, Run
from devbench.errors import DevbenchError, NothingMeasuredError, SuiteError
from devbench.plugin.manager import Plugins
from devbench.report.accuracy import accuracy_tables
from devbench.report.limits import limits_tables
from devbench.report.numbers import duration
from devbench.report.tables import tables_of
from devbench.report.terminal import print_compact, print_tables
from devbench.run.budget import groups_in, plan_s
from devbench.run.context import RunContext
from devbench.run.estimate import most_s, round_s
from devbench.run.groups import Group
from devbench.run.order import interleaved
from devbench.run.plan import Plan
from devbench.run.resume import resume_run
from devbench.run.start import make_plan, references_of, start_run
from devbench.sources.paths import CSVS, MODELS, SUITES, did_you_mean, listed, some, what_takes
from devbench.sources.runs import is_run, open_run
from devbench.sources.sources import Sources, open_sources
from devbench.store.codec import encode_run
from devbench.store.folder import RunFolder
from devbench.store.results_file import write_results
from devbench.store.results_rows import rows_of
from devbench.suites.yaml_file import read_yaml

_MOST_REASONS = 5


@click.command()
@click.argument("suite", type=PATH, required=False)
@click.option("--device", "devices", multiple=True, help="Only this device of the suite (repeatable).")
@click.option("--model", "models", multiple=True, help="Only this model of the suite (repeatable).")
@click.option(
    "--profile",
    type=click.Choice(["quick", "normal", "publish"]),
    default=None,
    help="Profile to use instead of the suite's; settings that the suite overrides stay.",
)
@click.option("--budget", help="How long all rounds may take, as `10 min`, instead of a precision.")
@click.option("--out", type=PATH, help="Run folder; by default a new one in results/runs/.")
@click.option("--resume", type=PATH, help="Continue the run in this folder.")
@click.option("--strict", is_flag=True, help="Fail if a case is skipped or a device is absent.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of inputs and order, instead of the suite's.")
@click.option("--serial", is_flag=True, help="One round at a time, also where places are on different machines.")
@click.option("--dry-run", is_flag=True, help="Print the plan and its estimated time; measure nothing.")
@click.option(
    "--page/--no-page",
    default=True,
    envvar="DEVBENCH_PAGE",
    help="Write report.html at the end, which takes a second or two; DEVBENCH_PAGE=0 is --no-page.",
)
@click.option("--verbose", "-v", is_flag=True, help="Print every table and every note.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json instead of tables.")
def command(
    suite: Path | None,
    devices: tuple[str, ...],
    models: tuple[str, ...],
    profile: str | None,
    budget: str | None,
    out: Path | None,
    resume: Path | None,
    strict: bool,
    seed: int | None,
    serial: bool,
    dry_run: bool,
    page: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Measure SUITE, a YAML file, on every device of it that is here.

    Samples and figures go into a run folder; the table goes to stdout. Exit status: 0 done; 1 an error; 2 a mistake
    on the command line; 3 done, but a case failed or nothing was measured (with --strict also: a case was skipped, or a
    device is absent); 130 interrupted.
    """
    if (suite is None) == (resume is None):
        raise click.UsageError("give a SUITE, or --resume and the folder of a run")
    if resume and (devices or models or profile or budget is not None or out or seed is not None or dry_run):
        raise click.UsageError("--resume continues a run as it began: give no other options")
    with open_progress() as progress:
        context, _ = open_context(progress)
        context = replace(context, serial=serial)
        warn(context.plugins.broken)  # before a suite that names what they should bring is found wanting
        if resume:
            folder = open_run(resume)
            run = until_interrupted(lambda: resume_run(folder, context), folder, to_go_on("run", folder))
        else:
            assert suite is not None
            request = Request(
                suite_text=text_of(suite),
                suite_dir=str(suite.resolve().parent),
                devices=devices,
                models=models,
                profile=profile or "",
                seed=seed,
                budget_s=None if budget is None else seconds_of(budget),
            )
            if dry_run:
                return _show_plan(request, str(suite), context)
            folder = RunFolder(out or new_folder(suite))
            run = until_interrupted(
                lambda: start_run(request, str(suite), folder, context), folder, to_go_on("run", folder)
            )
    if run is None:
        if not as_json:
            _show_unfinished(folder, verbose=verbose)
        return EXIT_INTERRUPTED
    folder.write("results.csv", write_results(rows_of(run)).encode())
    context.plugins.run_finished(run)
    warn(context.plugins.troubles)
    _show(run, folder, context.plugins, page=page, verbose=verbose, as_json=as_json)
    return _status(run, strict)


def text_of(suite: Path) -> str:
    """The text of a suite; a `SuiteError` says what the file is instead."""
    if suite.suffix in (*MODELS, *CSVS):
        raise SuiteError(f"{suite}: this is not a suite", what_takes(suite))
    return read_yaml(suite, _hint(suite)).text


def _hint(suite: Path) -> str:
    """What to do where `suite` cannot be read as one."""
    if is_run(suite):
        return f"This is the folder of a run. To continue it: devbench run --resume {suite}"
    if os.path.isdir(suite):  # noqa: PTH112 - Path.is_dir raises without permission to look
        within = some(listed(suite, *SUITES))
        return f"Name a suite in it: {within}" if within else "Name a YAML file (docs/suites.md)."
    near = (one for folder in (suite.parent, Path("suites")) for one in listed(folder, *SUITES))
    return did_you_mean(suite, near) or "docs/suites.md shows what a suite looks like."


def new_folder(suite: Path) -> Path:
    """Where a run goes by default."""
    return Path("results/runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{suite.stem}"


def _show(run: Run, folder: RunFolder, plugins: Plugins, *, page: bool, verbose: bool, as_json: bool) -> None:
    sources = open_sources([folder.path])
    if as_json:
        print(encode_run(run).decode(), end="", flush=True)
    if as_json and not page:
        return
    overview = sources.overview(limit=hardware_limits(plugins).of)
    if not as_json:
        where = str(folder.path / "report.html") if page else str(folder.path)
        _print_report(overview, where, verbose=verbose, causes=_gave_something(run))
        if verbose:
            print(f"Run folder: {folder.path}", flush=True)
    if page:
        write_page(sources, overview, folder)


def _show_unfinished(folder: RunFolder, *, verbose: bool) -> None:
    """What an interrupted run has so far, if anything."""
    if not folder.exists:
        return
    try:
        _print_report(open_sources([folder.path]).overview(), str(folder.path), verbose=verbose)
    except DevbenchError as error:
        print(f"note: what was measured cannot be shown: {error.message}", file=sys.stderr)


def _print_report(overview: Overview, where: str, *, verbose: bool, causes: bool = True) -> None:
    if verbose:
        print_tables([*tables_of(overview), *accuracy_tables(overview), *limits_tables(overview)], open_console())
    else:
        print_compact(overview, open_console(), where, causes=causes)
    sys.stdout.flush()


def write_page(sources: Sources, overview: Overview, folder: RunFolder) -> None:
    """Put report.html beside run.json. All is measured and saved by now, so whatever goes wrong here is but a note."""
    try:
        from devbench.cli.page import page_of

        folder.write("report.html", page_of(sources, overview).encode())
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - matplotlib missing, broken or out of memory, a full disk...
        text = error.message if isinstance(error, DevbenchError) else f"{type(error).__name__}: {error}"
        print(f"note: report.html was not written: {text}", file=sys.stderr)
        print(f"  → `devbench report {folder.path} --format html --out report.html` tries again.", file=sys.stderr)


def _show_plan(request: Request, name: str, context: RunContext) -> int:
    suite, plan, seed = make_plan(request, name, context)
    references_of(suite, request)
    order = interleaved({case.id: case.measure.rounds for case in plan.cases}, seed)
    if plan.cases:
        groups = groups_in(plan, context)
        print(_how_long(plan, groups, request.budget_s or suite.measure.budget_s))
        print("Models that are not in the cache are made first.")
        if len(groups) > 1:
            print(f"{len(groups)} groups of places go on side by side: the longest of them decides.")
    for one in plan.absent:
        print(f"  absent: {one.device}: {one.reason}")
    for case, why in plan.skips:
        told = f"fails: {case.id}: {why.error}" if isinstance(why, Failed) else f"skipped: {case.id}: {why.reason}"
        print(f"  {told}")
    print(f"{len(plan.cases)} cases, {len(order)} rounds in this order (seed {seed}):")
    for number, case_id in enumerate(order, 1):
        print(f"  {number:3} {case_id}")
    if not plan.cases:
        raise nothing("nothing of this suite can be measured here", [*(why for _, why in plan.skips), *plan.absent])
    return 0


def _how_long(plan: Plan, groups: Sequence[Group], budget_s: float | None) -> str:
    """How long the rounds of a plan take, as far as its settings tell."""

    def seconds(of: Callable[[Measure], float]) -> float:
        return min(plan_s(plan, groups, of), budget_s or math.inf)

    if budget_s and seconds(most_s) == budget_s and all(case.measure.precision is None for case in plan.cases):
        return f"Measuring takes {duration(budget_s)}, the budget."
    first = duration(seconds(lambda measure: measure.rounds * round_s(measure)))
    last = duration(
        seconds(lambda measure: (measure.max_rounds if measure.precision else measure.rounds) * round_s(measure))
    )
    fast = first if first == last else f"{first} to {last}, by how many rounds the precision needs,"
    most = "the budget" if budget_s and seconds(most_s) == budget_s else "all of `max_rounds`, each up to its caps"
    return f"Measuring takes about {fast} if the models are fast,\nand at most {duration(seconds(most_s))}: {most}."


def _status(run: Run, strict: bool) -> int:
    outcomes = [case.outcome for case in run.cases]
    if not _gave_something(run):
        raise nothing("nothing was measured", [*outcomes, *run.absent])
    failed = any(isinstance(case.outcome, Failed) or (case.accuracy and case.accuracy.problem) for case in run.cases)
    skipped = bool(run.absent) or any(isinstance(outcome, Skipped) for outcome in outcomes)
    return EXIT_INCOMPLETE if failed or (strict and skipped) else 0


def _gave_something(run: Run) -> bool:
    """Where nothing was measured, the error at the end of the command has all causes: nothing else says them again."""
    return any(isinstance(case.outcome, Measured) for case in run.cases)


def nothing(what: str, reasons: Iterable[object]) -> NothingMeasuredError:
    """What to do where nothing was measured: each distinct reason with its hint, but not all of a hundred."""
    texts: dict[str, None] = {}
    for one in reasons:
        reason = one.error if isinstance(one, Failed) else getattr(one, "reason", "")
        hint = getattr(one, "hint", "")
        texts[f"{reason}. {hint}" if hint else reason] = None
    found = [text for text in texts if text]
    more = [f"… and {len(found) - _MOST_REASONS} more reasons"] if len(found) > _MOST_REASONS else []
    return NothingMeasuredError(what, "\n  → ".join([*found[:_MOST_REASONS], *more]) or "See `devbench devices`.")
