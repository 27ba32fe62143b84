"""Looks for changes after a night, and says what to measure again. `judge_again` judges by that."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from devbench.domain.history import Again, KeptChange, night_order
from devbench.domain.night import ChangeKind, LevelChange, SeriesKey
from devbench.history.columns import VERSIONS, as_tuple
from devbench.history.grouping import NEAR_NIGHTS, belongs_to, grouped, nights_apart
from devbench.history.judging import SAME_SOFTWARE, judge_again, last_rows
from devbench.history.reading import Rows, Which
from devbench.history.series import difference, touches
from devbench.history.state import State, last_words, part_of, state_of
from devbench.history.store import History
from devbench.stats.candidates import MOST_AT_ONCE, MOST_SESSIONS, Candidate, candidates
from devbench.stats.huber import row_medians
from devbench.stats.split import PartName

__all__ = ["MOST_SESSIONS", "judge_again", "look_for_changes", "to_measure_again"]

_KINDS: dict[PartName, ChangeKind] = {
    "kinds": "software",
    "cases": "software",
    "boards": "board",
    "rest": "odd one out",
}
_Z95 = 1.96
_AGAIN_NIGHTS = 3  # for so many nights, what was refuted is not tried again unless it has grown
_GROWN = 1.5
_MOST_TEXTS = 6


def look_for_changes(history: History, night: str) -> tuple[LevelChange, ...]:
    """What seems to have changed by this night, to be measured again: what touches most series comes first.

    What was told is not told again, nor is tried again for a few nights what was refuted. Raises a `DevbenchError`.
    """
    state = state_of(history, night)
    if not state.watched:
        return ()
    found = candidates(state.shifts)
    changes = grouped([_change(state, one) for one in found], state)
    new = [change for change in changes if not _known(change, state.kept, night)]
    return tuple(_explained(history, state, new))


def _change(state: State, found: Candidate) -> LevelChange:
    key = state.names[found.part][found.index]
    of_group = state.group_of[found.part] == found.index
    tonight = np.isfinite(state.values[:, -1])
    spread = state.shifts[found.part].spread[found.index]
    how = f"{abs(found.z):.1f} standard errors from the level before, in {_nights(found.nights)}"
    if found.drift:
        slowly = f"a slow drift of {100 * math.expm1(found.drift):+.1f} % over {_nights(2 * found.nights)}, not a step"
        how = f"{slowly}; told from the middle of its way"
    return LevelChange(
        kind=_KINDS[found.part],
        key=key,
        status="waiting",
        first_night=state.nights[found.first],
        last_night=state.nights[found.last],
        ratio=math.exp(found.difference),
        low=math.exp(found.difference - _Z95 * found.sd),
        high=math.exp(found.difference + _Z95 * found.sd),
        series=int((of_group & tonight).sum()),
        why=f"{how}; nights differ by {100 * spread:.2f} % otherwise",
    )


def _nights(count: int) -> str:
    return f"{count} night{'s' if count > 1 else ''}"


def _known(change: LevelChange, kept: Sequence[KeptChange], night: str) -> bool:
    """Whether it was told, or refuted of late, as far as one can tell by what it touches and when it began."""
    for one in last_words(kept):
        old = one.change
        if old.status == "confirmed" and belongs_to(change, old):
            return True
        if old.kind != change.kind or not (touches(old.key, change.key) or touches(change.key, old.key)):
            continue
        same_way = (old.ratio > 1) == (change.ratio > 1)
        if old.status == "confirmed" and same_way and nights_apart(old.first_night, change.first_night) <= NEAR_NIGHTS:
            return True
        grown = abs(math.log(change.ratio)) > _GROWN * abs(math.log(old.ratio))
        if old.status == "refuted" and same_way and not grown and 0 < nights_apart(one.night, night) <= _AGAIN_NIGHTS:
            return True
    return False


def _explained(history: History, state: State, changes: Sequence[LevelChange]) -> list[LevelChange]:
    """With what else changed then, and with the command that compares the two nights."""
    if not changes:
        return []
    wanted = {key for key in state.keys if any(touches(change.key, key) for change in changes)}
    first = min((change.last_night for change in changes), key=night_order)
    columns = ("folder", "fastest_ms", "within_sd", "verdict", *VERSIONS)
    rows = history.read(Which(wants=wanted.__contains__, since=first, until=state.night, columns=columns))
    at = last_rows(rows)
    return [_with_causes(change, rows, at) for change in changes]


def _with_causes(change: LevelChange, rows: Rows, at: dict[tuple[SeriesKey, str], int]) -> LevelChange:
    keys = [key for key in rows.keys if touches(change.key, key)]
    pairs = [(at.get((key, change.last_night)), at.get((key, change.first_night))) for key in keys]
    both = [(old, new) for old, new in pairs if old is not None and new is not None]
    counts: dict[str, int] = {}
    for column in VERSIONS:
        codes, texts = rows.codes(column)
        for old, new in both:
            text = difference(column, texts[codes[old]], texts[codes[new]])
            if text:
                counts[text] = counts.get(text, 0) + 1
    most = sorted(counts, key=lambda text: -counts[text])
    shown = [text if counts[text] == len(both) else f"{text} (on {counts[text]} of {len(both)})" for text in most]
    if len(shown) > _MOST_TEXTS:
        shown = [*shown[:_MOST_TEXTS], f"and {len(shown) - _MOST_TEXTS} more"]
    command = ""
    if both:
        folders = rows.texts("folder")
        before, after = (shlex.quote(folders[row]) for row in both[0])
        command = f"devbench compare {before} {after}"
    return replace(change, changed_then=tuple(shown), reproduce=command)


def to_measure_again(history: History, night: str, change: LevelChange) -> tuple[Again, ...]:
    """What a fresh session should measure: of the series that it touches, the few that vary least."""
    state = state_of(history, night)
    part = part_of(change)
    rest = state.parts.rest.values
    spread = row_medians(np.abs(rest - row_medians(rest)[:, None]))
    spread = np.where(np.isfinite(spread), spread, np.inf)
    touched = [
        number
        for number, key in enumerate(state.keys)
        if touches(change.key, key) and np.isfinite(state.values[number, -1])
    ]
    chosen: list[int] = []
    for number in sorted(touched, key=lambda one: spread[one]):  # on different places where there are several
        places = {as_tuple(state.keys[one])[-2:] for one in chosen}
        if part in ("boards", "rest") or as_tuple(state.keys[number])[-2:] not in places:
            chosen.append(number)
        if len(chosen) == MOST_AT_ONCE[part]:
            break
    wanted = {state.keys[number] for number in chosen}
    columns = ("folder", "suite", "case", "fastest_ms", "within_sd", "verdict", *SAME_SOFTWARE)
    rows = history.read(Which(wants=wanted.__contains__, since=change.last_night, until=night, columns=columns))
    at = last_rows(rows)
    return tuple(_again(key, rows, at, night, change.last_night) for key in (state.keys[one] for one in chosen))


def _again(key: SeriesKey, rows: Rows, at: dict[tuple[SeriesKey, str], int], night: str, last_night: str) -> Again:
    new, old = at[key, night], at.get((key, last_night))
    other = old is not None and any(rows.codes(name)[0][new] != rows.codes(name)[0][old] for name in SAME_SOFTWARE)
    text = {name: rows.texts(name) for name in ("folder", "suite", "case")}
    return Again(
        key=key,
        suite=text["suite"][new],
        case=text["case"][new],
        folder=text["folder"][new],
        beside=text["folder"][old] if other and old is not None else "",
    )
