"""How a laboratory is, as far as its files say: of use while a night runs, and to a watcher on another machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from devbench.clock import utc_now
from devbench.domain.lab import Lab, Nights, PlaceKey
from devbench.domain.night import GroupNight, Health, HealthChange, Night, State
from devbench.lab.health import read_log
from devbench.lab.opening import from_the_future, is_past, is_running
from devbench.lab.record import night_folders, nights_before

_MOST_NIGHTS = 60
_AFTER_ALL = "9999-12-31"


@dataclass(frozen=True, kw_only=True)
class PlaceStatus:
    """One place. since: when its health became what it is; "" for a new place. last_good: a night; "" for none."""

    device: str
    place: str
    health: Health
    state: State
    since: str = ""
    why: str = ""
    who: str = ""
    last_good: str = ""


@dataclass(frozen=True, kw_only=True)
class LabStatus:
    """night: the newest; None before the first one. finished: the newest that is finished."""

    night: Night | None
    finished: Night | None
    running: bool
    places: tuple[PlaceStatus, ...]
    problems: tuple[str, ...] = ()

    @property
    def idle_s(self) -> float | None:
        """Seconds since a night finished; None if none ever did."""
        if self.finished is None:
            return None
        return (utc_now() - datetime.fromisoformat(self.finished.finished_utc)).total_seconds()


def lab_status(lab: Lab, nights: Nights) -> LabStatus:
    """The status of all places of `lab`. Raises a `DevbenchError` if the log of health cannot be read."""
    log = read_log(nights.folder)
    running = is_running(nights.folder)
    known = list(islice(nights_before(nights.folder, _AFTER_ALL), _MOST_NIGHTS))
    earlier = [one for one in known if is_past(one)]  # a watcher must not wait until a wrong date has come
    newest = earlier[0] if earlier else None
    damaged = [one.name for one in night_folders(nights.folder)[:1] if not known or one.name != known[0].id]
    places = []
    for one in lab.places:
        key = (one.device, one.name)
        last = log.last(key)
        places.append(
            PlaceStatus(
                device=key[0],
                place=key[1],
                health=log.health(key),
                state=_state(key, newest) if running else "idle",
                since=_since(key, log.changes),
                why=last.why if last else "new: its first gold case decides",
                who=last.who if last else "",
                last_good=_last_good(key, earlier),
            )
        )
    return LabStatus(
        night=newest,
        finished=next((one for one in earlier if one.finished_utc), None),
        running=running,
        places=tuple(places),
        problems=(
            *log.problems,
            *(f"{nights.folder / name}: its record cannot be read" for name in damaged),
            *from_the_future(nights.folder),
        ),
    )


def _since(key: PlaceKey, changes: tuple[HealthChange, ...]) -> str:
    """When its health last became another one: a line that only says more does not count."""
    return next(
        (one.at_utc for one in reversed(changes) if (one.device, one.place) == key and one.before != one.after), ""
    )


def _state(key: PlaceKey, night: Night | None) -> State:
    group = next((one for one in night.groups if key in one.places), None) if night else None
    if group is None or group.finished_utc:
        return "idle"
    return "running" if _is_at_work(group) else "reserved"


def _is_at_work(group: GroupNight) -> bool:
    return bool(group.started_utc)


def _last_good(key: PlaceKey, nights: list[Night]) -> str:
    for night in nights:
        for one in night.places:
            if (one.device, one.place) == key and one.health_after == "good" and one.measured:
                return night.id
    return ""
