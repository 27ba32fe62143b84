"""`devbench make`: everything that `run` does before it measures, and the ledger of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from devbench.cli.app import EXIT_INCOMPLETE, show_error
from devbench.cli.console import open_progress
from devbench.cli.paths import PATH
from devbench.cli.run import text_of
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import open_context, warn
from devbench.domain.case import PlannedCase
from devbench.domain.outcome import Failed
from devbench.domain.run import Request
from devbench.errors import DevbenchError
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache, cache_folder
from devbench.pipeline.ledger import Step
from devbench.pipeline.made import Made
from devbench.pipeline.maker import Maker
from devbench.report.numbers import count_of
from devbench.report.screen import ScreenLine, aligned, marked, wrapped
from devbench.run.context import RunContext
from devbench.run.from_context import maker_of
from devbench.run.pairs import in_pairs
from devbench.run.start import make_plan

EXIT_CHANGED = 4
_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class _Result:
    """What became of one model in one precision. again: whether the same bytes came out again; None if not asked."""

    name: str
    path: str = ""
    sha256: str = ""
    size_bytes: int = 0
    arithmetic: str = ""
    steps: tuple[Step, ...] = ()
    error: str = ""
    hint: str = ""
    again: bool | None = None
    changed: tuple[str, ...] = ()


@click.command()
@click.argument("suite", type=PATH)
@click.option("--model", "models", multiple=True, help="Only this model of the suite (repeatable).")
@click.option("--check", is_flag=True, help="Make everything again, and say whether the same bytes come out.")
@click.option("--verbose", "-v", is_flag=True, help="Also print paths, settings and versions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(suite: Path, models: tuple[str, ...], check: bool, verbose: bool, as_json: bool) -> int:
    """Make what SUITE will measure: convert, fix, quantize, check, keep. Nothing is measured.

    Prints the ledger: each step, what did it, and the hash of what came out. Exits with 3 if something cannot be made,
    with 4 if --check finds other bytes.
    """
    with open_progress() as progress:
        context, _ = open_context(progress)
        warn(context.plugins.broken)
        request = Request(suite_text=text_of(suite), suite_dir=str(suite.resolve().parent), models=models)
        _, plan, _ = make_plan(request, str(suite), context)
        wanted = {_name(one): one for one in plan.cases}
        results = _made_all(wanted, context, check=check)
        results += [
            _Result(name=_name(one), error=why.error, hint=why.hint)
            for one, why in plan.skips
            if isinstance(why, Failed) and _name(one) not in wanted
        ]
    if as_json:
        print(json.dumps([asdict(one) for one in results], indent=2))
    else:
        _show(results, verbose=verbose)
    if any(one.error for one in results):
        return EXIT_INCOMPLETE
    return EXIT_CHANGED if any(one.again is False for one in results) else 0


def _name(planned: PlannedCase) -> str:
    return f"{planned.model} {planned.variant.precision or planned.precision}".strip() + f" .{planned.variant.format}"


def _made_all(wanted: Mapping[str, PlannedCase], context: RunContext, *, check: bool) -> list[_Result]:
    """What became of each, in their order; two models are made at once where this machine has room for that."""
    found: dict[str, _Result] = {}
    models: dict[tuple[str, str], list[str]] = {}  # by source: what is made of one shares its steps
    for name, one in wanted.items():
        models.setdefault((one.model, one.variant.source), []).append(name)

    def make(names: Iterable[str]) -> None:
        for name in names:
            found[name] = _made(name, wanted[name], context, check=check)

    in_pairs([partial(make, names) for names in models.values()])
    make(name for name in wanted if name not in found)
    return [found[name] for name in wanted]


def _made(name: str, planned: PlannedCase, context: RunContext, *, check: bool) -> _Result:
    context.progress.preparing(name)
    try:
        if planned.variant.making is None:
            found = prepare_artifact(planned.model, planned.variant, context.cache, context.plugins.fetch_model)
            return _Result(
                name=name, path=str(found.path), sha256=found.sha256, size_bytes=found.size_bytes,
                arithmetic=found.facts.get("arithmetic", found.precision),
            )  # fmt: skip
        made = maker_of(context).make(planned.model, planned.variant)
        changed = _changed(made, planned, context) if check else ()
    except DevbenchError as error:
        return _Result(name=name, error=error.message, hint=error.hint)
    return _Result(
        name=name,
        path=str(made.artifact.path),
        sha256=made.artifact.sha256,
        size_bytes=made.artifact.size_bytes,
        arithmetic=made.artifact.facts.get("arithmetic", made.artifact.precision),
        steps=made.steps,
        again=not changed if check else None,
        changed=changed,
    )


def _changed(made: Made, planned: PlannedCase, context: RunContext) -> tuple[str, ...]:
    """The steps that give other bytes when they are done again, in a cache of their own."""
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="checking-") as folder:
        maker = Maker(
            cache=ModelCache(Path(folder)),
            fetch=context.plugins.fetch_model,
            converters=context.plugins.registry.converters,
            tell=context.progress.detail,
        )
        again = maker.make(planned.model, planned.variant)
        pairs = zip(made.steps, again.steps, strict=False)
        return tuple(one.tool for one, other in pairs if one.sha256 != other.sha256)


def _show(results: list[_Result], *, verbose: bool) -> None:
    width = screen_width()
    good = [one for one in results if not one.error]
    bad = len(results) - len(good)
    text = f"{count_of(len(good), 'file')} {'is' if len(good) == 1 else 'are'} ready to measure"
    show([*wrapped(f"{text}, {bad} cannot be made." if bad else f"{text}.", width, "bold"), ()])
    for one in results:
        if one.error:
            show_error(DevbenchError(f"{one.name}: {one.error}", one.hint))
            continue
        show(_lines(one, width, verbose=verbose))


def _lines(one: _Result, width: int, *, verbose: bool) -> Iterator[ScreenLine]:
    size = f"{one.size_bytes / 1024:,.0f} KiB"
    yield from wrapped(
        f"{one.name}: {one.arithmetic}, {size}, sha256 {one.sha256[:_SHORT]}…", width, "bold", indent="  "
    )
    if one.again is not None:
        mark, text = ("same", "the same bytes come out again") if one.again else (
            "changed", f"other bytes come out of {', '.join(one.changed)}"
        )  # fmt: skip
        yield from marked(mark, text, "", width, "green" if one.again else "red")
    rows = [(one.name, one.tool, one.result, _cost(one), f"{one.sha256[:_SHORT]}…", _said(one)) for one in one.steps]
    if rows:
        yield from aligned(("step", "by", "gives", "took", "sha256", "and says"), rows, width)
    for step in one.steps:
        for note in step.notes:
            yield from marked("note", note, "", width, "yellow")
    if verbose:
        yield from wrapped(f"file: {one.path}", width)
        for step in one.steps:
            about = {**step.versions, **step.settings}
            yield from wrapped(f"{step.name}: " + ", ".join(f"{key} {value}" for key, value in about.items()), width)
    yield ()


def _cost(step: Step) -> str:
    if not step.seconds:
        return ""
    return f"{step.seconds:.1f} s, {step.peak_memory_bytes / 2**20:.0f} MiB"


def _said(step: Step) -> str:
    said: Mapping[str, Any] = step.said
    told = [str(value) if name == "changed" else f"{name} {value}" for name, value in said.items()]
    pictures = [f"{len(step.pictures)} pictures"] if step.pictures else []
    return ", ".join([*pictures, *told])
