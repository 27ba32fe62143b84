"""What a night of a laboratory leaves behind: health of its places, what was measured, which changes are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from devbench.domain.ranges import Count, NotNegative, Positive, Seconds, Time, TimeOrEmpty

SCHEMA = 1

# maintenance: new, or held by somebody. unknown: trouble on the way to it, so nobody knows. good, bad: what the gold
# case has said. retired: it stays in the log, and nothing is tried.
Health = Literal["maintenance", "unknown", "good", "bad", "retired"]
State = Literal["idle", "reserved", "running"]

# software: one case, over its boards. board: one board, over its cases. odd one out: one case on one board.
ChangeKind = Literal["software", "board", "odd one out"]

# confirmed: measured again, and there; told once. refuted: measured again, and not there. waiting: not yet measured
# again.
ChangeStatus = Literal["confirmed", "refuted", "waiting"]


@dataclass(frozen=True, kw_only=True)
class HealthChange:
    """One line of the log of a laboratory's health, which only grows.

    who: a user at a machine, or "devbench". night: in which it happened; "" outside of one.
    """

    at_utc: Time
    device: str
    place: str
    before: Health
    after: Health
    who: str
    why: str
    night: str = ""


@dataclass(frozen=True, kw_only=True)
class GoldResult:
    """What the gold case of a place has said.

    passed: None where trouble on the way kept it from being measured.
    median_ms, low_ms, high_ms: with its 95 % interval; 0 if it was not measured.
    expected_low_ms, expected_high_ms: what the history of this place allows; 0 while it has too little of it.
    """

    passed: bool | None
    why: str = ""
    median_ms: NotNegative = 0.0
    low_ms: NotNegative = 0.0
    high_ms: NotNegative = 0.0
    expected_low_ms: NotNegative = 0.0
    expected_high_ms: NotNegative = 0.0
    tries: Count = 0


@dataclass(frozen=True, kw_only=True)
class RecoveryStep:
    """One attempt to get a place back. what: "connection", "reboot" or "power cycle"."""

    at_utc: Time
    what: str
    worked: bool
    why: str = ""
    boot_before: str = ""
    boot_after: str = ""


@dataclass(frozen=True, kw_only=True)
class PlaceNight:
    """One place in one night. group: the places that it took turns with, by the name of its first."""

    device: str
    place: str
    group: str = ""
    health_before: Health = "unknown"
    health_after: Health = "unknown"
    why: str = ""
    gold: GoldResult | None = None
    recovery: tuple[RecoveryStep, ...] = ()
    measured: Count = 0
    failed: Count = 0
    skipped: Count = 0


@dataclass(frozen=True, kw_only=True)
class GroupNight:
    """Places that share something and took turns. run: the folder of their run, from the night's own folder.

    shares: what they have in common, such as a machine or a hub. beside: groups whose timed loops ran at the same time.
    """

    name: str
    places: tuple[tuple[str, str], ...]
    shares: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    started_utc: TimeOrEmpty = ""
    finished_utc: TimeOrEmpty = ""
    beside: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class SeriesKey:
    """Which series of figures over nights: one case on one place. A field is "" where a change is of all of them."""

    model: str = ""
    precision: str = ""
    runtime: str = ""
    options: str = ""
    device: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """As messages and tables have it: what, and where."""
        what = " ".join(filter(None, (self.model, self.precision, self.runtime, self.options)))
        where = " ".join(filter(None, (self.device, self.place)))
        return " on ".join(filter(None, (what, where)))


@dataclass(frozen=True, kw_only=True)
class LevelChange:
    """A series that went to another level.

    ratio, low, high: of the new level to the one before, with a 95 % interval; above 1 is slower.
    first_night: the first at the new level. last_night: the last one before it. series: how many have it.
    changed_then: what else changed between these two nights: versions, artifacts, firmware, a boot.
    reproduce: a command that anybody can type.
    again: run folders in which it was measured again, from the night's folder.
    """

    kind: ChangeKind
    key: SeriesKey
    status: ChangeStatus
    first_night: str
    last_night: str
    ratio: Positive
    low: Positive
    high: Positive
    series: Count = 1
    changed_then: tuple[str, ...] = ()
    reproduce: str = ""
    why: str = ""
    again: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Night:
    """One night of one laboratory, saved after every step of it as night.json.

    id: the day on which it began, as 2026-11-21, and -2 for the second that day. lab: the path of lab.yaml.
    problems: what the laboratory itself failed at. notes: what a reader should know.
    done: the steps that are finished: a night that was killed goes on with the others.
    watched: series with a figure tonight that counts; None where nobody has looked.
    earlier_nights, needed_nights: that the one of them with most has before tonight, and that it takes to find changes.
    """

    id: str
    lab: str
    started_utc: Time
    until_utc: TimeOrEmpty = ""
    finished_utc: TimeOrEmpty = ""
    devbench_version: str = ""
    host: str = ""
    suites: tuple[str, ...] = ()
    places: tuple[PlaceNight, ...] = ()
    groups: tuple[GroupNight, ...] = ()
    changes: tuple[LevelChange, ...] = ()
    took_s: Seconds = 0.0
    watched: Count | None = None
    earlier_nights: Count = 0
    needed_nights: Count = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    log: tuple[HealthChange, ...] = ()
    done: tuple[str, ...] = ()
    schema: int = field(default=SCHEMA)

    @property
    def told(self) -> tuple[LevelChange, ...]:
        """The changes that somebody is told of."""
        return tuple(one for one in self.changes if one.status == "confirmed")

    @property
    def unhealthy(self) -> tuple[PlaceNight, ...]:
        """The places that need a hand."""
        return tuple(one for one in self.places if one.health_after in ("bad", "unknown"))
