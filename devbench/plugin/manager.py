"""The plugin manager: a broken plugin is a line in `devbench plugins`, and never stops the rest.

Nothing else in devbench touches pluggy's hook callers.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from devbench import hookspecs
from devbench.domain.case import Case
from devbench.domain.outcome import Round
from devbench.domain.place import Place
from devbench.domain.run import Run
from devbench.errors import DevbenchError
from devbench.plugin.registry import PluginInfo, Registry

GROUP = "devbench"
_REGISTRATIONS = ("devbench_runtimes", "devbench_devices", "devbench_models")


class Plugins:
    """All plugins of one process: what they brought, and typed ways to ask them."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self.registry = Registry()
        self.infos: list[PluginInfo] = []

    def load_entry_points(self, group: str = GROUP) -> None:
        """Load every installed plugin, or those that `DEVBENCH_PLUGINS` names (comma separated, none if empty)."""
        chosen = os.environ.get("DEVBENCH_PLUGINS")
        wanted = None if chosen is None else {name.strip() for name in chosen.split(",")} - {""}
        found = sorted(metadata.entry_points(group=group), key=lambda entry: entry.name)
        for entry in found:
            if wanted is None or entry.name in wanted:
                self._load(entry)
        for name in sorted((wanted or set()) - {entry.name for entry in found}):
            raise DevbenchError(
                f"DEVBENCH_PLUGINS names '{name}', which is not installed",
                f"Installed: {', '.join(sorted(entry.name for entry in found))}.",
            )

    def add(self, plugin: object, name: str, distribution: str = "devbench") -> None:
        """Register a module or object as a plugin; its problems go into `infos`."""
        problems: list[str] = []
        brings: list[str] = []
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
            brings, problems = self._take_registrations(plugin, name)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it is recorded with its owner
            self._forget(plugin)
            problems.append(_reason(error))
        self.infos.append(
            PluginInfo(name=name, distribution=distribution, brings=tuple(brings), problems=tuple(problems))
        )

    def fetch_model(self, source: str, into: Path) -> Path:
        """Have the plugin that knows the source's scheme write the file into `into`; its path there."""
        path: Path | None = self._manager.hook.devbench_fetch_model(source=source, into=into)
        if path is None:
            raise DevbenchError(
                f"no plugin knows how to get the model '{source}'",
                "Give a path to a .tflite file or an http(s) address, or see `devbench plugins`.",
            )
        return path

    def make_ready(self, case: Case, place: Place) -> None:
        """Have made at `place` what the case's rounds will load."""
        self._manager.hook.devbench_make_ready(case=case, place=place)

    def run_round(self, case: Case, place: Place) -> Round:
        """One round of `case` at `place`, by the first plugin that takes it."""
        done: Round | None = self._manager.hook.devbench_run_round(case=case, place=place)
        if done is None:
            raise DevbenchError(f"no plugin runs a round of {case.id}", "See `devbench plugins`.")
        return done

    def run_finished(self, run: Run) -> list[str]:
        """Tell every listener that the run is saved; what went wrong in those that failed."""
        problems = []
        for listener in self._manager.hook.devbench_run_finished.get_hookimpls():
            try:
                listener.function(*[run for _ in listener.argnames])
            except Exception as error:  # noqa: BLE001 - the run is saved; a listener must not undo that
                problems.append(f"plugin '{listener.plugin_name}': {_reason(error)}")
        return problems

    def _load(self, entry: metadata.EntryPoint) -> None:
        distribution = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
        try:
            plugin = entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self.infos.append(
                PluginInfo(name=entry.name, distribution=distribution, brings=(), problems=(_reason(error),))
            )
            return
        self.add(plugin, entry.name, distribution)

    def _take_registrations(self, plugin: object, name: str) -> tuple[list[str], list[str]]:
        brings: list[str] = []
        problems: list[str] = []
        for hook in _REGISTRATIONS:
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin is not plugin:
                    continue
                taken, wrong = self._ask(hook, implementation, name)
                brings += taken
                problems += wrong
        return brings, problems

    def _ask(self, hook: str, implementation: Any, name: str) -> tuple[list[str], list[str]]:
        try:
            return self.registry.add_all(hook, implementation.function(), name)
        except Exception as error:  # noqa: BLE001
            return [], [f"{hook}(): {_reason(error)}"]

    def _forget(self, plugin: object) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
