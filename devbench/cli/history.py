"""`devbench history`: how cases went over nights, why there was an alarm or none, and the upkeep of the history."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devbench.cli.history_shown import explain_cases, show_series
from devbench.cli.paths import PATH
from devbench.errors import DevbenchError

if TYPE_CHECKING:
    from devbench.domain.night import SeriesKey
    from devbench.history.gather import Gathered
    from devbench.history.store import History

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_DEFAULT = Path("history")
_FOLDER = click.option(
    "--history", "folder", type=PATH, help="The folder of the history; by default that of lab.yaml, or history/."
)


class _WithPattern(click.Group):
    """`devbench history PATTERN` is short for `devbench history show PATTERN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_WithPattern)
def command() -> None:
    """Show how cases went over nights: a history of runs.

    `devbench history [PATTERN]` is short for `devbench history show [PATTERN]`.
    """


@command.command(name="show")
@click.argument("pattern", default="")
@_FOLDER
@click.option("--since", default="90d", show_default=True, help="A day such as 2026-10-01, or 30d, 8w, 6m, 1y.")
@click.option("--place", default="", help="Only this place.")
@click.option(
    "--format", "style", type=click.Choice(["table", "csv", "json", "html"]), default="table", show_default=True
)
@click.option("--out", type=PATH, help="Write to this file.")
@click.option("--explain", "case", default="", help="Why there was an alarm about this case, or why none.")
@click.option("--night", default="", help="Look at it as it was after this night; by default the last one.")
def show_command(
    pattern: str, folder: Path | None, since: str, place: str, style: str, out: Path | None, case: str, night: str
) -> None:
    """Show each case on each place: its nights, its change, and what was decided about it.

    PATTERN: a part of the case's name, or a shell pattern of the model's, such as 'mobilenet*'.
    """
    history = _opened(folder)
    if case:
        explain_cases(history, _wants(case, place), _night(history, night), style, out)
        return
    from devbench.history.series import series_since

    night = _night(history, night)
    series = series_since(history, night, _days(since, night), _wants(pattern, place))
    if not series:
        what = " and ".join(filter(None, (f"'{pattern}'" if pattern else "", f"place '{place}'" if place else "")))
        raise DevbenchError(
            f"{history.path}: nothing {f'that matches {what} ' if what else ''}since {since}",
            "`devbench history --since 1y` shows more nights.",
        )
    show_series(history, series, night, style, out)


@command.command(name="import")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@_FOLDER
def import_command(runs: tuple[Path, ...], folder: Path | None) -> int:
    """Add runs of before: run folders, or folders that hold some at any depth."""
    from devbench.history.gather import gather
    from devbench.history.store import History

    history = History(_chosen(folder))
    return _told(gather(history, runs), history)


@command.command()
@click.argument("runs", nargs=-1, type=PATH)
@_FOLDER
def rebuild(runs: tuple[Path, ...], folder: Path | None) -> int:
    """Make the history again from run folders, or from folders that hold some; by default from all nights of lab.yaml.

    Decisions about changes stay. The files of before are put aside in the history's folder, and not removed.
    """
    from devbench.history.gather import rebuild as again
    from devbench.history.store import History

    history = History(_chosen(folder))
    return _told(again(history, runs or _nights()), history)


def _told(found: Gathered, history: History) -> int:
    print(f"{history.path}: {found.added} added, {found.known} were there already.")
    for note in (*history.notes, *found.refused):
        print(f"note: {note}", file=sys.stderr)
    return 1 if found.refused and not found.added and not found.known else 0


@command.command()
@_FOLDER
@click.option("--keep-run-files", default="7d", show_default=True, help="How long after a run is in its month.")
@click.option("--keep-months", type=click.IntRange(min=1), help="Remove the months before these; by default none.")
@click.option("--keep-unmeasured", is_flag=True, help="Keep rows of cases that failed or were skipped in a month too.")
@click.option("--drop-again", is_flag=True, help="Let a month drop what was measured again to judge a change.")
def fold(
    folder: Path | None, keep_run_files: str, keep_months: int | None, keep_unmeasured: bool, drop_again: bool
) -> None:
    """Put the files of each month's runs into one file, which is faster to read."""
    from devbench.history.fold import Retention
    from devbench.history.fold import fold as fold_all

    retention = Retention(
        run_files_days=_span(keep_run_files),
        months=keep_months,
        unmeasured=keep_unmeasured,
        again=not drop_again,
    )
    path = _chosen(folder)
    try:
        done, notes = fold_all(path, retention)
    except OSError as error:
        raise DevbenchError(f"{error.filename or path}: cannot be folded: {error.strerror or error}") from error
    for month in done:
        dropped = f", {month.dropped} rows dropped" if month.dropped else ""
        print(f"{month.month}: {month.runs} runs added, {month.rows} rows{dropped}, {month.size_bytes / 1e6:.1f} MB")
    if not done:
        print("Nothing to fold.")
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _opened(folder: Path | None) -> History:
    from devbench.history.store import History

    path = _chosen(folder)
    if not path.is_dir():
        raise DevbenchError(
            f"{path}: no history here", "`devbench history import RUN…` begins one; --history names another folder."
        )
    return History(path)


def _nights() -> tuple[Path, ...]:
    from devbench.cli.setup import lab_file, load_plugins

    lab = lab_file(load_plugins())
    if lab is None or lab.nights is None:
        raise click.UsageError("no lab.yaml with nights was found: name the folders that hold the runs")
    return (lab.nights.folder,)


def _chosen(folder: Path | None) -> Path:
    """The folder that is named, else that of lab.yaml, else `history`."""
    if folder or not (os.environ.get("DEVBENCH_LAB") or os.path.lexists("lab.yaml")):
        return folder or _DEFAULT
    from devbench.cli.setup import lab_file, load_plugins

    lab = lab_file(load_plugins())
    return lab.nights.history if lab and lab.nights else _DEFAULT


def _night(history: History, night: str) -> str:
    """The night that is meant: the last one that was measured, where none is named."""
    from devbench.domain.history import is_night
    from devbench.history.reading import Which

    if night:
        if not is_night(night):
            raise click.UsageError(f"'{night}' is not a night such as 2026-11-21.")
        return night
    last = history.last_night()
    if not last:
        history.read(Which())
        for note in history.notes:
            print(f"note: {note}", file=sys.stderr)
        raise DevbenchError(f"{history.path}: the history is empty", "`devbench history import RUN…` adds runs.")
    return last


def _days(since: str, night: str) -> int:
    """Days before the night."""
    from devbench.domain.history import night_order

    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", since):
        try:
            begin = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise click.UsageError(f"'{since}' is not a day of the calendar.") from None
        end = datetime.strptime(night_order(night)[0], "%Y-%m-%d").replace(tzinfo=UTC)
        return max((end - begin) // timedelta(days=1), 0)
    return int(_span(since))


def _span(text: str) -> float:
    """Days of `30d`, `8w`, `6m` or `1y`."""
    found = re.fullmatch(r"([0-9]{1,4})([dwmy])", text.strip())
    if not found:
        raise click.UsageError(f"'{text}' is not a time such as 30d, 8w, 6m or 1y.")
    return float(int(found[1]) * _DAYS[found[2]])


def _wants(pattern: str, place: str) -> Callable[[Any], bool]:
    """Whether a series is meant: by a pattern of its model, or by a part of its name."""

    def wants(key: SeriesKey) -> bool:
        if place and key.place != place:
            return False
        if any(letter in pattern for letter in "*?["):
            return fnmatch.fnmatchcase(key.model, pattern)
        return all(word in key.text for word in pattern.split()) or pattern == key.model

    return wants
