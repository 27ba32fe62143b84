"""`devbench devices`: every device and place, ready or why not."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import click

from devbench.cli.setup import open_context, warn
from devbench.domain.outcome import Skipped
from devbench.domain.place import Absent, Place
from devbench.printable import one_line
from devbench.run.context import RunContext
from devbench.run.plan import find_places
from devbench.run.progress import Progress
from devbench.run.round import RoundRunner


@dataclass(frozen=True, kw_only=True)
class PlaceLine:
    """One place with one runtime, or a device that has no place here."""

    device: str
    place: str
    runtime: str
    ready: bool
    text: str
    hint: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List every device and place, with each runtime that is ready there, or why it is not and what to do."""
    context, runner = open_context(Progress())
    lines = place_lines(context, runner)
    warn([*context.plugins.broken, *context.plugins.troubles])
    if as_json:
        print(json.dumps([asdict(line) for line in lines], indent=2))
        return
    for line in lines:
        name = " ".join(part for part in (line.device, line.place, line.runtime) if part)
        print(one_line(f"{'ready  ' if line.ready else 'missing'} {name}: {line.text}"))
        if line.hint:
            print(one_line(f"          → {line.hint}"))


def place_lines(context: RunContext, runner: RoundRunner) -> list[PlaceLine]:
    """A line for each place and runtime, and for each device that is not here."""
    lines: list[PlaceLine] = []
    devices = context.plugins.registry.devices
    found_at = {kind: find_places(device, context.lab) for kind, device in devices.items()}
    # Here, the looks are made side by side: each is a process that mostly imports its runtime. Over ssh they follow one
    # another, because a machine that could not be reached once is not tried again.
    with ThreadPoolExecutor(os.cpu_count()) as here, ThreadPoolExecutor(1) as over_ssh:
        looks = {
            kind: [
                (
                    place,
                    [
                        pool.submit(_place, context, runner, place, runtime)
                        for runtime in context.plugins.registry.drivers(kind)
                    ],
                )
                for place in places
                for pool in [over_ssh if place.ssh else here]
            ]
            for kind, (places, _) in found_at.items()
        }
    for kind, (_, absent) in found_at.items():
        for place, futures in looks[kind]:
            found = [future.result() for future in futures]
            gone = devices[kind].look(place) if place.ssh and any(line.ready for line in found) else None
            if isinstance(gone, Absent):
                absent.append(gone)
            else:
                lines += found
        lines += [
            PlaceLine(device=kind, place=one.place, runtime="", ready=False, text=one.reason, hint=one.hint)
            for one in absent
        ]
    return lines


def _place(context: RunContext, runner: RoundRunner, place: Place, runtime: str) -> PlaceLine:
    known = runtime in context.plugins.registry.runtimes
    found = runner.look(place, runtime) if known else Skipped(reason="no installed plugin brings this runtime")
    if isinstance(found, Skipped):
        ready, text, hint = False, found.reason, found.hint
    else:
        ready, hint = True, ""
        text = f"{found.get('runtime_version', 'unknown version')}, Python {found['python']}, {found.get('cpu', '')}"
    return PlaceLine(device=place.device, place=place.name, runtime=runtime, ready=ready, text=text, hint=hint)
