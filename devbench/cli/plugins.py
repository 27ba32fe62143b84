"""`devbench plugins`: what is loaded, from where, and what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.app import EXIT_ERROR
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import load_plugins
from devbench.domain.check import Check
from devbench.errors import DevbenchError
from devbench.plugin.registry import PluginInfo
from devbench.report.numbers import count_of, listed
from devbench.report.screen import marked, wrapped


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Check all that they bring: engine files, discover(), names.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(names: tuple[str, ...], check: bool, as_json: bool) -> int:
    """List every plugin: its distribution, what it brings, and what is wrong with it.

    NAME: only these. Exits with 1 if something of them is broken.
    """
    plugins = load_plugins()
    infos = _named(plugins.infos, names)
    checks: dict[str, list[Check]] = {}
    if check:
        from devbench.testing.registrations import looked_into

        checks = {info.name: looked_into(info, plugins.registry) for info in infos}
    broken = [
        info.name for info in infos if info.problems or any(one.good is False for one in checks.get(info.name, ()))
    ]
    if as_json:
        found = [
            {**asdict(info), **({"checks": [asdict(one) for one in checks[info.name]]} if check else {})}
            for info in infos
        ]
        print(json.dumps(found, indent=2))
    else:
        width = screen_width()
        state = f"{len(broken)} of them broken: {listed(broken)}" if broken else "none of them broken"
        show([*wrapped(f"{count_of(len(infos), 'plugin')}, {state}.", width, "bold red" if broken else ""), ()])
        for info in sorted(infos, key=lambda info: info.name not in broken):
            brings = ", ".join((*info.brings, *(f"{hook}()" for hook in info.hooks))) or "brings nothing"
            show(wrapped(f"{info.name} ({info.distribution}): {brings}", width, indent="  "))
            for problem in info.problems:
                show(wrapped(f"  broken: {problem}", width, "red", indent="    "))
            for one in checks.get(info.name, ()):
                show(marked(f"  {_MARKS[one.good]}", f"{one.name}: {one.text}", one.hint, width))
    return EXIT_ERROR if broken else 0


_MARKS = {True: "good", False: "broken", None: "note"}


def _named(infos: list[PluginInfo], names: tuple[str, ...]) -> list[PluginInfo]:
    known = [info.name for info in infos]
    for name in names:
        if name not in known:
            from devbench.suites.names import nearest

            raise DevbenchError(f"there is no plugin '{name}'{nearest(name, known)}", "See `devbench plugins`.")
    return [info for info in infos if not names or info.name in names]
