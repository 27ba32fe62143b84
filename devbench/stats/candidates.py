"""Which parts of which series look as if their level had changed.

A candidate is not yet an alarm: it is cheap to find one too many, and dear to tell it. So the threshold for candidates
is low, but where fresh sessions cannot refute them. What is told is decided by those (`sessions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devbench.stats.changes import LEAST_SD, Shifts, shifts
from devbench.stats.huber import Floats
from devbench.stats.split import PartName, Split

MOST_SESSIONS = 10  # in one night
MOST_AT_ONCE: Mapping[PartName, int] = {"kinds": 8, "cases": 8, "boards": 3, "rest": 1}
"""Series that one session measures: places side by side, the cases of one place one after the other."""

DRIFT, DRIFT_Z = 0.03, 5.0  # of a slow change: how far, and in standard errors
_END_FROM_FIRST_HALF = 0.75  # of the way of a line, from the mean of its first half to its end
_FOR_STATES, _USUAL_CORRELATION, _MOST_FOR_STATES = 5.0, 0.1, 2.2  # more standard errors by correlation, from here on
_FEWEST_BOARDS = 4  # that tell of each other how long states last
_PART_SD = 0.0005  # what nights of a common part differ by at least: less than those of one series


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


def part_shifts(
    parts: Split,
    starts: Mapping[PartName, npt.NDArray[np.int64]],
    board_of: npt.NDArray[np.int64],
    case_of: npt.NDArray[np.int64],
) -> dict[PartName, Shifts]:
    """What the last night says of every part.

    starts: the first night of each one's present level. board_of, case_of: of each series. A series of a board whose
    state is not known is alone with that, and so is its case; and boards are of which there are only a few.
    """
    known = parts.boards.known
    rest, cases = ~known[board_of], np.zeros(len(parts.cases.known), dtype=bool)
    cases[case_of[rest]] = True
    boards = np.full(len(known), known.sum() < _FEWEST_BOARDS)
    alone: Mapping[PartName, npt.NDArray[np.bool_]] = {"rest": rest, "cases": cases, "boards": boards}
    found: dict[PartName, Shifts] = {}
    for name, rule in RULES.items():
        part = getattr(parts, name)
        found[name] = shifts(
            part.values,
            part.errors,
            starts.get(name),
            fewest_nights=rule.nights,
            least_sd=LEAST_SD if name == "rest" else _PART_SD,
            alone=alone.get(name),
        )
    return found


def candidates(found: Mapping[PartName, Shifts]) -> list[Candidate]:
    """The parts that keep their rule, the surest first."""
    chosen = []
    for name, of_part in found.items():
        steps = keeps(of_part, name)
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


def needed_z(found: Shifts, name: PartName) -> Floats:
    """What |z| each series of a part must reach.

    Sessions of the same night see the state that a board is in, and so cannot refute it. Where that state could not be
    taken out, and nights may resemble their neighbours, the nights themselves must be surer.
    """
    states = _FOR_STATES * (np.nan_to_num(found.most_correlation) - _USUAL_CORRELATION)
    surer = RULES["rest"].z + np.clip(states, 0.0, _MOST_FOR_STATES)
    return np.where(found.alone, np.maximum(surer, RULES[name].z), RULES[name].z)


def keeps(found: Shifts, name: PartName) -> npt.NDArray[np.bool_]:
    """Of each series, whether it is a candidate."""
    rule = RULES[name]
    with np.errstate(invalid="ignore"):
        large = (np.abs(found.z) >= needed_z(found, name)) & (np.abs(found.difference) >= rule.least)
        kept: npt.NDArray[np.bool_] = large & (np.sign(found.difference) * found.beyond_line >= rule.beyond_line)
    return kept
