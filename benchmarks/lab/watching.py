"""Night after night through a simulated laboratory with devbench's own code: candidates, sessions, what is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.lab.noise import Floats, Lab, measured_again
from devbench.stats.candidates import (
    MOST_AT_ONCE,
    MOST_SESSIONS,
    RULES,
    Candidate,
    candidates,
    part_shifts,
)
from devbench.stats.changes import levels, shifts
from devbench.stats.huber import huber_means
from devbench.stats.sessions import judge, pulled
from devbench.stats.split import PartName, common, split
from devbench.stats.step import FEWEST_BEFORE

_NEAR_NIGHTS, _AGAIN_NIGHTS, _GROWN = 3, 3, 1.5  # as in devbench/history/watch.py
Indexes = npt.NDArray[np.int64]


@dataclass
class Watched:
    """What became of one laboratory.

    sessions, figures: what was measured again. told: the night of each alarm, with its candidate.
    """

    series_nights: int = 0
    candidates: int = 0
    sessions: int = 0
    figures: int = 0
    told: list[tuple[int, Candidate]] = field(default_factory=list)


def watch(
    lab: Lab,
    rng: np.random.Generator,
    begin: int = FEWEST_BEFORE,
    step: Floats | None = None,
    *,
    alone: bool = False,
    enough: Callable[[Watched], bool] = lambda _: False,
) -> Watched:
    """Look at every night from `begin` on.

    step: what has changed, series × nights; it is in what is measured again. alone: as if each were the only series.
    enough: whether the nights that are left need not be looked at.
    """
    step = np.zeros_like(lab.values) if step is None else step
    values = np.where(lab.flagged, np.nan, lab.values + step)
    each = np.arange(len(values))
    kinds, boards, cases = (each, each, each) if alone else (np.zeros_like(each), lab.board_of, lab.case_of)
    group_of = {"kinds": kinds, "boards": boards, "cases": cases, "rest": each}
    watched = 1 if alone else len(values)
    level_of = np.zeros(values.shape, dtype=np.int64)
    starts = {name: np.zeros(int(groups.max()) + 1, dtype=np.int64) for name, groups in group_of.items()}
    refuted: dict[tuple[PartName, int], tuple[int, float]] = {}
    told: dict[tuple[PartName, int], tuple[int, float]] = {}
    sessions: dict[tuple[PartName, int], list[_Session]] = {}
    found = Watched()
    for night in range(begin, values.shape[1]):
        until = slice(0, night + 1)
        parts = split(values[:, until], lab.errors[:, until], level_of[:, until], kinds, boards, cases)
        found.series_nights += int(np.isfinite(values[:, night]).sum())
        if alone:
            rest = shifts(
                parts.rest.values, parts.rest.errors, starts["rest"], related=False, alone=np.full(len(values), True)
            )
            shown = candidates({"rest": rest})
        else:
            shown = candidates(part_shifts(parts, starts, boards, cases))
        others: dict[PartName, Floats] = {}
        for one in shown:
            where = one.part, one.index
            if _known(one, night, told.get(where), refuted.get(where)):
                continue
            found.candidates += 1
            members = np.flatnonzero(group_of[one.part] == one.index)
            if one.part not in others:
                others[one.part] = common(parts, kinds, boards, cases, one.part)
            before = sessions.setdefault(where, [])
            verdict, count = _judged(
                lab, values, others[one.part], level_of, one, members, night, step, watched, before, rng
            )
            found.sessions += count
            found.figures += count * min(MOST_AT_ONCE[one.part], len(members))
            if verdict == "refuted":
                refuted[where] = night, one.difference
            elif verdict == "confirmed":
                found.told.append((night, one))
                told[where] = one.first, one.difference
                level_of[group_of[one.part] == one.index, one.first :] += 1
                starts[one.part][one.index] = one.first
        if enough(found):
            break
    return found


def _known(one: Candidate, night: int, told: tuple[int, float] | None, refuted: tuple[int, float] | None) -> bool:
    if told and np.sign(told[1]) == np.sign(one.difference) and abs(told[0] - one.first) <= _NEAR_NIGHTS:
        return True
    if not refuted or np.sign(refuted[1]) != np.sign(one.difference):
        return False
    return 0 < night - refuted[0] <= _AGAIN_NIGHTS and abs(one.difference) <= _GROWN * abs(refuted[1])


@dataclass(frozen=True)
class _Session:
    """What a fresh session has shown. off: distance from the true levels."""

    night: int
    series: Indexes
    off: Floats
    errors: Floats


def _judged(
    lab: Lab,
    values: Floats,
    shared: Floats,
    level_of: Indexes,
    one: Candidate,
    members: Indexes,
    night: int,
    step: Floats,
    watched: int,
    sessions: list[_Session],
    rng: np.random.Generator,
) -> tuple[str, int]:
    """The verdict of sessions, and how many fresh ones there were: as devbench/history/judging.py does it.

    shared: what other parts make of each figure. sessions: those of before; the fresh ones are added.
    """
    mine = members[np.isfinite(values[members, night])]
    chosen = rng.permutation(mine)[: MOST_AT_ONCE[one.part]]
    if not len(chosen):
        return "waiting", 0
    until = slice(0, one.first)
    same_level = level_of[members, until] == level_of[members, one.first - 1][:, None]
    x = np.where(same_level, values[members, until] - shared[members, until], np.nan)
    mean, of_mean, spread = levels(x, lab.errors[members, until])
    of_night = np.nanmedian(lab.errors[members, until], axis=1) ** 2 + spread**2
    unreal = pulled(one.difference, float(np.mean(of_mean)), float(np.mean(of_night)), night + 1 - one.first)
    nights = x[0] - mean[0] if len(members) == 1 else ()
    place = np.full(len(values), -1)
    place[members] = np.arange(len(members))
    for number in range(1, MOST_SESSIONS + 1):
        off, errors = measured_again(lab, chosen, night, rng)
        sessions.append(_Session(night, chosen, off + step[chosen, night], errors))
        differences, variances, of_level = [], [], 0.0
        for session in sessions:
            if session.night < one.first:
                continue
            at = place[session.series]
            terms = lab.level[session.series] + session.off - shared[session.series, session.night] - mean[at]
            good = np.isfinite(terms)
            if good.any():
                mean_off, of_session = huber_means(terms[good], session.errors[good] ** 2 + spread[at][good] ** 2)
                differences.append(float(mean_off))
                variances.append(float(of_session))
                of_level = max(of_level, float(of_mean[at][good].mean() / good.sum()))
        least = RULES[one.part].least
        verdict = judge(differences, variances, of_level, one.difference, least, watched, unreal, nights).verdict
        if verdict != "waiting":
            return verdict, number
    return "waiting", MOST_SESSIONS
