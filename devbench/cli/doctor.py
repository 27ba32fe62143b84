"""`devbench doctor`: is this machine fit for measuring, and what is missing? With --tune it changes what it may."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from devbench.cli.devices import PlaceLine, place_lines
from devbench.cli.screen import screen_width, show
from devbench.cli.setup import lab_places, load_plugins, machine_root, open_context, settled_files
from devbench.domain.check import Check
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.machine.checks import check_machine
from devbench.models.cache import cache_folder
from devbench.report.numbers import listed
from devbench.report.screen import ScreenLine, marked, wrapped
from devbench.run.progress import Progress
from devbench.settings.guardian import Undo
from devbench.settings.held_signals import signals_held
from devbench.settings.state import ChangeMade
from devbench.settings.tuning import recover, tuned

_MARKS = {True: "good", False: "improve", None: "unknown"}
_STYLES = {True: "green", False: "red", None: ""}
_NOTE = "note"
_UPDATE = "Update or uninstall it."


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--verbose", "-v", is_flag=True, help="Also print what is good, and every device.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--resolution", is_flag=True, help="Measure for a minute how small a difference this machine can show now."
)
@click.option("--tune", is_flag=True, help="Set the governor to 'performance' while COMMAND runs, then restore it.")
@click.option("--pin-frequency", is_flag=True, help="With --tune: also raise the lowest clock to the highest.")
@click.option("--peaks", is_flag=True, help="Measure the peaks of this CPU and its memory, for `limits`.")
@click.argument("command_line", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
def command(
    verbose: bool,
    as_json: bool,
    resolution: bool,
    tune: bool,
    pin_frequency: bool,
    peaks: bool,
    command_line: tuple[str, ...],
) -> int:
    """Say whether this machine is fit to measure and, if not, why and what to do.

    With --tune, change what it may for as long as COMMAND runs, or until Ctrl-C where there is none. With --resolution,
    measure how small a difference can be shown here and now, and what would help. With --peaks, measure what its CPU
    and memory reach at best, and keep it: about half a minute.
    """
    if peaks and (resolution or tune or pin_frequency or command_line):
        raise click.UsageError("--peaks goes with --json alone.")
    if peaks:
        from devbench.cli.hardware import measure_and_keep_peaks

        return measure_and_keep_peaks(as_json=as_json)
    if tune and as_json:
        raise click.UsageError("--json and --tune do not go together: --json is for the checks.")
    if tune and resolution:
        raise click.UsageError(
            "--resolution and --tune do not go together. Type: devbench doctor --tune -- devbench doctor --resolution"
        )
    if not tune and (pin_frequency or command_line):
        raise click.UsageError("COMMAND and --pin-frequency need --tune.")
    files = (_state_file(), *settled_files())
    left = next((check for file in files if (check := recover(machine_root(), file, undo_of, _tell))), None)
    if tune:
        if left:
            raise DevbenchError(left.text, left.hint)
        return _tune(command_line, pin_frequency=pin_frequency)
    if resolution:
        _show_resolution(left, as_json=as_json)
    else:
        _judge(left, verbose=verbose, as_json=as_json)
    return 0


def _show_resolution(left: Check | None, *, as_json: bool) -> None:
    from devbench.cli.resolution import find_resolution
    from devbench.report.resolution import answer

    found, seen = find_resolution()
    checks = [left, *seen] if left else seen
    if as_json:
        print(json.dumps({"resolution": asdict(found), "checks": [asdict(one) for one in checks]}, indent=2))
        return
    print(answer(found))
    width = screen_width()
    show(line for check in checks for line in _check_lines(check, width))


def _tune(command_line: tuple[str, ...], *, pin_frequency: bool) -> int:
    with (
        signals_held() as signals,
        tuned(machine_root(), _state_file(), pin_frequency=pin_frequency, tell=_tell) as tuning,
    ):
        if command_line:
            _tell(f"running {shlex.join(command_line)}")
            return signals.run(command_line)
        if not tuning.changes:
            return 0
        _tell("holding these settings until Ctrl-C")
        return signals.hold()


def _judge(left: Check | None, *, verbose: bool, as_json: bool) -> None:
    context, runner = open_context(Progress())
    machine = [left] if left else []
    machine += check_machine(machine_root())
    for device in context.plugins.registry.devices.values():
        machine += device.checks()
    places = [_place_check(line) for line in place_lines(context, runner)]
    plugins = [
        Check(name=f"plugin {info.name}", good=False, text=f"{info.distribution}: {problem}", hint=_UPDATE)
        for info in context.plugins.infos
        for problem in info.problems
    ]
    plugins += [Check(name="plugins", good=False, text=text, hint=_UPDATE) for text in context.plugins.troubles]
    if as_json:
        print(json.dumps([asdict(check) for check in (*machine, *places, *plugins)], indent=2))
        return
    width = screen_width()
    show(_judgement(machine, width))
    if verbose:
        show(line for check in (*machine, *places, *plugins) for line in _check_lines(check, width))
    else:
        show(_short([*machine, *plugins], places, width))


def _place_check(line: PlaceLine) -> Check:
    place = "" if line.place == "local" else line.place
    name = " ".join(word for word in (line.device, place, line.runtime) if word)
    return Check(name=name, good=line.ready or None, text=line.text, hint=line.hint)


def _judgement(machine: Sequence[Check], width: int) -> Iterator[ScreenLine]:
    """Whether to measure here, and what speaks against it."""
    bad = [check.name for check in machine if check.good is False]
    unseen = any(check.good is None for check in machine)
    if bad:
        yield from wrapped(f"Not fit to measure: {listed(bad)}.", width, "bold red")
    else:
        yield from wrapped(f"Fit to measure{', as far as can be seen' if unseen else ''}.", width, "bold green")
    yield ()


def _short(checks: Sequence[Check], places: Sequence[Check], width: int) -> Iterator[ScreenLine]:
    """What is to be improved and what to know, each with what to do; a line for all that is good, or not seen."""
    told = [*(one for one in checks if one.hint), *(one for one in places if one.good and one.hint)]
    for check in sorted(told, key=lambda one: one.good is not False):
        yield from _check_lines(check, width)
    rest = [check for check in checks if not check.hint]
    for check in (one for one in rest if one.good is False):
        yield from _check_lines(check, width)
    for good in (None, True):
        if names := [check.name for check in rest if check.good is good]:
            yield from marked(_MARKS[good], ", ".join(names), "", width, _STYLES[good])
    if ready := [check.name for check in places if check.good]:
        yield from marked("ready", ", ".join(ready), "", width, "green")
    if missing := [check.name for check in places if not check.good]:
        yield from marked("missing", ", ".join(missing), "See `devbench devices`.", width)
    yield from wrapped("Everything else: --verbose", width)


def _check_lines(check: Check, width: int) -> list[ScreenLine]:
    mark = _NOTE if check.good and check.hint else _MARKS[check.good]
    return marked(mark, f"{check.name}: {check.text}", check.hint, width, _STYLES[check.good])


def undo_of(made: ChangeMade) -> Undo:
    """How a change that a file tells of is undone: the program is the device's, and the way to it that of lab.yaml."""
    from devbench.settings.changes import undo_at

    plugins = load_plugins()
    lost = f"`{made.text}` ({made.device} '{made.place}') cannot be undone"
    device = plugins.registry.devices.get(made.device)
    if device is None:
        raise DevbenchError(f"{lost}: no plugin brings {made.device}", "See `devbench plugins`, or undo it by hand.")
    try:
        command = device.undo(made.setting, made.was)
    except DevbenchError as error:
        text = f"{lost}: {made.device} does not know this change ({error.message})"
        raise DevbenchError(text, "Undo it by hand, then remove the file.") from error
    if not made.host:
        return undo_at(Place(name=made.place, device=made.device), command)
    for place in lab_places(plugins):
        if (place.device, place.name, place.ssh and place.ssh.host) == (made.device, made.place, made.host):
            return undo_at(place, command)
    raise DevbenchError(
        f"{lost}: the lab.yaml here has no such place at {made.host}",
        "Run `devbench doctor` where the lab.yaml of that run is, or name it with DEVBENCH_LAB.",
    )


def _state_file() -> Path:
    return cache_folder() / "tuned.json"


def _tell(text: str) -> None:
    print(f"tuning: {text}", file=sys.stderr, flush=True)
