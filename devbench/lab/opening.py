"""Which night it is: a new one, or one that was ended in the middle; and that there is only one at a time."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from devbench import __version__
from devbench.clock import local_now, stamp, utc_now
from devbench.domain.lab import PlaceKey
from devbench.domain.night import GroupNight, Night, PlaceNight
from devbench.errors import DevbenchError
from devbench.files import make_folder
from devbench.lab.health import HealthLog
from devbench.lab.record import NightBook, NightError, new_id, night_folders, read_night
from devbench.run.groups import Group

LOCK_FILE = ".lock"
TOLD = "told"  # the last step
_LONGEST_NIGHT = timedelta(hours=20)  # of one that has no end of its own
_SHORTEST_S = 5.0
_LOOKS_BACK = 20  # nights
_CLOCKS_DIFFER = timedelta(hours=1)
_LONGEST_LOOK_S = 1.0  # `lab status` has the lock for a moment


@contextmanager
def only_one(nights: Path) -> Iterator[None]:
    """Hold the lock of a laboratory's nights. A `DevbenchError` if somebody else has it."""
    from filelock import FileLock, Timeout

    holder = nights / f"{LOCK_FILE}.holder"
    try:
        make_folder(nights)
        lock = FileLock(nights / LOCK_FILE, timeout=_LONGEST_LOOK_S)
        lock.acquire()
    except Timeout:
        raise DevbenchError(
            f"{nights}: another night is at work there ({_read(holder) or 'by whom is not known'})",
            "See `devbench lab status`. Wait for it to end, or end it with Ctrl-C: it releases all that it holds.",
        ) from None
    except OSError as error:
        raise DevbenchError(f"{nights}: cannot be written: {error.strerror or error}") from error
    try:
        import os

        holder.write_text(f"process {os.getpid()} on {platform.node()}, since {local_now():%Y-%m-%d %H:%M}")
        yield
    finally:
        lock.release()


def is_running(nights: Path) -> bool:
    """Whether somebody holds the lock. It asks by trying, and lets go at once."""
    from filelock import FileLock, Timeout

    if not (nights / LOCK_FILE).exists():
        return False
    try:
        with FileLock(nights / LOCK_FILE, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[:200].strip()
    except OSError:
        return ""


def unfinished(nights: Path) -> NightBook | None:
    """The night that was ended before all was told. Raises a `NightError` if the newest record cannot be read.

    It need not be the newest by its name: a clock that was wrong for one night gives that one a day in the future.
    """
    for number, folder in enumerate(night_folders(nights)[:_LOOKS_BACK]):
        try:
            night = read_night(folder)
        except NightError:
            if number == 0:
                raise
            continue
        if not night.finished_utc or TOLD not in night.done:
            return NightBook(night, folder)
    return None


def from_the_future(nights: Path) -> Iterator[str]:
    """Nights that began later than now, as sentences: one of the clocks is or was wrong."""
    found = []
    for folder in night_folders(nights)[:_LOOKS_BACK]:
        with suppress(NightError):
            night = read_night(folder)
            if not is_past(night):
                found.append(night)
    if found:
        more = f"; so did {len(found) - 1} more" if len(found) > 1 else ""
        first = found[0]
        yield f"night {first.id} began at {first.started_utc}, which is later than now: a clock was wrong{more}"


def is_past(night: Night) -> bool:
    """Whether a night began before now, as far as clocks of several machines agree."""
    return datetime.fromisoformat(night.started_utc) <= utc_now() + _CLOCKS_DIFFER


def is_over(night: Night) -> bool:
    """Whether the time of a night that was ended has passed: it is closed with what it has."""
    if night.until_utc:
        return utc_now() >= datetime.fromisoformat(night.until_utc)
    return utc_now() - datetime.fromisoformat(night.started_utc) > _LONGEST_NIGHT


def next_time(until: time_of_day, now: datetime) -> datetime:
    """The next moment at which a clock that shows `now` shows `until`; both without a time zone."""
    today = datetime.combine(now.date(), until)
    return today if today > now else today + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a new night begins with."""

    nights: Path
    lab: Path
    until: time_of_day | None
    suites: Sequence[str]
    groups: Sequence[Group]
    log: HealthLog


def new_night(about: Beginning) -> NightBook:
    """A new night, saved. A `DevbenchError` where there is no time left for one."""
    until_utc = ""
    if about.until:
        # Of the local clock, whose offset from UTC may be another by then.
        end = next_time(about.until, local_now().replace(tzinfo=None)).astimezone(UTC)
        if (left_s := (end - utc_now()).total_seconds()) < _SHORTEST_S:
            raise DevbenchError(
                f"{about.lab}: nights: until: {left_s:.0f} s before its end, a night cannot begin any more",
                "Begin earlier, or set `until` later.",
            )
        until_utc = end.isoformat(timespec="seconds")
    night = Night(
        id=new_id(about.nights, local_now()),
        lab=str(about.lab),
        started_utc=stamp(),
        until_utc=until_utc,
        devbench_version=__version__,
        host=platform.node(),
        suites=tuple(about.suites),
        places=tuple(_place(key, group, about.log) for group in about.groups for key in group.places),
        groups=tuple(GroupNight(name=one.name, places=one.places, shares=one.shares) for one in about.groups),
    )
    book = NightBook(night, about.nights / night.id)
    book.change(lambda _: night)
    return book


def _place(key: PlaceKey, group: Group, log: HealthLog) -> PlaceNight:
    before, last = log.health(key), log.last(key)
    kept = log.is_kept_out(key) and last is not None
    return PlaceNight(
        device=key[0],
        place=key[1],
        group=group.name,
        health_before=before,
        health_after=before if kept else "unknown",
        why=f"kept out by {last.who}: {last.why}" if kept and last else "",
    )


def seconds_left(until_utc: str) -> Callable[[], float]:
    """Seconds until then, by a clock that nobody sets; for ever where there is no end."""
    if not until_utc:
        return lambda: float("inf")
    end_s = time.monotonic() + (datetime.fromisoformat(until_utc) - utc_now()).total_seconds()
    return lambda: end_s - time.monotonic()
