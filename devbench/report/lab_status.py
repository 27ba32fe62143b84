"""How a laboratory is, for the terminal: the answer first, then a line a place; on top those that need a hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from devbench.domain.night import Health
from devbench.lab.status import LabStatus, PlaceStatus
from devbench.report.numbers import count_of, duration, listed
from devbench.report.screen import ScreenLine, aligned, wrapped

_ORDER: tuple[Health, ...] = ("bad", "unknown", "maintenance", "good", "retired")
_STYLES: dict[str, str] = {"bad": "red", "unknown": "yellow", "maintenance": "cyan", "good": "green", "retired": "dim"}


def status_lines(status: LabStatus, width: int) -> Iterator[ScreenLine]:
    """All of it."""
    yield from wrapped(health_text(status.places), width, _style(status.places))
    yield from wrapped(night_text(status), width)
    for problem in status.problems:
        yield from wrapped(problem, width, "yellow")
    yield ()
    places = sorted(status.places, key=lambda one: _ORDER.index(one.health))
    header = ("place", "health", "since", "last good night", *(("now",) if status.running else ()), "why")
    yield from aligned(header, [_row(one, running=status.running) for one in places], width)


def health_text(places: Sequence[PlaceStatus]) -> str:
    """How many are well, and which are not."""
    good = [one for one in places if one.health == "good"]
    text = f"{len(good)} of {count_of(len(places), 'place')} {'is' if len(good) == 1 else 'are'} good"
    rest = [(health, [one.place for one in places if one.health == health]) for health in _ORDER if health != "good"]
    parts = [f"{health}: {listed(names)}" for health, names in rest if names]
    return f"{'; '.join([text, *parts])}."


def night_text(status: LabStatus) -> str:
    """What the newest night is at, or has come to."""
    night = status.night
    if night is None:
        return "There was no night yet: `devbench lab run`."
    if status.running:
        done = sum(bool(one.finished_utc) for one in night.groups)
        until = f", until {_local(night.until_utc):%H:%M}" if night.until_utc else ""
        begun = f"since {_local(night.started_utc):%H:%M}"
        return f"Night {night.id} is running {begun}{until}: {done} of {count_of(len(night.groups), 'group')} measured."
    if not night.finished_utc:
        return f"Night {night.id} was ended in the middle: `devbench lab run` goes on with it."
    ended = f"{_local(night.finished_utc):%Y-%m-%d %H:%M}"
    told, bad = len(night.told), len(night.unhealthy)
    found = [f"{count_of(told, 'change')} told"] if told else []
    found += [f"{count_of(bad, 'place')} not healthy"] if bad else []
    found += [f"{count_of(len(night.problems), 'problem')} of the laboratory itself"] if night.problems else []
    ago = f", {duration(status.idle_s)} ago" if status.idle_s is not None and status.idle_s > 0 else ""
    return f"Night {night.id} finished at {ended}{ago}: {', '.join(found) or 'nothing to tell'}."


def late_text(status: LabStatus, limit_s: float) -> str:
    """Why the laboratory is late; "" if a night finished within so many seconds."""
    if status.idle_s is None:
        return "late: no night has ever finished"
    if status.idle_s <= limit_s:
        return ""
    assert status.finished
    return f"late: the last night, {status.finished.id}, finished {duration(status.idle_s)} ago"


def _row(one: PlaceStatus, *, running: bool) -> tuple[str, ...]:
    since = f"{_local(one.since):%Y-%m-%d %H:%M}" if one.since else "–"
    by = f" ({one.who})" if one.who and one.who != "devbench" else ""
    now = (one.state,) if running else ()
    return (f"{one.device} {one.place}", one.health, since, one.last_good or "–", *now, f"{one.why}{by}")


def _style(places: Sequence[PlaceStatus]) -> str:
    worst = min((_ORDER.index(one.health) for one in places), default=_ORDER.index("good"))
    return _STYLES[_ORDER[worst]] if _ORDER[worst] in ("bad", "unknown") else "green"


def _local(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone()
