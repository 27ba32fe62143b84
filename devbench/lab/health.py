"""The health of places: what its log says, and what a gold case makes of it. Health is not what a place does just now.

The log only grows: each line is one change, with who made it and why. What a crash tore off its end is told.
"""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.lab import PlaceKey
from devbench.domain.night import GoldResult, Health, HealthChange, Night
from devbench.errors import DevbenchError
from devbench.files import make_folder, read_regular, sync_folder

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LOG_FILE = "health.jsonl"
DEVBENCH = "devbench"
_LARGEST_BYTES = 256 << 20
_FEWEST_FOR_OUTAGE = 2
_LONGEST_WHY = 500


@dataclass(frozen=True, kw_only=True)
class HealthLog:
    """All that the log says. problems: lines of it that could not be read."""

    changes: tuple[HealthChange, ...]
    problems: tuple[str, ...] = ()

    def last(self, key: PlaceKey) -> HealthChange | None:
        """The last change of a place; None if it is new."""
        return next((one for one in reversed(self.changes) if (one.device, one.place) == key), None)

    def health(self, key: PlaceKey) -> Health:
        """The health of a place; that of a new one is maintenance."""
        last = self.last(key)
        return last.after if last else "maintenance"

    def is_kept_out(self, key: PlaceKey) -> bool:
        """Whether somebody holds it, or it is retired. A new place is not kept out: its first gold case decides."""
        last = self.last(key)
        return last is not None and last.after in ("maintenance", "retired")


@cache
def _adapter() -> TypeAdapter[HealthChange]:
    from pydantic import TypeAdapter

    return TypeAdapter(HealthChange)


def read_log(nights: Path) -> HealthLog:
    """The log in the folder of the nights; empty if there is none."""
    from pydantic import ValidationError

    path, adapter = nights / LOG_FILE, _adapter()
    try:
        lines = read_regular(path, _LARGEST_BYTES).split(b"\n")
    except FileNotFoundError:
        return HealthLog(changes=())
    except OSError as error:
        raise DevbenchError(f"{path}: cannot be read: {error.strerror}", "It says which places are held.") from error
    changes, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            changes.append(adapter.validate_json(line, strict=True))
        except ValidationError:
            torn = number == len(lines)
            what = "its last line is torn off, as by a power cut" if torn else f"line {number} is damaged"
            problems.append(f"{path}: {what}, and was left out")
    return HealthLog(changes=tuple(changes), problems=tuple(problems))


def append_log(nights: Path, changes: Iterable[HealthChange]) -> None:
    """Add lines to the log, each in one write, on the disk when this returns. Raises a `DevbenchError`."""
    path, adapter = nights / LOG_FILE, _adapter()
    try:
        make_folder(nights)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            for one in changes:
                size = os.fstat(descriptor).st_size
                torn = size and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash has left a part of a line
                os.write(descriptor, (b"\n" if torn else b"") + adapter.dump_json(one) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(nights)
    except OSError as error:
        raise DevbenchError(f"{path}: cannot be written: {error.strerror or error}") from error


def who() -> str:
    """The user at this machine, as the log has it."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{platform.node()}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The health of a place, and why."""

    health: Health
    why: str


def judge(
    before: Health, gold: GoldResult | None, *, outage: str = "", good_in_a_row: int = 0, good_nights: int = 3
) -> Judgement:
    """The health of a place after its gold case.

    gold: None where none is to be run there, and the place answers. outage: why the laboratory is at fault instead.
    good_in_a_row: good nights that came before this one.
    """
    passed = None if gold is None else gold.passed
    if gold is None:
        kept = before == "bad"
        return Judgement(health=before if kept else "good", why="it answers; there is no gold case for it")
    if passed:
        if before != "bad":
            return Judgement(health="good", why=gold.why or "the gold case is right")
        count = good_in_a_row + 1
        if count >= good_nights:
            return Judgement(health="good", why=f"{count} good nights in a row")
        return Judgement(health="bad", why=f"the gold case is right: good night {count} of {good_nights}")
    if before == "bad":
        return Judgement(health="bad", why=_short(gold.why))
    if outage:
        return Judgement(health="unknown", why=_short(f"{outage}; here: {gold.why}"))
    return Judgement(health="unknown" if passed is None else "bad", why=_short(gold.why))


def outage_of(results: Mapping[PlaceKey, GoldResult | None], before: Mapping[PlaceKey, Health]) -> str:
    """Why the laboratory is at fault and not its places, where most of those that were well fail at once; else ""."""
    tried = [key for key, gold in results.items() if gold is not None and before[key] in ("good", "maintenance")]
    failing = [key for key in tried if not _passed(results[key])]
    if len(tried) < _FEWEST_FOR_OUTAGE or len(failing) * 2 <= len(tried):
        return ""
    what = "the network, the gold case or the laboratory is at fault"
    return f"{len(failing)} of {len(tried)} places failed at once: {what}"


def good_in_a_row(key: PlaceKey, earlier: Iterable[Night], wanted: int) -> int:
    """How many nights before this one the gold case of a place was right, one after the other, `wanted` at most.

    earlier: newest first. A night in which nothing could be found out counts neither way.
    """
    count = 0
    for night in earlier:
        found = next((one for one in night.places if (one.device, one.place) == key), None)
        if count >= wanted or found is None or (found.gold and found.gold.passed is False):
            break
        count += bool(found.gold and found.gold.passed)
    return count


def _passed(gold: GoldResult | None) -> bool:
    return gold is not None and gold.passed is True


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_WHY else f"{text[: _LONGEST_WHY - 1]}…"


def changes_for(
    places: Sequence[PlaceKey], log: HealthLog, after: Health, why: str, at_utc: str, by: str
) -> list[HealthChange]:
    """The lines that give these places another health; none for one that has it already."""
    return [
        HealthChange(at_utc=at_utc, device=key[0], place=key[1], before=log.health(key), after=after, who=by, why=why)
        for key in places
        if log.health(key) != after or log.last(key) is None
    ]
