"""Puts together what the commands work with: plugins, cache, lab, and the core's own hook implementations."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.errors import DevbenchError
from devbench.ownership import check_ours
from devbench.plugin.manager import Plugins
from devbench.printable import one_line

if TYPE_CHECKING:
    from devbench.domain.change import ChangeAt
    from devbench.domain.lab import Lab
    from devbench.domain.place import Place
    from devbench.pipeline.maker import Maker
    from devbench.run.changes import Hold
    from devbench.run.context import RunContext
    from devbench.run.progress import Progress
    from devbench.run.round import RoundRunner


def machine_root() -> Path:
    """Where `proc` and `sys` are looked for; tests have trees of their own."""
    return Path(os.environ.get("DEVBENCH_ROOT", "/"))


def settled_file(group: str = "") -> Path:
    """Keeps how to undo what `settle:` has changed, while it is changed. group: of places, in a night of a lab."""
    from devbench.models.cache import cache_folder

    return cache_folder() / (
        f"settled-{hashlib.sha256(group.encode()).hexdigest()[:16]}.json" if group else "settled.json"
    )


def holding(group: str = "", tell: Callable[[str], None] = lambda _: None) -> Hold:
    """Makes what `settle:` asks for, and undoes it. group: as for `settled_file`."""
    from devbench.settings.changes import changed

    def hold(changes: Sequence[ChangeAt], machine: str) -> AbstractContextManager[None]:
        state_file = settled_file(" ".join(filter(None, (group, machine))))
        return changed(changes, root=machine_root(), state_file=state_file, tell=tell)

    return hold


def settled_files() -> list[Path]:
    """All that are there, and the one that a run would make."""
    one = settled_file()
    return sorted({one, *one.parent.glob("settled-*.json")})


def load_plugins() -> Plugins:
    """Every installed plugin. Those that live in processes of their own end with the command."""
    import click

    plugins = Plugins()
    if context := click.get_current_context(silent=True):
        context.call_on_close(plugins.close)
    plugins.load_entry_points()
    return plugins


def warn(problems: Iterable[str]) -> None:
    """What the user should know of plugins, on stderr."""
    for problem in problems:
        print(one_line(f"warning: {problem}"), file=sys.stderr)


def lab_places(plugins: Plugins) -> list[Place]:
    """The places that lab.yaml names; none where there is no such file."""
    lab = lab_file(plugins)
    return list(lab.places) if lab else []


def lab_file(plugins: Plugins) -> Lab | None:
    """lab.yaml, or the file that `DEVBENCH_LAB` names; None where there is no such file."""
    path, hint = _lab_file()
    if path is None:
        return None
    from devbench.run.start import known_names
    from devbench.suites.lab import read_lab_file

    return read_lab_file(path, known_names(plugins), hint)


def name_interpreters(plugins: Plugins) -> None:
    """Have each converter run by the interpreter that lab.yaml names for it."""
    path, hint = _lab_file()
    if path is None:
        return
    from dataclasses import replace

    from devbench.run.start import known_names
    from devbench.suites.lab import read_converters

    converters = plugins.registry.converters
    for name, python in read_converters(path, known_names(plugins), hint).items():
        converters[name] = replace(converters[name], python=python)


def _lab_file() -> tuple[Path | None, str]:
    """lab.yaml, where there is one, and what to do where it cannot be read."""
    named = os.environ.get("DEVBENCH_LAB", "")
    path = Path(named or "lab.yaml")
    if not named and not os.path.lexists(path):
        return None, ""
    return path, "DEVBENCH_LAB names it: correct that, or unset it." if named else ""


def open_maker(plugins: Plugins, tell: Callable[[str], None] = lambda _: None) -> Maker:
    """What looks at networks, and makes of them what runtimes load; for commands that measure nothing."""
    from devbench.models.cache import ModelCache, cache_folder
    from devbench.models.fetch import WebFetcher
    from devbench.pipeline.maker import Maker

    cache = cache_folder()
    refuse_open_to_others(cache)
    plugins.add(WebFetcher(), "core: downloads")
    name_interpreters(plugins)
    return Maker(
        cache=ModelCache(cache / "models"),
        fetch=plugins.fetch_model,
        converters=plugins.registry.converters,
        tell=tell,
    )


def open_context(progress: Progress) -> tuple[RunContext, RoundRunner]:
    """What to run with, for `run` and `devices`, with plugins loaded and the core registered behind them."""
    from devbench.models.cache import ModelCache, cache_folder
    from devbench.models.fetch import WebFetcher
    from devbench.run.context import RunContext
    from devbench.run.round import RoundRunner
    from devbench.store.earlier_runs import EarlierRuns

    cache = cache_folder()
    refuse_open_to_others(cache)
    plugins = load_plugins()
    runner = RoundRunner(plugins.registry, cache / "workers", progress.phase)
    plugins.add(WebFetcher(), "core: downloads")
    plugins.add(runner, "core: worker")
    name_interpreters(plugins)
    context = RunContext(
        plugins=plugins,
        cache=ModelCache(cache / "models"),
        lab=lab_places(plugins),
        probe=runner.probe,
        look=runner.look,
        converse=runner.converse,
        progress=progress,
        hold=holding(tell=progress.detail),
        earlier=EarlierRuns(cache / "earlier-runs"),
        carry=runner.carry,
    )
    return context, runner


def refuse_open_to_others(cache: Path) -> None:
    """Who can write there can run programs as this user: the worker is started from there."""
    try:
        check_ours(cache)
    except OSError as error:
        raise DevbenchError(
            f"{error.filename}: {error.strerror}. Devbench runs programs from {cache}",
            "Set DEVBENCH_CACHE to a folder that only you can write (`chmod go-w`). With sudo, use `sudo -H`.",
        ) from error
