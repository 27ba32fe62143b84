"""night.json as text and back, and the nights of a laboratory in their folder."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.lab import PlaceKey
from devbench.domain.night import SCHEMA, GroupNight, HealthChange, Night, PlaceNight
from devbench.errors import DevbenchError
from devbench.files import make_folder, read_regular, write_whole

if TYPE_CHECKING:
    from pydantic import TypeAdapter

NIGHT_FILE = "night.json"
_LARGEST_BYTES = 64 << 20
_DAMAGED = "Move its folder away, and a new night begins; its run folders are still good for `devbench history import`."
_NIGHT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-[0-9]+)?")


class NightError(DevbenchError):
    """A record of a night that cannot be read or written."""


@cache
def _adapter() -> TypeAdapter[Night]:
    from pydantic import TypeAdapter

    return TypeAdapter(Night)


def encode_night(night: Night) -> bytes:
    """`night` as night.json holds it."""
    return _adapter().dump_json(night, indent=2) + b"\n"


def decode_night(data: bytes, path: Path) -> Night:
    """The night in `data`; `path` is what errors call it."""
    from pydantic import ValidationError
    from pydantic_core import from_json

    try:
        schema = from_json(data)["schema"]
        if schema != SCHEMA:
            raise NightError(
                f"{path}: has schema {str(schema)[:20]}, and this devbench reads {SCHEMA}",
                "Use the devbench that made it, or a newer one.",
            )
        return _adapter().validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise NightError(f"{path}: not a record of a night: {where}: {first['msg']}", _DAMAGED) from error
    except (ValueError, KeyError, TypeError) as error:
        raise NightError(f"{path}: not a record of a night", _DAMAGED) from error


def read_night(folder: Path) -> Night:
    """The night in `folder`. Raises a `NightError`."""
    path = folder / NIGHT_FILE
    try:
        return decode_night(read_regular(path, _LARGEST_BYTES), path)
    except OSError as error:
        raise NightError(f"{path}: cannot be read: {error.strerror}") from error


def night_folders(nights: Path) -> list[Path]:
    """The folders of the nights that have a record, newest first."""
    try:
        found = [one for one in nights.iterdir() if _NIGHT.fullmatch(one.name) and (one / NIGHT_FILE).is_file()]
    except OSError:
        return []
    return sorted(found, key=lambda one: _order(one.name), reverse=True)


def nights_before(nights: Path, before: str) -> Iterator[Night]:
    """The nights before the one with this id, newest first; one that cannot be read is passed over."""
    for folder in night_folders(nights):
        if _order(folder.name) < _order(before):
            try:
                yield read_night(folder)
            except NightError:
                continue


def new_id(nights: Path, today: datetime) -> str:
    """The day; with -2 and so on if it has had a night already."""
    day = f"{today:%Y-%m-%d}"
    names = {one.name for one in nights.iterdir()} if nights.is_dir() else set()
    return next(
        name for name in (day, *(f"{day}-{number}" for number in range(2, len(names) + 3))) if name not in names
    )


def _order(name: str) -> tuple[str, int]:
    return name[:10], int(name[11:] or 1)


class NightBook:
    """The night under way, saved after each change of it; several threads may change it."""

    def __init__(self, night: Night, folder: Path) -> None:
        self.folder = folder
        self._night = night
        self._lock = threading.RLock()

    @property
    def night(self) -> Night:
        """As night.json has it."""
        return self._night

    def change(self, change: Callable[[Night], Night]) -> None:
        """Change it, and save it. Raises a `NightError`, and nothing is changed then."""
        with self._lock:
            changed = change(self._night)
            try:
                make_folder(self.folder)
                write_whole(self.folder / NIGHT_FILE, encode_night(changed))
            except OSError as error:
                raise NightError(
                    f"{self.folder}: cannot be written: {error.strerror or error}",
                    "What was measured before is safe. Free space or permissions: `devbench lab run` then goes on.",
                ) from error
            self._night = changed

    def is_done(self, step: str) -> bool:
        """Whether the step is finished."""
        return step in self._night.done

    def mark(self, step: str) -> None:
        """The step is finished."""
        if not self.is_done(step):
            self.change(lambda night: replace(night, done=(*night.done, step)))

    def note(self, *texts: str) -> None:
        """What a reader should know."""
        if new := tuple(one for one in dict.fromkeys(texts) if one not in self._night.notes):
            self.change(lambda night: replace(night, notes=(*night.notes, *new)))

    def problem(self, *texts: str) -> None:
        """What the laboratory itself failed at."""
        if new := tuple(one for one in dict.fromkeys(texts) if one not in self._night.problems):
            self.change(lambda night: replace(night, problems=(*night.problems, *new)))

    def log(self, change: HealthChange) -> None:
        """The health of a place has changed."""
        self.change(lambda night: replace(night, log=(*night.log, change)))

    def place(self, key: PlaceKey) -> PlaceNight:
        """What the night has of a place."""
        return next(one for one in self._night.places if (one.device, one.place) == key)

    def set_place(self, key: PlaceKey, change: Callable[[PlaceNight], PlaceNight]) -> None:
        """Change what the night has of a place."""
        self.change(
            lambda night: replace(
                night,
                places=tuple(change(one) if (one.device, one.place) == key else one for one in night.places),
            )
        )

    def set_group(self, name: str, change: Callable[[GroupNight], GroupNight]) -> None:
        """Change what the night has of a group."""
        self.change(
            lambda night: replace(night, groups=tuple(change(one) if one.name == name else one for one in night.groups))
        )
