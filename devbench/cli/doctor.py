"""`devbench doctor`: is this machine fit for measuring, and what is missing?"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from devbench.cli.desk import open_desk
from devbench.cli.devices import place_lines
from devbench.places.machine import Check, check_machine
from devbench.run.progress import Progress

_MARKS = {True: "good   ", False: "improve", None: "unknown"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Check governor, load, memory and runtimes, and say what to do."""
    desk, rounds = open_desk(Progress())
    checks = check_machine()
    for line in place_lines(desk, rounds):
        name = f"{line.device} {line.runtime}".strip()
        checks.append(Check(name=name, good=line.ready or None, text=line.text, hint=line.hint))
    checks += [
        Check(name=f"plugin {info.name}", good=False, text=problem, hint="Update or uninstall it.")
        for info in desk.plugins.infos
        for problem in info.problems
    ]
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
        return
    for check in checks:
        print(f"{_MARKS[check.good]} {check.name}: {check.text}")
        if check.hint:
            print(f"          → {check.hint}")
