"""Judges a change by fresh sessions: was the step there when it was measured again?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from devbench.domain.history import Floats
from devbench.domain.night import LevelChange, SeriesKey
from devbench.history.reading import Rows, Which
from devbench.history.series import nightly_of, touches
from devbench.history.state import State, part_of, state_of
from devbench.history.store import History
from devbench.stats.candidates import RULES
from devbench.stats.changes import levels
from devbench.stats.huber import huber_means, row_medians
from devbench.stats.sessions import judge, pulled
from devbench.stats.split import PartName

SAME_SOFTWARE = ("artifact_sha256", "runtime_version", "delegate_version", "firmware")
"""Where these differ, old and new can be measured side by side."""

_Z95 = 1.96
_PAIR_SD = 0.0015  # two sessions side by side differ by at least this

Software = tuple[str, ...]


def judge_again(history: History, night: str, change: LevelChange, reruns: Sequence[Path] = ()) -> LevelChange:
    """The change as fresh sessions see it: confirmed, refuted, or still waiting for more of them.

    reruns: run folders of such sessions, which are added to the history, not to the baseline. Every session since the
    first night of the change counts. Raises a `DevbenchError`.
    """
    for folder in reruns:
        history.append(folder, night, "again")
    state = state_of(history, night)
    part = part_of(change)
    about = _sessions(history, state, change, part)
    found = judge(
        [one for one, _ in about.differences],
        [one for _, one in about.differences],
        about.of_level,
        math.log(change.ratio),
        RULES[part].least,
        state.watched,
        about.unreal,
        about.nights,
    )
    if not found.sessions:
        return change
    low, high = found.difference - _Z95 * found.sd, found.difference + _Z95 * found.sd
    again = f"measured again {_times(found.sessions)}: {_percent(found.difference)} [{_percent(low)}, {_percent(high)}]"
    why = f"{change.why.partition('; measured again')[0]}; {again}"
    if found.verdict != "confirmed":
        return replace(change, status=found.verdict, why=why)
    # What was measured again was not chosen for being large, as the first nights were: its size is the honest one.
    return replace(
        change,
        status="confirmed",
        ratio=math.exp(found.difference),
        low=math.exp(low),
        high=math.exp(high),
        why=why,
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _percent(log_ratio: float) -> str:
    return f"{100 * math.expm1(log_ratio):+.1f} %"


@dataclass(frozen=True, eq=False)
class _Sessions:
    """What `judge` asks for. differences: of each session from the level before, with its variance."""

    differences: list[tuple[float, float]]
    of_level: float = 0.0
    unreal: float = 0.0
    nights: Floats = field(default_factory=lambda: np.zeros(0))


def _sessions(history: History, state: State, change: LevelChange, part: PartName) -> _Sessions:
    numbers = [number for number, key in enumerate(state.keys) if touches(change.key, key)]
    first = state.index_of(change.first_night)
    if not numbers or not first:
        return _Sessions([])
    common = state.others(part)[numbers]
    present = state.levels == state.levels[:, [first - 1]]
    before = np.where(present[numbers], state.values[numbers] - common, np.nan)[:, :first]
    mean, of_mean, spread = levels(before, state.errors[numbers, :first])
    at = {state.keys[number]: place for place, number in enumerate(numbers)}
    old_software = _software_of(history, change)
    sessions, shared, in_turns = [], 0.0, False
    for rows, session in _by_run(history, state, change):
        terms = []
        for key, figures in session.items():
            place = at.get(key)
            if place is None or not np.isfinite(mean[place]):
                continue
            old = [one for one in figures if one.software == old_software.get(key)]
            new = [one for one in figures if one.software != old_software.get(key)]
            if old and new:
                in_turns = True
                terms.append((new[-1].log_ms - old[-1].log_ms, new[-1].variance + old[-1].variance + _PAIR_SD**2, 0.0))
                continue
            column = min(state.index_of(rows.nights[figures[0].night]), common.shape[1] - 1)
            off = float(np.mean([one.log_ms for one in figures])) - float(common[place, column] + mean[place])
            own = float(np.mean([one.variance for one in figures]))
            terms.append((off, own + float(spread[place]) ** 2, float(of_mean[place])))
        if terms:
            offs, variances, of_levels = np.array(terms).T
            mean_off, of_session = huber_means(offs, variances)  # one odd place of many decides nothing
            sessions.append((float(mean_off), float(of_session)))
            shared = max(shared, float(of_levels.mean() / len(terms)))
    of_night = np.nan_to_num(row_medians(state.errors[numbers, :first])) ** 2 + spread**2
    known = np.isfinite(of_mean) & np.isfinite(of_night)
    if not shared or not known.any():  # only old and new side by side
        return _Sessions(sessions, shared)
    after = len(state.nights) - first
    unreal = pulled(math.log(change.ratio), float(of_mean[known].mean()), float(of_night[known].mean()), after)
    one_series = len(numbers) == 1 and not in_turns
    return _Sessions(sessions, shared, unreal, before[0] - mean[0] if one_series else np.zeros(0))


@dataclass(frozen=True)
class _Figure:
    """One series in one session. night: index into the rows' nights."""

    log_ms: float
    variance: float
    night: int
    software: Software


def _by_run(history: History, state: State, change: LevelChange) -> list[tuple[Rows, dict[SeriesKey, list[_Figure]]]]:
    """The figures of each session since the first night of the change."""
    rows = history.read(
        Which(
            wants=lambda key: touches(change.key, _plain(key)),
            since=change.first_night,
            until=state.night,
            purposes=("again",),
            columns=("run_key", "fastest_ms", "within_sd", "verdict", *SAME_SOFTWARE),
        )
    )
    values, errors = rows.numbers("fastest_ms"), np.nan_to_num(rows.numbers("within_sd"), nan=_PAIR_SD)
    verdicts, runs, software = rows.texts("verdict"), rows.texts("run_key"), _software(rows)
    found: dict[str, dict[SeriesKey, list[_Figure]]] = {}
    for row in range(rows.table.num_rows):
        if values[row] > 0 and verdicts[row] != "contaminated":
            figure = _Figure(math.log(values[row]), errors[row] ** 2, int(rows.night[row]), software[row])
            found.setdefault(runs[row], {}).setdefault(_plain(rows.keys[rows.series[row]]), []).append(figure)
    return [(rows, session) for session in found.values()]


def _software_of(history: History, change: LevelChange) -> dict[SeriesKey, Software]:
    """What each series ran with in the last night before the change."""
    rows = history.read(
        Which(
            wants=lambda key: touches(change.key, key),
            since=change.last_night,
            until=change.last_night,
            columns=("fastest_ms", "within_sd", "verdict", *SAME_SOFTWARE),
        )
    )
    software = _software(rows)
    return {key: software[row] for (key, _), row in last_rows(rows).items()}


def _software(rows: Rows) -> list[Software]:
    return list(zip(*(rows.texts(name) for name in SAME_SOFTWARE), strict=True))


def _plain(key: SeriesKey) -> SeriesKey:
    """The series that a case of a session belongs to: old and new of one series have the case in their options."""
    options, _, _ = key.options.partition(";case=")
    return replace(key, options="" if options.startswith("case=") else options)


def last_rows(rows: Rows) -> dict[tuple[SeriesKey, str], int]:
    """The last row with a figure of each series and night; they must have what `nightly_of` needs."""
    nightly = nightly_of(rows)
    where = zip(nightly.series, nightly.night, nightly.row, strict=True)
    return {(rows.keys[series], rows.nights[night]): int(row) for series, night, row in where}
