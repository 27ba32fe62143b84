"""All plugins of one command: a broken one is a line in `devbench plugins`, and never stops the rest.

The bundled ones live in devbench's own process; anybody else's each in one of its own (`child.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from devbench.domain.case import Case
from devbench.domain.outcome import Round
from devbench.domain.place import Place
from devbench.domain.run import Run
from devbench.errors import DevbenchError
from devbench.plugin.calls import with_round_error
from devbench.plugin.local import CorePlugin, LocalPlugin
from devbench.plugin.methods import FETCH_MODEL, MAKE_READY, RUN_FINISHED, RUN_ROUND, Method
from devbench.plugin.plugin import Owner, Plugin
from devbench.plugin.processes import PluginProcesses
from devbench.plugin.registry import PluginInfo, Registry
from devbench.plugin.separate import SeparatePlugin
from devbench.plugin.wrapping import wrapped

GROUP = "devbench"
_OURS = "edge-devbench"


class Plugins:
    """What all plugins brought, and typed ways to ask them."""

    def __init__(self) -> None:
        self._processes = PluginProcesses()
        self._core: list[Plugin] = []
        self._bundled: list[Plugin] = []
        self._others: list[Plugin] = []
        self.registry = Registry()
        self.infos: list[PluginInfo] = []

    def load_entry_points(self, group: str = GROUP) -> None:
        """Load every installed plugin, or those that `DEVBENCH_PLUGINS` names (comma separated, none if empty)."""
        installed, chosen = _chosen(group)
        ours = {entry.name for entry in installed if _is_bundled(entry)}
        for entry in chosen:
            owner = Owner(plugin=entry.name, distribution=_distribution(entry))
            bundled = _is_bundled(entry)
            if not bundled and entry.name in ours:
                problem = f"the name '{entry.name}' is that of a plugin of devbench: its entry point needs another one"
                info = PluginInfo(name=entry.name, distribution=owner.distribution, brings=(), problems=(problem,))
                self.infos.append(info)
            elif bundled or os.environ.get("DEVBENCH_PLUGIN_PROCESSES") == "0":
                (self._bundled if bundled else self._others).append(LocalPlugin(owner, entry, looked_into=bundled))
            else:
                self._others.append(SeparatePlugin(owner, entry, self._processes))
        for plugin in self._others:
            if isinstance(plugin, SeparatePlugin):
                with suppress(DevbenchError):  # `load` tries again, and says why it cannot be
                    plugin.start()  # they load while the bundled ones do
        for plugin in (*self._bundled, *self._others):
            self._load(plugin)
        self.infos.sort(key=lambda info: info.name)

    def add(self, plugin: object, name: str) -> None:
        """Have the core's own `plugin` answer hooks, behind all others."""
        own = CorePlugin(Owner(plugin=name, distribution=_OURS), plugin)
        self._core.append(own)
        self._load(own)

    def close(self) -> None:
        """End the processes of plugins."""
        for plugin in self._others:
            plugin.close()
        self._processes.close()

    @property
    def broken(self) -> list[str]:
        """What is wrong with plugins that are installed."""
        return [
            f"{Owner(plugin=info.name, distribution=info.distribution)}: {problem}"
            for info in self.infos
            for problem in info.problems
        ]

    @property
    def troubles(self) -> list[str]:
        """What went wrong in plugins since they were loaded, and stopped nothing."""
        return [text for plugin in self._all() for text in plugin.troubles]

    def fetch_model(self, source: str, into: Path) -> Path:
        """Have the plugin that knows the source's scheme write the file into `into`; its path there.

        devbench's own schemes are asked for first. Of others' plugins, one that fails may just not be the one to ask.
        """
        failed: list[tuple[Plugin, DevbenchError]] = []
        for plugin in self._having(FETCH_MODEL, (*self._bundled, *self._core, *self._others)):
            try:
                path: Path | None = plugin.ask(FETCH_MODEL, source, into)
                if path is not None:
                    found = _within(into, path, plugin)
                    break
            except DevbenchError as error:
                if plugin not in self._others:
                    raise
                failed.append((plugin, error))
        else:
            raise (
                failed.pop(0)[1]
                if failed
                else DevbenchError(
                    f"no plugin knows how to get the model '{source}'",
                    "Give a path to a .tflite file or an http(s) address, or see `devbench plugins`.",
                )
            )
        for plugin, passed in failed:
            plugin.pass_over(passed)
        return found

    def make_ready(self, case: Case, place: Place) -> None:
        """Have made at `place` what the case's rounds will load. Raises a RoundError."""
        for plugin in self._concerned(MAKE_READY, case):
            self._asked_for_round(plugin, MAKE_READY, case, place, MAKE_READY.limit_s)

    def run_round(self, case: Case, place: Place) -> Round:
        """One round of `case` at `place`, with every power meter around it. Raises a RoundError."""
        wrappers = [plugin for plugin in reversed(self._all()) if plugin.brought.wraps]
        return wrapped(wrappers, case, place, self._measured)

    def run_finished(self, run: Run) -> None:
        """Tell every listener that the run is saved: that one fails must not undo that."""
        self._tell(RUN_FINISHED, run)

    def _tell(self, method: Method, news: object) -> None:
        for plugin in self._having(method, self._all()):
            try:
                plugin.ask(method, news)
            except DevbenchError as error:
                plugin.pass_over(error)

    def _load(self, plugin: Plugin) -> None:
        plugin.load()
        self.infos.append(self.registry.add_all(plugin))

    def _all(self) -> tuple[Plugin, ...]:
        return (*self._bundled, *self._others, *self._core)

    def _measured(self, case: Case, place: Place) -> Round:
        limit_s = RUN_ROUND.limit_s + case.planned.measure.time_limit_s
        for plugin in self._concerned(RUN_ROUND, case):
            done: Round | None = self._asked_for_round(plugin, RUN_ROUND, case, place, limit_s)
            if done is not None:
                return done if plugin in self._core else _signed(done, plugin)
        raise DevbenchError(f"no plugin runs a round of {case.id}", "See `devbench plugins`.")

    def _asked_for_round(self, plugin: Plugin, method: Method, case: Case, place: Place, limit_s: float) -> Any:
        """The answer; where others' code fails at it, a RoundError."""
        if plugin in self._core:
            return plugin.ask(method, case, place)
        return with_round_error(method.name, lambda: plugin.ask(method, case, place, limit_s=limit_s))

    def _concerned(self, method: Method, case: Case) -> Iterator[Plugin]:
        """Those that bring the case's device or its runtime, then the core: nobody else's cases are theirs to fail."""
        registry, planned = self.registry, case.planned
        own = (registry.devices.get(planned.device), registry.runtimes.get(planned.runtime))
        bringing = dict.fromkeys(one.plugin for one in own if one)
        return self._having(method, (*bringing, *self._core))

    def _having(self, method: Method, plugins: tuple[Plugin, ...]) -> Iterator[Plugin]:
        return (plugin for plugin in plugins if method.name in plugin.brought.hooks)


def _chosen(group: str) -> tuple[list[metadata.EntryPoint], list[metadata.EntryPoint]]:
    """All that are installed, and those of them that are to be loaded."""
    named = os.environ.get("DEVBENCH_PLUGINS")
    wanted = None if named is None else {name.strip() for name in named.split(",")} - {""}
    found = sorted(metadata.entry_points(group=group), key=lambda entry: entry.name)
    for name in sorted((wanted or set()) - {entry.name for entry in found}):
        raise DevbenchError(
            f"DEVBENCH_PLUGINS names '{name}', which is not installed",
            f"Installed: {', '.join(sorted(entry.name for entry in found))}.",
        )
    return found, [entry for entry in found if wanted is None or entry.name in wanted]


def _is_bundled(entry: metadata.EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == _OURS


def _distribution(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"


def _within(into: Path, path: Path, plugin: Plugin) -> Path:
    """The file, if it is one in the folder that was given."""
    found = into / path
    if not found.resolve().is_relative_to(into.resolve()) or not found.is_file():
        raise plugin.failed(f"{FETCH_MODEL.name}() gave {path}, which is not a file in the folder that it was given")
    return found


def _signed(done: Round, plugin: Plugin) -> Round:
    """The round with the name of who measured it, where that was not devbench's worker."""
    return replace(done, about=replace(done.about, facts={**done.about.facts, "measured_by": str(plugin.owner)}))
