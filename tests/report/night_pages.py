"""Months of made-up nights, for the morning page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from devbench.domain.history import Series
from devbench.domain.night import GoldResult, GroupNight, LevelChange, Night, PlaceNight, RecoveryStep, SeriesKey
from devbench.report.night import renderers
from tests.report.nights import QUIET

LAST = date(2026, 11, 21)


def nights_of(count: int) -> tuple[str, ...]:
    """The ids of so many nights, up to the last one."""
    return tuple((LAST - timedelta(days=count - 1 - at)).isoformat() for at in range(count))


def made_lab(boards: int, cases: int, count: int = 90, *, names: str = "rack-{:03d}") -> tuple[Night, list[Series]]:
    """A lab in which case 0 became 3 % slower with a new runtime, and the last board is 6 % slower on all."""
    random = np.random.default_rng(1)
    nights = nights_of(count)
    changed = count - 3
    series = []
    places = [names.format(number) for number in range(boards)]
    for case in range(cases):
        for at, place in enumerate(places):
            base = 2.0 * 1.4**case * (1 + 0.02 * random.standard_normal())
            values = base * np.exp(0.005 * random.standard_normal(count))
            values[changed:] *= 1.03 if case == 0 else 1.0
            values[changed + 1 :] *= 1.06 if at == boards - 1 else 1.0
            values[random.random(count) < 0.02] = np.nan
            doubtful = random.random(count) < 0.03
            series.append(
                Series(
                    key=SeriesKey(
                        model=f"network_{case:02d}", precision="int8", runtime="litert", device="coral-usb", place=place
                    ),
                    nights=nights,
                    undisturbed_ms=np.where(doubtful, values * 1.02, values),
                    low_ms=values * 0.995,
                    high_ms=values * 1.005,
                    median_ms=values * 1.02,
                    temperature_c=np.full(count, 40.0),
                    doubtful=doubtful,
                    versions=((nights[count // 3], "kernel 6.1.0 → 6.1.9"), (nights[changed], "runtime 2.1.0 → 2.1.1")),
                )
            )
    software = LevelChange(
        kind="software",
        key=SeriesKey(model="network_00", precision="int8", runtime="litert"),
        status="confirmed",
        first_night=nights[changed],
        last_night=nights[changed - 1],
        ratio=1.031,
        low=1.028,
        high=1.034,
        series=boards,
        changed_then=("runtime 2.1.0 → 2.1.1",),
        reproduce="devbench compare --measure nights/2026-11-18/runs/imagenet--desk nights/2026-11-19/runs/imagenet--desk",
    )
    board = replace(
        software,
        kind="board",
        key=SeriesKey(device="coral-usb", place=places[-1]),
        first_night=nights[changed + 1],
        ratio=1.061,
        low=1.05,
        high=1.072,
        series=cases,
        changed_then=("boot",),
        why="its case effects agree with those of the other boards",
    )
    ill = PlaceNight(
        device="coral-dev-board",
        place="attic",
        health_before="good",
        health_after="bad",
        why="the gold case takes 4.10 ms, and 2.70 to 2.80 ms is what its history allows",
        gold=GoldResult(
            passed=False, median_ms=4.1, low_ms=4, high_ms=4.2, expected_low_ms=2.7, expected_high_ms=2.8, tries=2
        ),
        recovery=(
            RecoveryStep(at_utc="2026-11-21T02:10:00+01:00", what="reboot", worked=False, why="no answer within 5 min"),
            RecoveryStep(at_utc="2026-11-21T02:20:00+01:00", what="power cycle", worked=True),
        ),
    )
    healthy = [
        PlaceNight(
            device="coral-usb", place=place, group=place, health_before="good", health_after="good", measured=cases
        )
        for place in places
    ]
    night = replace(
        QUIET,
        places=(*healthy, ill),
        groups=tuple(GroupNight(name=place, places=(("coral-usb", place),)) for place in places),
        changes=(software, board, replace(software, status="refuted", why="two fresh sessions do not show it")),
        notes=("attic: released, after an earlier night that was ended",),
    )
    return night, series


def page_of(night: Night, series: list[Series]) -> str:
    """The morning page."""
    return renderers((), series).page(night)
