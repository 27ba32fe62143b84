"""`devbench plugins`: what is loaded, from where, and what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.screen import screen_width, show
from devbench.cli.setup import load_plugins
from devbench.report.numbers import count_of, listed
from devbench.report.screen import wrapped


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List every plugin: its distribution, what it brings, and what is wrong with it."""
    infos = load_plugins().infos
    if as_json:
        print(json.dumps([asdict(info) for info in infos], indent=2))
        return
    width = screen_width()
    broken = list(dict.fromkeys(info.name for info in infos if info.problems))
    state = f"{len(broken)} of them broken: {listed(broken)}" if broken else "none of them broken"
    show([*wrapped(f"{count_of(len(infos), 'plugin')}, {state}.", width, "bold red" if broken else ""), ()])
    for info in sorted(infos, key=lambda info: not info.problems):
        brings = ", ".join(info.brings) or "brings nothing"
        show(wrapped(f"{info.name} ({info.distribution}): {brings}", width, indent="  "))
        for problem in info.problems:
            show(wrapped(f"  broken: {problem}", width, "red", indent="    "))
