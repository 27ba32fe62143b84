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

from devbench.stats.changes import Shifts, shifts
from devbench.stats.split import PartName, Split

MOST_SESSIONS = 8
DRIFT, DRIFT_Z = 0.03, 5.0  # of a slow change: how far, and in standard errors
_END_FROM_FIRST_HALF = 0.75  # of the way of a line, from the mean of its first half to its end
_PART_SD = 0.0005  # what nights of a common part differ by at least: less than those of one series
_MISSED = 0.05  # the share of real changes that the sessions may refute
_FEWEST_SESSIONS = 3  # what one session says is clipped, so that no fewer can confirm
_SHARE = 0.6  # of the size that a candidate seems to have: it was chosen for being large


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
    "cases": Rule(z=3.0, least=0.005),
    "boards": Rule(z=3.5, least=0.01, nights=2),  # a board has states; it shows them for more than one night
    "rest": Rule(z=3.0, least=0.01),
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
        least = {} if name == "rest" else {"least_sd": _PART_SD}
        found[name] = shifts(part.values, part.errors, starts.get(name), fewest_nights=rule.nights, **least)
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
    return min(0.005, max(1.25 / max(series, 1), 1e-5))


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
    differences: Sequence[float], variances: Sequence[float], of_level: float, claimed: float, least: float, series: int
) -> Judged:
    """Return what fresh sessions say of a claimed change.

    Args:
        differences: of each session from the level before, of logarithms.
        variances: of each, between nights included.
        of_level: variance of the level before, which all sessions share; 0 where the old one was measured beside it.
        claimed: the difference that the nights have shown.
        least: the smallest difference that matters.
        series: how many are watched.

    """
    needed, given_up = math.log((1 - _MISSED) / false_share(series)), math.log(_MISSED)
    step = math.copysign(max(_SHARE * abs(claimed), least), claimed)
    x, variance = np.asarray(differences, dtype=float), np.asarray(variances, dtype=float)
    if not len(x):
        return Judged(
            verdict="waiting", odds=0.0, needed=needed, given_up=given_up, difference=0.0, sd=math.inf, sessions=0
        )
    widened = variance + len(x) * of_level
    most = needed / (_FEWEST_SESSIONS - 0.5)
    odds = float(np.clip((step * x - step**2 / 2) / widened, -most, most).sum())
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
