"""The morning page: what changed, which places need a hand, and each case on each place over months. One file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from devbench.domain.history import Series, night_order
from devbench.domain.night import Night, PlaceNight
from devbench.printable import one_line
from devbench.report.html.drawn import colours
from devbench.report.html.filled import our_markup, own_file, page_environment
from devbench.report.night.junit import of_series
from devbench.report.night.sparkline import NARROW, WIDE, Days, large, sparkline
from devbench.report.night.words import (
    KINDS,
    change_text,
    headline,
    place_name,
    place_of,
    recovery_text,
    sentence,
    totals,
    undecided_text,
    what_of,
    worst_first,
)
from devbench.report.numbers import milliseconds

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST_LARGE = 3  # plots of one change; all are among the small ones
_MOST_LARGE_ALL = 60


@dataclass(frozen=True, kw_only=True)
class ChangeBlock:
    """A change in words, and the series that show it best, each with its name and its plots, wide and narrow."""

    text: str
    slower: bool
    then: tuple[str, ...]
    reproduce: str
    why: str
    plots: tuple[tuple[str, Markup, Markup, tuple[str, ...]], ...]
    more: int


@dataclass(frozen=True, kw_only=True)
class CaseBlock:
    """A case on all its places. small: name, last figure, mark ("up", "down" or "") and plot of each.

    open: whether it is shown at once: the case itself changed somewhere, and not only a board that runs it.
    """

    name: str
    changed: int
    open: bool
    range: str
    small: tuple[tuple[str, str, str, Markup], ...]


def morning_page(night: Night, series: Sequence[Series]) -> str:
    """The page of `night`. series: what the history has of each case on each place."""
    environment = page_environment("devbench.report.night", "devbench.report.html")
    script = own_file("devbench.report.night", "find.js")
    style = own_file("devbench.report.html", "style.css") + own_file("devbench.report.night", "night.css") + colours()
    days = Days.of([one for each in series for one in (*each.nights[:1], *each.nights[-1:])])
    changes = list(_change_blocks(night, series, days))
    return environment.get_template("night.html.j2").render(
        night=night,
        lab=PurePath(night.lab).parent.name or night.lab,
        headline=headline(night),
        totals=totals(night),
        undecided=undecided_text(night),
        problems=[sentence(one) for one in night.problems],
        notes=[sentence(one) for one in night.notes],
        style=our_markup(style),
        script=our_markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        kinds=[(title, [block for kind, block in changes if kind == one]) for one, title in KINDS.items()],
        quiet=[(change_text(one), one.status, one.why) for one in night.changes if one.status != "confirmed"],
        ill=[(one, place_name(one), recovery_text(one), _gold(one)) for one in night.unhealthy],
        places=[(one, place_name(one), _gold(one)) for one in night.places],
        groups=[(one, [one_line(" ".join(place)) for place in one.places]) for one in night.groups],
        cases=list(_case_blocks(night, series, days)),
        plots=sum(len(one.nights) > 0 for one in series),
    )


def _change_blocks(night: Night, series: Sequence[Series], days: Days) -> Iterator[tuple[str, ChangeBlock]]:
    drawn = 0
    for change in sorted(night.told, key=worst_first):
        found = [one for one in series if of_series(change, one.key)]
        found.sort(key=lambda one: -abs(_shift(one, change.first_night)))
        shown = found[: min(_MOST_LARGE, max(_MOST_LARGE_ALL - drawn, 0))]
        drawn += len(shown)
        block = ChangeBlock(
            text=sentence(change_text(change)),
            slower=change.ratio > 1,
            then=change.changed_then,
            reproduce=change.reproduce,
            why=change.why,
            plots=tuple(
                (
                    f"{what_of(one.key)} on {place_of(one.key)}",
                    our_markup(large(one, [change], days, WIDE)),
                    our_markup(large(one, [change], days, NARROW)),
                    tuple(f"{at}: {one_line(text)}" for at, text in one.versions),
                )
                for one in shown
            ),
            more=len(found) - len(shown),
        )
        yield change.kind, block


def _shift(series: Series, first_night: str) -> float:
    """How far the level after a night is from that before, relative; 0 where one of them is not known."""
    first = night_order(first_night)
    after = np.array([night_order(night) >= first for night in series.nights], dtype=bool)
    known = np.isfinite(series.undisturbed_ms) & ~series.doubtful
    before, later = series.undisturbed_ms[known & ~after], series.undisturbed_ms[known & after]
    return float(np.median(later) / np.median(before)) - 1 if before.size and later.size else 0.0


def _case_blocks(night: Night, series: Sequence[Series], days: Days) -> Iterator[CaseBlock]:
    """The cases, those that changed first; the places of each in their order."""
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(what_of(one.key), []).append(one)
    blocks = []
    for name, members in groups.items():
        small, last, kinds = [], [], set[str]()
        for one in sorted(members, key=lambda one: place_of(one.key)):
            told = [change for change in night.told if of_series(change, one.key)]
            kinds |= {change.kind for change in told}
            marked = {each.first_night: each for each in (*one.changes, *told) if each.status == "confirmed"}
            known = np.flatnonzero(np.isfinite(one.undisturbed_ms) & ~one.doubtful)
            if known.size:
                value = float(one.undisturbed_ms[known[-1]])
                last.append(value)
                figure = f"{milliseconds(value)} ms{_not_of(night, one, int(known[-1]))}"
            else:
                figure = "no figure"
            mark = "" if not told else "up" if told[0].ratio > 1 else "down"
            small.append((place_of(one.key), figure, mark, our_markup(sparkline(one, list(marked.values()), days))))
        changed = sum(bool(mark) for _, _, mark, _ in small)
        small.sort(key=lambda one: not one[2])
        shown = bool(kinds - {"board"}) or len(groups) == 1
        blocks.append(CaseBlock(name=name, changed=changed, open=shown, range=_range(last), small=tuple(small)))
    yield from sorted(blocks, key=lambda one: (not one.open, -one.changed, one.name))


def _not_of(night: Night, series: Series, index: int) -> str:
    """Says of which night a figure is that is not of this one."""
    return "" if series.nights[index] == night.id else f" ({series.nights[index]})"


def _range(values: Sequence[float]) -> str:
    if not values:
        return "no figure"
    low, high = milliseconds(min(values)), milliseconds(max(values))
    return f"{low} ms" if low == high else f"{low} to {high} ms"


def _gold(place: PlaceNight) -> str:
    """What the gold case said: `3.14 ms, expected 2.70 to 2.80 ms`."""
    gold = place.gold
    if gold is None:
        return "not tried"
    text = f"{milliseconds(gold.median_ms)} ms" if gold.median_ms else "no figure"
    if gold.expected_high_ms:
        text += f", expected {milliseconds(gold.expected_low_ms)} to {milliseconds(gold.expected_high_ms)} ms"
    return f"{text}: {one_line(gold.why)}" if gold.why else text
