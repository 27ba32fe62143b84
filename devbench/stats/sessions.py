"""What fresh sessions say of a change that nights seem to show, by Wald's sequential test: it stops when it is sure.

Wald, A.: Sequential tests of statistical hypotheses. Annals of Mathematical Statistics 16 (1945), 117-186.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from devbench.stats.huber import Floats

_MISSED = 0.05  # the share of real changes that the sessions may refute
_FEWEST_SESSIONS = 3  # what one session says is clipped, so that no fewer can confirm
_SHARE = 0.75  # of the size that a candidate seems to have: it was chosen for being large
_DEGREES = 8.0  # of Student's t: sessions have outliers, and the spread between nights is itself an estimate
_FEWEST_NIGHTS = 8  # that tell of a shape
_OF_SHAPE = 0.5  # how much the nights' own shape counts for, beside that of Student's t
_KERNEL = 0.5  # width of each night in it, of the whole spread
_FARTHEST = 4.0


def false_share(series: int) -> float:
    """The share of unreal candidates that the sessions may confirm: the smaller, the more series are watched."""
    return min(0.02, max(3 / max(series, 1), 1e-5))


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
    nights: npt.ArrayLike = (),
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
        nights: of one series, how far each night before was from its level. A board that was 3 % slower in every fifth
            of them is so in every fifth session too, which then says little.

    """
    needed, given_up = math.log((1 - _MISSED) / false_share(series)), math.log(_MISSED)
    real = math.copysign(max(_SHARE * abs(claimed), least, 2 * abs(unreal)), claimed)
    x, variance = np.asarray(differences, dtype=float), np.asarray(variances, dtype=float)
    if not len(x):
        return Judged(
            verdict="waiting", odds=0.0, needed=needed, given_up=given_up, difference=0.0, sd=math.inf, sessions=0
        )
    shape, shared = _shape(nights), len(x) * of_level
    odds_of = _log_density(x - real, variance, shared, shape) - _log_density(x - unreal, variance, shared, shape)
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


def _shape(nights: npt.ArrayLike) -> Floats:
    """The nights that tell of a shape; none if they are too few."""
    found = np.asarray(nights, dtype=np.float64)
    found = found[np.isfinite(found)]
    return found if len(found) >= _FEWEST_NIGHTS else found[:0]


def _log_density(off: Floats, variance: Floats, shared: float, nights: Floats) -> Floats:
    """Of sessions that are so far from where they should be. shared: variance of that place, for all of them."""
    plain = _students(off**2, variance + shared)
    if not len(nights):
        return np.log(plain)
    reach = _FARTHEST * np.sqrt(variance)[:, None]
    at = math.sqrt(1 - _KERNEL**2) * np.clip(nights[None, :], -reach, reach)
    near = _students((off[:, None] - at) ** 2, (_KERNEL**2 * variance + shared)[:, None])
    found: Floats = np.log((1 - _OF_SHAPE) * plain + _OF_SHAPE * near.mean(axis=1))
    return found


def _students(square: Floats, variance: Floats) -> Floats:
    """The density of Student's t, but for a factor that is always the same."""
    found: Floats = (1 + square / (_DEGREES * variance)) ** (-(_DEGREES + 1) / 2) / np.sqrt(variance)
    return found


def pulled(claimed: float, of_level: float, of_night: float, nights: int) -> float:
    """How far from the level before sessions are on average if nothing has changed.

    A candidate was chosen: by chance the nights after were high, and those before low. All of them together tell the
    level that there is then. of_level: variance of the level before. of_night: of one night. nights: after.
    """
    of_after = of_night / max(nights, 1)
    return claimed * of_level / (of_level + of_after) if of_level + of_after > 0 else 0.0
