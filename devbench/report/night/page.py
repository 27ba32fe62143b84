"""The morning page: what changed, which places need a hand, and each case on each place over months. One file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from devbench.domain.history import Series, night_order
from devbench.domain.night import LevelChange, Night, PlaceNight
from devbench.printable import one_line
from devbench.report.html.drawn import colours
from devbench.report.html.filled import our_markup, own_file, page_environment
from devbench.report.night.blocks import case_blocks, change_blocks
from devbench.report.night.sparkline import Days
from devbench.report.night.words import (
    KINDS,
    change_text,
    headline,
    place_name,
    recovery_text,
    sentence,
    totals,
    undecided_text,
)
from devbench.report.numbers import count_of, milliseconds


def morning_page(night: Night, series: Sequence[Series]) -> str:
    """The page of `night`. series: what the history has of each case on each place."""
    return _page(
        night.told,
        series,
        night.id,
        night=night,
        over=("devbench night", night.id, "laboratory", PurePath(night.lab).parent.name or night.lab),
        headline=headline(night),
        sure=f"{totals(night)}. {undecided_text(night)}",
        undecided=undecided_text(night),
        problems=[sentence(one) for one in night.problems],
        notes=[sentence(one) for one in night.notes],
        quiet=[(change_text(one), one.status, one.why) for one in night.changes if one.status != "confirmed"],
        ill=[(one, place_name(one), recovery_text(one), _gold(one)) for one in night.unhealthy],
        places=[(one, place_name(one), _gold(one)) for one in night.places],
        groups=[(one, [one_line(" ".join(place)) for place in one.places]) for one in night.groups],
    )


def history_page(title: str, series: Sequence[Series], notes: Sequence[str] = ()) -> str:
    """The same of any part of a history: its changes, and each case on each place. title: what was asked for."""
    nights = sorted({night for one in series for night in one.nights[:1] + one.nights[-1:]}, key=night_order)
    known: dict[tuple[object, ...], LevelChange] = {}
    for one in (change for each in series for change in each.changes if change.status == "confirmed"):
        known.setdefault((one.kind, one.key, one.first_night), one)
    places = len({(one.key.device, one.key.place) for one in series})
    cases = len({(one.key.model, one.key.precision, one.key.runtime, one.key.options) for one in series})
    span = f", {nights[0]} to {nights[-1]}" if nights else ""
    changed = count_of(len(known), "confirmed change")
    return _page(
        tuple(known.values()),
        series,
        nights[-1] if nights else "",
        night=None,
        over=("devbench history", "", "", title),
        headline=f"{title}: {changed}" if title else changed,
        sure=f"{count_of(cases, 'case')} on {count_of(places, 'place')}{span}.",
        undecided="",
        problems=[],
        notes=[sentence(one) for one in notes],
        quiet=[],
        ill=[],
        places=[],
        groups=[],
    )


def _page(told: Sequence[LevelChange], series: Sequence[Series], last_night: str, **values: Any) -> str:
    environment = page_environment("devbench.report.night", "devbench.report.html")
    script = own_file("devbench.report.night", "find.js")
    style = own_file("devbench.report.html", "style.css") + own_file("devbench.report.night", "night.css") + colours()
    days = Days.of([one for each in series for one in (*each.nights[:1], *each.nights[-1:])])
    changes = list(change_blocks(told, series, days))
    return environment.get_template("night.html.j2").render(
        told=told,
        style=our_markup(style),
        script=our_markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        kinds=[(title, [block for kind, block in changes if kind == one]) for one, title in KINDS.items()],
        cases=list(case_blocks(told, series, days, last_night)),
        **values,
    )


def _gold(place: PlaceNight) -> str:
    """What the gold case said: `3.14 ms, expected 2.70 to 2.80 ms`."""
    gold = place.gold
    if gold is None:
        return "not tried"
    text = f"{milliseconds(gold.median_ms)} ms" if gold.median_ms else "no figure"
    if gold.expected_high_ms:
        text += f", expected {milliseconds(gold.expected_low_ms)} to {milliseconds(gold.expected_high_ms)} ms"
    return f"{text}: {one_line(gold.why)}" if gold.why else text
