"""`devbench check`: will a model file run on an accelerator? Each rule of its runtime, kept or broken."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from devbench.cli.app import show_error
from devbench.cli.paths import PATH
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import lab_places, load_plugins, open_maker, warn
from devbench.domain.check import Check
from devbench.domain.model import Variant
from devbench.errors import DevbenchError
from devbench.models.artifact import described
from devbench.models.cache import cache_folder
from devbench.models.readers import has_traps
from devbench.pipeline.checking import file_to_check
from devbench.pipeline.maker import Maker
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.manager import Plugins
from devbench.report.numbers import count_of
from devbench.report.screen import ScreenLine, Span, marked, wrapped
from devbench.sources.paths import MODELS, did_you_mean, listed
from devbench.suites.names import nearest

EXIT_UNREADABLE = 1
EXIT_BROKEN = 4
_MARKS = {True: "kept", False: "broken", None: "unknown"}
_STYLES = {True: "green", False: "red", None: "yellow"}
_NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """What the rules that some runtimes share say of one file: checks, or the error that it cannot be read."""

    runtimes: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    error: str = ""
    hint: str = ""

    @property
    def status(self) -> int:
        """The exit status that it asks for."""
        if self.error:
            return EXIT_UNREADABLE
        return EXIT_BROKEN if any(check.good is False for check in self.checks) else 0


@click.command()
@click.argument("models", nargs=-1, required=True, type=PATH, metavar="MODEL...")
@click.option("--runtime", default="", help="Only the rules of this runtime; by default those of every runtime.")
@click.option(
    "--calibrate", "images", type=PATH, help="Pictures to quantize a network with that is not a .tflite file yet."
)
@click.option("--verbose", "-v", is_flag=True, help="Also print the rules that are kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(models: tuple[Path, ...], runtime: str, images: Path | None, verbose: bool, as_json: bool) -> int:
    """Say of each MODEL whether an accelerator will run all of it.

    Anything but a .tflite file is made into one first, in int8: `devbench inspect` says what can be. A file that old
    runtimes misread is also held against those that are here, and those of lab.yaml.

    Exits with 4 if a rule is broken, with 1 if a file cannot be read.
    """
    plugins = load_plugins()
    warn(plugins.broken)
    rules = _rules(plugins.registry.runtimes, runtime)
    maker = open_maker(plugins, lambda text: print(text, file=sys.stderr))
    with tempfile.TemporaryDirectory(prefix="devbench-") as scratch:
        files = {path: _file(path, maker, images, Path(scratch)) for path in models}
    found = {str(path): [_judge(files[path], names, one) for names, one in rules.items()] for path in models}
    for path in models:
        found[str(path)] += _misread(files[path], plugins)
    if as_json:
        print(json.dumps({name: [asdict(one) for one in findings] for name, findings in found.items()}, indent=2))
    else:
        for name, findings in found.items():
            _show(name, findings, verbose=verbose)
    statuses = {finding.status for findings in found.values() for finding in findings}
    return EXIT_UNREADABLE if EXIT_UNREADABLE in statuses else max(statuses)


def _rules(known: Mapping[str, KnownRuntime], wanted: str) -> dict[tuple[str, ...], KnownRuntime]:
    """A runtime for each set of rules, with the names of all that share it."""
    having = {name: runtime for name, runtime in known.items() if runtime.rules}
    if wanted and wanted not in having:
        raise DevbenchError(f"no runtime '{wanted}' has rules for model files{nearest(wanted, tuple(having))}")
    if not having:
        raise DevbenchError("no installed runtime has rules for model files", "See `devbench plugins`.")
    sharing: dict[str, list[str]] = {}
    for name in [wanted] if wanted else having:
        sharing.setdefault(having[name].rules, []).append(name)
    return {tuple(names): having[names[0]] for names in sharing.values()}


def _file(path: Path, maker: Maker, images: Path | None, scratch: Path) -> Path | DevbenchError:
    """The file to look into, or why there is none. What nobody knows is for the rules to refuse."""
    if path.suffix == ".tflite" or not os.path.lexists(path):
        return path
    try:
        checked = file_to_check(path, maker, images, scratch)
    except DevbenchError as error:
        return error
    if checked.note:
        print(checked.note, file=sys.stderr)
    return checked.path


def _judge(path: Path | DevbenchError, names: tuple[str, ...], runtime: KnownRuntime) -> FileCheck:
    if isinstance(path, DevbenchError):
        return FileCheck(runtimes=names, error=path.message, hint=path.hint)
    if not os.path.lexists(path):
        hint = did_you_mean(path, listed(path.parent, *MODELS)) or "Name a .tflite file."
        return FileCheck(runtimes=names, error=f"{path}: there is no such file", hint=hint)
    try:
        return FileCheck(runtimes=names, checks=tuple(runtime.check(path)))
    except DevbenchError as error:
        return FileCheck(runtimes=names, error=error.message, hint=error.hint)


def _misread(path: Path | DevbenchError, plugins: Plugins) -> list[FileCheck]:
    """What runtimes that are too old for the file make of it, each with where it is. Nothing is asked of good files."""
    if isinstance(path, DevbenchError):
        return []
    try:
        artifact = described(path, Variant(precision="", format="tflite", source=str(path)))
    except DevbenchError:  # the rules say so
        return []
    if not has_traps(artifact):
        return []
    from devbench.run.misreading import refusals
    from devbench.run.round import RoundRunner

    runner = RoundRunner(plugins.registry, cache_folder() / "workers", lambda _: None)
    found: dict[str, list[Check]] = {}
    for runtime, check in refusals(artifact, plugins.registry, lab_places(plugins), runner.look):
        found.setdefault(runtime, []).append(check)
    return [FileCheck(runtimes=(runtime,), checks=tuple(checks)) for runtime, checks in found.items()]


def _show(name: str, findings: Iterable[FileCheck], *, verbose: bool) -> None:
    for finding in findings:
        if finding.error:
            show_error(DevbenchError(finding.error, finding.hint))
            continue
        width = screen_width()
        show(wrapped(f"{name} ({', '.join(finding.runtimes)}): {_verdict(finding.checks)}", width, indent="  "))
        quiet = [] if verbose else [one for one in finding.checks[1:] if one.good and not one.hint]
        for check in (one for one in finding.checks if one not in quiet):
            mark = _NOTE if check.good and check.hint else _MARKS[check.good]
            show(_inside(marked(mark, f"{check.name}: {check.text}", check.hint, width - 2, _STYLES[check.good])))
        if quiet:
            names = ", ".join(check.name for check in quiet)
            show(_inside(marked(_MARKS[True], names, "", width - 2, _STYLES[True])))


def _inside(lines: Iterable[ScreenLine]) -> Iterator[ScreenLine]:
    return ((Span(text="  "), *line) for line in lines)


def _verdict(checks: Sequence[Check]) -> str:
    broken = [check.name for check in checks if check.good is False]
    unknown = sum(check.good is None for check in checks)
    if broken:
        return f"{count_of(len(broken), 'rule')} broken: {', '.join(broken)}"
    return f"no rule broken, {unknown} not known" if unknown else "no rule broken"
