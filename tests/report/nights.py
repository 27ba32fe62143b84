"""Nights to be told of: a quiet one, and one with everything in it, names with odd characters included."""

from __future__ import annotations

from dataclasses import replace

from devbench.domain.night import (
    GoldResult,
    GroupNight,
    LevelChange,
    Night,
    PlaceNight,
    RecoveryStep,
    SeriesKey,
)
from devbench.lab.cases import NightCase

ODD = "a<b>&\"'|`]]>\n::error::%\x1b[31m\u202e,é"

QUIET = Night(
    id="2026-11-21",
    lab="/srv/lab/lab.yaml",
    started_utc="2026-11-21T02:00:00+01:00",
    finished_utc="2026-11-21T05:10:00+01:00",
    until_utc="2026-11-21T06:00:00+01:00",
    devbench_version="0.1.0",
    host="labhost",
    suites=("suites/imagenet.yaml",),
    places=(
        PlaceNight(
            device="coral-usb", place="desk", group="desk", health_before="good", health_after="good", measured=2
        ),
        PlaceNight(
            device="coral-usb", place="shelf", group="desk", health_before="good", health_after="good", measured=2
        ),
    ),
    groups=(GroupNight(name="desk", places=(("coral-usb", "desk"), ("coral-usb", "shelf")), shares=("hub-1",)),),
    took_s=11400,
)

SOFTWARE = LevelChange(
    kind="software",
    key=SeriesKey(model="mobilenet_v1", precision="int8", runtime="litert"),
    status="confirmed",
    first_night="2026-11-20",
    last_night="2026-11-19",
    ratio=1.031,
    low=1.026,
    high=1.036,
    series=2,
    changed_then=("runtime 2.1.0 → 2.1.1",),
    reproduce="devbench compare --measure old new",
)
FASTER = replace(
    SOFTWARE,
    kind="odd one out",
    key=SeriesKey(model="efficientdet", precision="int8", runtime="litert", device="coral-usb", place=ODD),
    ratio=0.8,
    low=0.79,
    high=0.81,
    series=1,
    changed_then=(),
)
REFUTED = replace(SOFTWARE, status="refuted", why="two fresh sessions do not show it")

ILL = replace(
    QUIET,
    places=(
        *QUIET.places,
        PlaceNight(
            device="coral-dev-board",
            place=ODD,
            health_before="good",
            health_after="bad",
            why=f"the gold case is slower: {ODD}",
            gold=GoldResult(
                passed=False, median_ms=4.1, low_ms=4, high_ms=4.2, expected_low_ms=2.6, expected_high_ms=2.8, tries=2
            ),
            recovery=(RecoveryStep(at_utc="2026-11-21T02:10:00+01:00", what="reboot", worked=False, why="no answer"),),
            failed=2,
        ),
        PlaceNight(device="desktop-cpu", place="held", health_before="maintenance", health_after="maintenance"),
        PlaceNight(device="desktop-cpu", place="away", health_before="good", health_after="unknown", why="no route"),
    ),
    changes=(SOFTWARE, FASTER, REFUTED),
    notes=("attic: released, after an earlier night that was ended",),
)


def cases_of(night: Night) -> tuple[NightCase, ...]:
    """Two cases on each place: measured where the place is good, failed where it is bad, else skipped."""
    status = {"good": "measured", "bad": "failed"}
    return tuple(
        NightCase(
            key=SeriesKey(model=model, precision="int8", runtime="litert", device=one.device, place=one.place),
            status=status.get(one.health_after, "skipped"),
            ms=2.5 if one.health_after == "good" else 0.0,
            took_s=1.5,
            why="" if one.health_after == "good" else f"it is {one.health_after}: {ODD}",
        )
        for one in night.places
        for model in ("mobilenet_v1", "efficientdet")
    )


def many_places(count: int, health: str = "bad") -> Night:
    """A night with so many places of this health."""
    places = tuple(
        PlaceNight(
            device="coral-usb", place=f"rack-{number:03d}", health_after="bad", why="silent", health_before="good"
        )
        for number in range(count)
    )
    return replace(QUIET, places=places)
