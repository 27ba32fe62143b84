"""`devbench lab`: a laboratory that measures every night, and the health of its places."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from devbench.cli.app import EXIT_ERROR, EXIT_INTERRUPTED
from devbench.cli.durations import seconds_of
from devbench.cli.screen import screen_width, show
from devbench.domain.lab import Lab, Nights, PlaceKey
from devbench.domain.night import Health
from devbench.errors import DevbenchError

EXIT_CHANGED, EXIT_UNHEALTHY = 4, 5
_NO_NIGHTS = "docs/lab.md shows what a night needs: at least `nights: {suites: [suite.yaml]}`."


@click.group()
def command() -> None:
    """Measure every night what lab.yaml says, and know how its places are."""


@command.command()
@click.option("--quiet", "-q", is_flag=True, help="Print nothing if there is nothing to tell, as cron wants it.")
@click.option("--json", "as_json", is_flag=True, help="Print night.json instead of text.")
def run(quiet: bool, as_json: bool) -> int:
    """Measure one night, as lab.yaml's `nights:` says; one that was ended in the middle goes on.

    Exit status: 0 nothing to tell; 4 a change was confirmed; 5 places are not healthy (also with a change: they may be
    why); 1 the laboratory itself failed; 130 interrupted.
    """
    from devbench.cli.lab_night import one_night
    from devbench.lab.night import exit_status
    from devbench.lab.record import encode_night
    from devbench.report.night import terminal_text

    try:
        night = one_night(tell=_silent if quiet else _tell, say=_tell if as_json else print)
    except KeyboardInterrupt:
        print("\nInterrupted. What was measured is saved: `devbench lab run` goes on with this night.", file=sys.stderr)
        return EXIT_INTERRUPTED
    status = exit_status(night)
    if as_json:
        print(encode_night(night).decode(), end="", flush=True)
    elif status or not quiet:
        print(terminal_text(night, screen_width()), end="", flush=True)
    return status


@command.command()
@click.option("--late", help="Exit with 1 if no night has finished for so long, as `26 h`: for a watcher.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(late: str | None, as_json: bool) -> int:
    """Show each place: its health, since when and why, and its last good night. It works while a night runs."""
    from devbench.lab.status import lab_status
    from devbench.report.lab_status import late_text, status_lines

    limit_s = seconds_of(late) if late else None
    lab, nights = _lab()
    found = lab_status(lab, nights)
    if as_json:
        print(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    else:
        show(status_lines(found, screen_width()))
    if limit_s is not None and (why := late_text(found, limit_s)):
        print(why, file=sys.stderr)
        return EXIT_ERROR
    return 0


@command.command()
@click.argument("places", nargs=-1)
def check(places: tuple[str, ...]) -> int:
    """Run the gold case now, on all places or on PLACES. Exit status: 0 all are right; 5 one is not; 1 an error."""
    from devbench.cli.lab_night import check_places

    try:
        right = check_places(places, tell=_tell)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0 if right else EXIT_UNHEALTHY


@command.command()
@click.argument("places", nargs=-1, required=True)
@click.option("--why", required=True, help="What others should know.")
@click.option("--retire", is_flag=True, help="For good: it stays in the log, and nothing is tried.")
def hold(places: tuple[str, ...], why: str, retire: bool) -> None:
    """Keep PLACES out of the nights until `devbench lab return`."""
    _set_health(places, "retired" if retire else "maintenance", why)


@command.command("return")
@click.argument("places", nargs=-1, required=True)
@click.option("--why", default="returned", help="What others should know.")
def return_(places: tuple[str, ...], why: str) -> None:
    """Let PLACES take part again: the gold case of the next night decides."""
    _set_health(places, "unknown", why)


@command.command()
def release() -> int:
    """Give back what an earlier night that was killed still holds: boards in labgrid, changed settings."""
    from devbench.cli.lab_night import free

    for line in (done := free()):
        print(line)
    if not done:
        print("Nothing was left over.")
    return 0


def _set_health(names: Sequence[str], after: Health, why: str) -> None:
    from devbench.clock import stamp
    from devbench.lab.health import append_log, changes_for, read_log, who

    if not why.strip():
        raise click.UsageError("--why must not be empty")
    lab, nights = _lab()
    keys = keys_of(lab, names)
    log = read_log(nights.folder)
    lines = changes_for(keys, log, after, why.strip(), stamp(), who())
    append_log(nights.folder, lines)
    changed = {(one.device, one.place) for one in lines}
    for one in lines:
        print(f"{one.device} {one.place}: {one.before} → {one.after}: {one.why}")
    for key in keys:
        if key not in changed:
            print(f"{' '.join(key)}: is {after} already")


def _lab() -> tuple[Lab, Nights]:
    from devbench.cli.setup import lab_file, load_plugins

    return with_nights(lab_file(load_plugins()))


def with_nights(lab: Lab | None) -> tuple[Lab, Nights]:
    """The laboratory and its nights. A `DevbenchError` where there are none."""
    if lab is None:
        raise DevbenchError(
            "lab.yaml: not found in this folder", "Go to its folder, or let DEVBENCH_LAB name it: docs/lab.md."
        )
    if lab.nights is None:
        raise DevbenchError(f"{_shown(lab.path)}: has no `nights:`", _NO_NIGHTS)
    return lab, lab.nights


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def keys_of(lab: Lab, names: Sequence[str]) -> tuple[PlaceKey, ...]:
    """The places that are meant: by their name, or by device and name with a colon between them; all without names."""
    from devbench.suites.names import nearest

    known = [(one.device, one.name) for one in lab.places]
    found: dict[PlaceKey, None] = {}
    for name in names:
        meant = [key for key in known if name in (key[1], f"{key[0]}:{key[1]}", f"{key[0]} {key[1]}")]
        if not meant:
            raise DevbenchError(
                f"{_shown(lab.path)} has no place '{name}'{nearest(name, sorted({key[1] for key in known}))}"
            )
        found |= dict.fromkeys(meant)
    return tuple(found) if names else tuple(known)


def _tell(text: str) -> None:
    from devbench.printable import one_line

    print(one_line(text), file=sys.stderr, flush=True)


def _silent(_text: str) -> None:
    pass
