"""The numbers behind an alarm, or behind there being none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from devbench.domain.history import Decision, Explanation, KeptChange
from devbench.domain.night import SeriesKey
from devbench.history.series import touches
from devbench.history.state import State, state_of
from devbench.history.store import History
from devbench.stats.candidates import RULES, drifting, keeps, needed_z
from devbench.stats.huber import row_medians
from devbench.stats.split import FEWEST, PartName
from devbench.stats.step import FEWEST_BEFORE

_Z95 = 1.96
_WORDS: dict[PartName, str] = {
    "kinds": "all cases on all places of this device",
    "cases": "this case, over all places",
    "boards": "this place, over all its cases",
    "rest": "this case on this place, without what it shares with others",
}


def explain(history: History, night: str, wants: Callable[[SeriesKey], bool]) -> tuple[Explanation, ...]:
    """Why each of these series has an alarm in `night`, or none. Raises a `DevbenchError`."""
    state, kept = state_of(history, night, decided=False), history.changes(until=night)
    return tuple(_explanation(state, number, kept) for number, key in enumerate(state.keys) if wants(key))


def _explanation(state: State, number: int, kept: Sequence[KeptChange]) -> Explanation:
    key, values = state.keys[number], state.values[number]
    nightly = state.nightly
    bad = nightly.night[(nightly.series == number) & nightly.doubtful]
    present = state.levels[number] == state.levels[number, -1]
    before = float(row_medians(np.where(present, values, np.nan)[None, :-1])[0])
    return Explanation(
        key=key,
        night=state.night,
        figure_ms=math.exp(values[-1]) if np.isfinite(values[-1]) else None,
        own_error=float(state.errors[number, -1]) if np.isfinite(values[-1]) else None,
        level_ms=math.exp(before) if math.isfinite(before) else None,
        nights=int((np.isfinite(values) & present)[:-1].sum()),
        left_out=tuple(state.nights[one] for one in bad),
        decisions=tuple(_decision(state, part, number) for part in RULES) if np.isfinite(values[-1]) else (),
        kept=tuple(one for one in kept if touches(one.change.key, key)),
    )


def _decision(state: State, part: PartName, number: int) -> Decision:
    index, rule = int(state.group_of[part][number]), RULES[part]
    found = state.shifts[part]
    impossible = _impossible(state, part, index)
    if impossible or found.nights[index] == 0:
        return Decision(part=_WORDS[part], impossible=impossible or _too_few(found.nights_before[index]))
    difference, sd = float(found.difference[index]), float(found.sd[index])
    step = bool(keeps(found, part)[index])
    slow = not step and bool(drifting(found)[index])
    return Decision(
        part=_WORDS[part],
        candidate=step or slow,
        drift=math.expm1(float(found.drift[index])),
        drift_nights=int(found.drift_nights[index]),
        slow=slow,
        change=math.exp(difference),
        low=math.exp(difference - _Z95 * sd),
        high=math.exp(difference + _Z95 * sd),
        nights=int(found.nights[index]),
        nights_before=int(found.nights_before[index]),
        first_night=state.nights[found.first[index]],
        last_night=state.nights[found.last[index]],
        z=abs(float(found.z[index])),
        beyond_line=math.copysign(1, difference) * float(found.beyond_line[index]),
        least=rule.least,
        needed_z=float(needed_z(found, part)[index]),
        needed_beyond_line=rule.beyond_line,
        spread=float(found.spread[index]),
        correlation=float(found.correlation[index]),
    )


def _impossible(state: State, part: PartName, index: int) -> str:
    """Why this part is not known; "" if it is."""
    of_part = getattr(state.parts, part)
    if part == "rest":
        return ""
    if not of_part.known[index]:
        needs = {"kinds": f"{FEWEST} places with {FEWEST} cases each", "cases": f"{FEWEST} places"}
        return f"not known: it takes {needs.get(part, f'{FEWEST} cases')}"
    if not np.isfinite(of_part.values[index, -1]):
        return "not known in this night: too few of them were measured"
    return ""


def _too_few(nights: int) -> str:
    return f"not known yet: it takes {FEWEST_BEFORE} nights before" + (f", and there are {nights}" if nights else "")
