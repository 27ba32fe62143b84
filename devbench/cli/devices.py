"""`devbench devices`: every device and place, ready or why not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import click

from devbench.cli.screen import screen_width, show
from devbench.cli.setup import open_context, warn
from devbench.domain.outcome import Skipped
from devbench.domain.place import Absent, Place
from devbench.report.numbers import listed
from devbench.report.screen import ScreenLine, marked, wrapped
from devbench.run.context import RunContext
from devbench.run.progress import Progress
from devbench.run.round import RoundRunner
from devbench.run.slots import find_places


@dataclass(frozen=True, kw_only=True)
class PlaceLine:
    """One place with one runtime, or a device that has no place here."""

    device: str
    place: str
    runtime: str
    ready: bool
    text: str
    hint: str = ""

    @property
    def name(self) -> str:
        """What it is a line of."""
        return " ".join(part for part in (self.device, self.place, self.runtime) if part)


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="Print a line for each device, place and runtime.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(verbose: bool, as_json: bool) -> None:
    """List every device and place, with each runtime that is ready there, or why it is not and what to do."""
    context, runner = open_context(Progress())
    lines = place_lines(context, runner)
    warn([*context.plugins.broken, *context.plugins.troubles])
    if as_json:
        print(json.dumps([asdict(line) for line in lines], indent=2))
        return
    show(screen_lines(lines, screen_width(), verbose=verbose))


def screen_lines(lines: Sequence[PlaceLine], width: int, *, verbose: bool) -> Iterator[ScreenLine]:
    """How many devices are ready and which; then each, those that lack the same thing together."""
    ready = list(dict.fromkeys(line.device for line in lines if line.ready))
    count = len({line.device for line in lines})
    names = f": {listed(ready)}" if ready else ""
    yield from wrapped(f"{len(ready)} of {count} devices {'is' if len(ready) == 1 else 'are'} ready{names}.", width)
    yield ()
    groups: dict[object, list[PlaceLine]] = {}
    for number, line in enumerate(lines):
        alone = verbose or line.ready
        groups.setdefault(number if alone else (line.text, line.hint), []).append(line)
    for group in sorted(groups.values(), key=lambda group: not group[0].ready):
        one = group[0]
        mark, style = ("ready", "green") if one.ready else ("missing", "yellow")
        yield from marked(mark, f"{', '.join(each.name for each in group)}: {one.text}", one.hint, width, style)


def place_lines(context: RunContext, runner: RoundRunner) -> list[PlaceLine]:
    """A line for each place and runtime, and for each device that is not here."""
    lines: list[PlaceLine] = []
    devices = context.plugins.registry.devices
    found_at = {kind: find_places(device, context.lab) for kind, device in devices.items()}
    drivers = context.plugins.registry.drivers
    # Here, the looks are made side by side: each is a process that mostly imports its runtime. Over ssh they follow one
    # another, because a machine that could not be reached once is not tried again; and Ctrl-C ends the waiting.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = iter(
            [
                pool.submit(_place, context, runner, place, runtime)
                for kind, (places, _) in found_at.items()
                for place in places
                for runtime in drivers(kind)
                if not place.ssh
            ]
        )
    for kind, (places, absent) in found_at.items():
        for place in places:
            found = [
                _place(context, runner, place, runtime) if place.ssh else next(looks).result()
                for runtime in drivers(kind)
            ]
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
        ready, hint = True, context.plugins.registry.runtimes[runtime].caution(found)
        text = f"{found.get('runtime_version', 'unknown version')}, Python {found['python']}, {found.get('cpu', '')}"
    return PlaceLine(device=place.device, place=place.name, runtime=runtime, ready=ready, text=text, hint=hint)
