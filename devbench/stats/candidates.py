"""Which parts of which series look as if their level had changed, and what measuring again says of one.

A candidate is not yet an alarm: it is cheap to find one too many, and dear to tell it. So the threshold for candidates
is low. What is told is decided by fresh sessions alone, by Wald's sequential test, which stops as soon as it is sure.
Wald, A.: Sequential tests of statistical hypotheses. Annals of Mathematical Statistics 16 (1945), 117-186.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from devbench.stats.changes import LEAST_SD, Shifts, shifts
from devbench.stats.split import PartName, Split

MOST_SESSIONS = 10  # in one night
MOST_AT_ONCE: Mapping[PartName, int] = {"kinds": 8, "cases": 8, "boards": 3, "rest": 1}
"""Series that one session measures: places side by side, the cases of one place one after the other."""

DRIFT, DRIFT_Z = 0.03, 5.0  # of a slow change: how far, and in standard errors
_END_FROM_FIRST_HALF = 0.75  # of the way of a line, from the mean of its first half to its end
_PART_SD = 0.0005  # what nights of a common part differ by at least: less than those of one series
_MISSED = 0.05  # the share of real changes that the sessions may refute
_FEWEST_SESSIONS = 3  # what one session says is clipped, so that no fewer can confirm
_SHARE = 0.75  # of the size that a candidate seems to have: it was chosen for being large
_DEGREES = 8.0  # of Student's t: sessions have outliers, and the spread between nights is itself an estimate


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a part is a candidate. z: standard errors. least: the smallest difference that matters, of logarithms.

    beyond_line: standard errors of the step that no straight line explains. nights: how many the new level must have.
    """

    z: float
    least: float
    beyond_line: float = 1.5
    nights: int = 1


RULES: Mapping[PartName, Rule] = {
    "kinds": Rule(z=3.5, least=0.005),
    "cases": Rule(z=2.5, least=0.005),
    "boards": Rule(z=4.0, least=0.01, nights=2),  # a board has states; it shows them for more than one night
    "rest": Rule(z=2.7, least=0.01),
}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A part whose level seems to have changed. index: of its group, or of its series.

    z, difference, sd, nights: as in `Shifts`. first, last: nights, as indexes.
    drift: whether it went there slowly; first and last are then in the middle of the way, and the difference is that of
    tonight from the first half.
    """

    part: PartName
    index: int
    z: float
    difference: float
    sd: float
    nights: int
    first: int
    last: int
    drift: float = 0.0


def part_shifts(parts: Split, starts: Mapping[PartName, npt.NDArray[np.int64]]) -> dict[PartName, Shifts]:
    """What the last night says of every part. starts: the first night of each one's present level."""
    found: dict[PartName, Shifts] = {}
    for name, rule in RULES.items():
        part = getattr(parts, name)
        least_sd = LEAST_SD if name == "rest" else _PART_SD
        found[name] = shifts(part.values, part.errors, starts.get(name), fewest_nights=rule.nights, least_sd=least_sd)
    return found


def candidates(found: Mapping[PartName, Shifts]) -> list[Candidate]:
    """The parts that keep their rule, the surest first."""
    chosen = []
    for name, of_part in found.items():
        steps = keeps(of_part, RULES[name])
        drifts = drifting(of_part) & ~steps
        chosen += [_candidate(name, of_part, int(index)) for index in np.flatnonzero(steps)]
        chosen += [_drift(name, of_part, int(index)) for index in np.flatnonzero(drifts)]
    return sorted(chosen, key=lambda one: -abs(one.z))


def _candidate(name: PartName, found: Shifts, index: int) -> Candidate:
    return Candidate(
        part=name,
        index=index,
        z=float(found.z[index]),
        difference=float(found.difference[index]),
        sd=float(found.sd[index]),
        nights=int(found.nights[index]),
        first=int(found.first[index]),
        last=int(found.last[index]),
    )


def _drift(name: PartName, found: Shifts, index: int) -> Candidate:
    drift, z = float(found.drift[index]), float(found.drift_z[index])
    return Candidate(
        part=name,
        index=index,
        z=z,
        difference=_END_FROM_FIRST_HALF * drift,
        sd=_END_FROM_FIRST_HALF * abs(drift / z),
        nights=int(found.drift_nights[index]) // 2,
        first=int(found.middle[index]),
        last=int(found.middle[index]) - 1,
        drift=drift,
    )


def drifting(found: Shifts) -> npt.NDArray[np.bool_]:
    """Of each series, whether it has gone a long way slowly."""
    kept: npt.NDArray[np.bool_] = (np.abs(found.drift) >= DRIFT) & (np.abs(found.drift_z) >= DRIFT_Z)
    return kept


def keeps(found: Shifts, rule: Rule) -> npt.NDArray[np.bool_]:
    """Of each series, whether it is a candidate."""
    with np.errstate(invalid="ignore"):
        large = (np.abs(found.z) >= rule.z) & (np.abs(found.difference) >= rule.least)
        kept: npt.NDArray[np.bool_] = large & (np.sign(found.difference) * found.beyond_line >= rule.beyond_line)
    return kept


def false_share(series: int) -> float:
    """The share of unreal candidates that the sessions may confirm: the smaller, the more series are watched."""
    return min(0.02, max(4 / max(series, 1), 1e-5))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What sessions say. verdict: `waiting` is "not yet sure". odds: logarithm of those for the change.

    needed, given_up: what the odds must reach. difference, sd: mean of the sessions, with its standard error.
    """

    verdict: Literal["confirmed", "refuted", "waiting"]
    odds: float
    needed: float
    given_up: float
    difference: float
    sd: float
    sessions: int


def judge(
    differences: Sequence[float],
    variances: Sequence[float],
    of_level: float,
    claimed: float,
    least: float,
    series: int,
    unreal: float = 0.0,
) -> Judged:
    """Return what fresh sessions say of a claimed change.

    Args:
        differences: of each session from the level before, of logarithms.
        variances: of each, between nights included.
        of_level: variance of the level before, which all sessions share; 0 where the old one was measured beside it.
        claimed: the difference that the nights have shown.
        least: the smallest difference that matters.
        series: how many are watched.
        unreal: what sessions show on average if the nights before and after are of one level: see `pulled`.

    """
    needed, given_up = math.log((1 - _MISSED) / false_share(series)), math.log(_MISSED)
    real = math.copysign(max(_SHARE * abs(claimed), least, 2 * abs(unreal)), claimed)
    x, variance = np.asarray(differences, dtype=float), np.asarray(variances, dtype=float)
    if not len(x):
        return Judged(
            verdict="waiting", odds=0.0, needed=needed, given_up=given_up, difference=0.0, sd=math.inf, sessions=0
        )
    widened = _DEGREES * (variance + len(x) * of_level)
    odds_of = (_DEGREES + 1) / 2 * (np.log1p((x - unreal) ** 2 / widened) - np.log1p((x - real) ** 2 / widened))
    most = needed / (_FEWEST_SESSIONS - 0.5)
    odds = float(np.clip(odds_of, -most, most).sum())
    weight = 1 / variance
    verdict: Literal["confirmed", "refuted", "waiting"] = "waiting"
    if odds >= needed:
        verdict = "confirmed"
    elif odds <= given_up:
        verdict = "refuted"
    return Judged(
        verdict=verdict,
        odds=odds,
        needed=needed,
        given_up=given_up,
        difference=float((weight * x).sum() / weight.sum()),
        sd=math.sqrt(1 / weight.sum() + of_level),
        sessions=len(x),
    )


def pulled(claimed: float, of_level: float, of_night: float, nights: int) -> float:
    """How far from the level before sessions are on average if nothing has changed.

    A candidate was chosen: by chance the nights after were high, and those before low. All of them together tell the
    level that there is then. of_level: variance of the level before. of_night: of one night. nights: after.
    """
    of_after = of_night / max(nights, 1)
    return claimed * of_level / (of_level + of_after) if of_level + of_after > 0 else 0.0
