"""Night after night through a simulated laboratory with devbench's own code: candidates, sessions, what is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchmarks.lab.noise import Floats, Lab, measured_again
from devbench.stats.candidates import MOST_SESSIONS, RULES, Candidate, candidates, judge, part_shifts
from devbench.stats.changes import FEWEST_BEFORE, levels, shifts
from devbench.stats.split import PartName, Split, common, split

_NEAR_NIGHTS, _AGAIN_NIGHTS, _GROWN = 3, 3, 1.5  # as in devbench/history/watch.py
_MOST_AGAIN = 3


@dataclass
class Watched:
    """What became of one laboratory. told: nights of each alarm with its candidate. sessions: measured again."""

    series_nights: int = 0
    candidates: int = 0
    sessions: int = 0
    told: list[tuple[int, Candidate]] = field(default_factory=list)


def watch(
    lab: Lab,
    rng: np.random.Generator,
    begin: int = FEWEST_BEFORE,
    step: Floats | None = None,
    *,
    alone: bool = False,
) -> Watched:
    """Look at every night from `begin` on.

    step: what has changed, series × nights; it is in what is measured again. alone: as if each were the only series.
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
    found = Watched()
    for night in range(begin, values.shape[1]):
        until = slice(0, night + 1)
        parts = split(values[:, until], lab.errors[:, until], level_of[:, until], kinds, boards, cases)
        found.series_nights += int(np.isfinite(values[:, night]).sum())
        if alone:
            rest = shifts(parts.rest.values, parts.rest.errors, starts["rest"], related=False)
            shown = candidates({"rest": rest})
        else:
            shown = candidates(part_shifts(parts, starts))
        for one in shown:
            where = one.part, one.index
            if _known(one, night, told.get(where), refuted.get(where)):
                continue
            found.candidates += 1
            verdict, sessions = _judged(lab, values, parts, group_of, level_of, one, night, step, watched, rng)
            found.sessions += sessions
            if verdict == "refuted":
                refuted[where] = night, one.difference
            elif verdict == "confirmed":
                found.told.append((night, one))
                told[where] = one.first, one.difference
                level_of[group_of[one.part] == one.index, one.first :] += 1
                starts[one.part][one.index] = one.first
    return found


def _known(one: Candidate, night: int, told: tuple[int, float] | None, refuted: tuple[int, float] | None) -> bool:
    if told and np.sign(told[1]) == np.sign(one.difference) and abs(told[0] - one.first) <= _NEAR_NIGHTS:
        return True
    if not refuted or np.sign(refuted[1]) != np.sign(one.difference):
        return False
    return 0 < night - refuted[0] <= _AGAIN_NIGHTS and abs(one.difference) <= _GROWN * abs(refuted[1])


def _judged(
    lab: Lab,
    values: Floats,
    parts: Split,
    group_of: dict[str, npt.NDArray[np.int64]],
    level_of: npt.NDArray[np.int64],
    one: Candidate,
    night: int,
    step: Floats,
    watched: int,
    rng: np.random.Generator,
) -> tuple[str, int]:
    """The verdict of fresh sessions, and how many there were: as devbench/history/judging.py does it."""
    members = np.flatnonzero((group_of[one.part] == one.index) & np.isfinite(values[:, night]))
    chosen = rng.permutation(members)[:_MOST_AGAIN]
    if not len(chosen):
        return "waiting", 0
    of = (group_of[name] for name in ("kinds", "boards", "cases"))
    shared_parts = common(parts, *of, one.part)[chosen]
    before = slice(0, one.first)
    same_level = level_of[chosen, before] == level_of[chosen, one.first - 1][:, None]
    x = np.where(same_level, values[chosen, before] - shared_parts[:, before], np.nan)
    mean, of_mean, spread = levels(x, lab.errors[chosen, before])
    differences, variances, shared = [], [], 0.0
    for session in range(1, MOST_SESSIONS + 1):
        off, errors = measured_again(lab, chosen, night, rng)
        terms = lab.level[chosen] + off + step[chosen, night] - shared_parts[:, night] - mean
        good = np.isfinite(terms)
        if not good.any():
            continue
        weight = 1 / (errors[good] ** 2 + spread[good] ** 2)
        share = weight / weight.sum()
        differences.append(float(share @ terms[good]))
        variances.append(float(1 / weight.sum()))
        shared = max(shared, float(share**2 @ of_mean[good]))
        verdict = judge(differences, variances, shared, one.difference, RULES[one.part].least, watched).verdict
        if verdict != "waiting":
            return verdict, session
    return "waiting", MOST_SESSIONS
