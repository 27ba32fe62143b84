"""`devbench plugins`: what is loaded, from where, and what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.app import EXIT_ERROR
from devbench.cli.setup import load_plugins
from devbench.errors import DevbenchError
from devbench.plugin.registry import PluginInfo
from devbench.printable import one_line


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Look into all that they bring: engine files, discover(), names.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(names: tuple[str, ...], check: bool, as_json: bool) -> int:
    """List every plugin: its distribution, what it brings, and what is wrong with it.

    NAME: only these. Exits with 1 if something of them is broken.
    """
    plugins = load_plugins()
    infos = _named(plugins.infos, names)
    checks = {}
    if check:
        from devbench.testing.registrations import looked_into

        checks = {info.name: looked_into(info, plugins.registry) for info in infos}
    if as_json:
        found = [
            {**asdict(info), **({"checks": [asdict(one) for one in checks[info.name]]} if check else {})}
            for info in infos
        ]
        print(json.dumps(found, indent=2))
    else:
        for info in infos:
            print(one_line(f"{info.name} ({info.distribution}): {', '.join(info.brings) or 'brings nothing'}"))
            for problem in info.problems:
                print(one_line(f"  broken: {problem}"))
            for one in checks.get(info.name, ()):
                print(one_line(f"  {_MARKS[one.good]}: {one.name}: {one.text}"))
                if one.hint:
                    print(one_line(f"          → {one.hint}"))
    wrong = any(one.good is False for found in checks.values() for one in found)
    return EXIT_ERROR if wrong or any(info.problems for info in infos) else 0


_MARKS = {True: "good  ", False: "broken", None: "note  "}


def _named(infos: list[PluginInfo], names: tuple[str, ...]) -> list[PluginInfo]:
    known = [info.name for info in infos]
    for name in names:
        if name not in known:
            from devbench.suites.names import nearest

            raise DevbenchError(f"there is no plugin '{name}'{nearest(name, known)}", "See `devbench plugins`.")
    return [info for info in infos if not names or info.name in names]
