"""`devbench plugins`: what is loaded, from where, and what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.setup import load_plugins
from devbench.printable import one_line


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List every plugin: its distribution, what it brings, and what is wrong with it."""
    infos = load_plugins().infos
    if as_json:
        print(json.dumps([asdict(info) for info in infos], indent=2))
        return
    for info in infos:
        print(f"{info.name} ({info.distribution}): {', '.join(info.brings) or 'brings nothing'}")
        for problem in info.problems:
            print(one_line(f"  broken: {problem}"))
