"""Brings run folders into a history: those of before, or all of them again."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devbench.domain.history import is_night
from devbench.errors import DevbenchError
from devbench.files import make_folder, read_regular
from devbench.history.files import MONTHS, RUNS
from devbench.history.fold import LOCK
from devbench.history.store import History, Purpose
from devbench.store import RUN_FILE

_NIGHT_FILE = "night.json"
_LARGEST_NIGHT_BYTES = 64 << 20
_PURPOSES: dict[str, Purpose] = {"again": "again", "gold": "gold"}


@dataclass
class Gathered:
    """What became of run folders. added, known: how many. refused: each that was not taken, and why."""

    added: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


def gather(history: History, folders: Iterable[Path], tell: Callable[[Path], None] = lambda _: None) -> Gathered:
    """Add every run in these folders, or below them. One that cannot be read costs itself alone."""
    found = Gathered()
    for top in folders:
        runs = list(runs_below(top))
        if not runs:
            found.refused.append(f"{top}: holds no run")
        for run in runs:
            tell(run)
            try:
                night, purpose = night_of(run)
                added = history.append(run, night, purpose)
            except DevbenchError as error:
                found.refused.append(error.message)
                continue
            found.added += added
            found.known += not added
    return found


def rebuild(history: History, folders: Iterable[Path], tell: Callable[[Path], None] = lambda _: None) -> Gathered:
    """Make the index again from run folders; what was decided about changes stays. What it was before is put aside.

    If the folders hold no run, nothing is put aside, and a `DevbenchError` says so.
    """
    from filelock import FileLock, Timeout

    folders = list(folders)
    if not any(True for top in folders for _ in runs_below(top)):
        raise DevbenchError(
            f"{', '.join(map(str, folders)) or 'nowhere'}: holds no run", "Name the folders that hold the runs."
        )
    make_folder(history.path)
    try:
        with FileLock(history.path / LOCK, timeout=0):
            aside = history.path / f"before-{secrets.token_hex(4)}"
            for name in (RUNS, MONTHS):
                if (history.path / name).is_dir():
                    make_folder(aside)
                    (history.path / name).rename(aside / name)
            return gather(History(history.path), folders, tell)
    except Timeout:
        raise DevbenchError(f"{history.path}: another devbench is folding it", "Try again later.") from None


def runs_below(top: Path) -> Iterator[Path]:
    """The run folders at or below `top`, in order of their names; what lies inside a run is not looked at."""
    for folder, names, files in os.walk(top):
        if RUN_FILE in files:
            names.clear()
            yield Path(folder)
        names.sort()


def night_of(run: Path) -> tuple[str, Purpose]:
    """The night that a laboratory's folders say of a run, and why it was measured; "" where they say nothing."""
    for folder in list(run.absolute().parents)[:4]:
        path = folder / _NIGHT_FILE
        if not path.is_file():
            continue
        try:
            night = json.loads(read_regular(path, _LARGEST_NIGHT_BYTES))["id"]
        except (OSError, ValueError, KeyError, TypeError):
            return "", ""
        inside = run.absolute().relative_to(folder).parts[0]
        return (night if isinstance(night, str) and is_night(night) else ""), _PURPOSES.get(inside, "")
    return "", ""
