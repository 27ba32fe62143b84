"""From readings of a meter to the energy of one inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_FEWEST = 5  # readings in the timed loop, and before it
_LONGEST_GAP_S = 0.5
Readings = Sequence[Sequence[float]]  # seconds and value


class UnknownEnergyError(Exception):
    """The readings do not tell; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Mean power before the worker started and in the timed loop, and what an inference took above the first."""

    idle_w: float
    loop_w: float
    per_inference_mj: float


def energy_of(seen: Mapping[str, Any], loop_s: Sequence[float] | None, inferences: int) -> Energy:
    """The energy of one inference.

    seen: what the meter gives. loop_s: begin and end of the timed loop in the same clock, seconds.
    """
    if "trouble" in seen:
        raise UnknownEnergyError(seen["trouble"])
    if loop_s is None or not seen["marks"]:
        raise UnknownEnergyError("the times of the timed loop are not known")
    begin_s, end_s = loop_s
    readings, idle_end_s = seen["readings"], seen["marks"][0]
    mean_w = _counted_w if seen["counts"] else _sampled_w
    _enough(readings, begin_s, end_s, "in the timed loop")
    _enough(readings, readings[0][0], idle_end_s, "before it")
    idle_w = mean_w(readings, readings[0][0], idle_end_s)
    loop_w = mean_w(readings, begin_s, end_s)
    if loop_w <= idle_w:
        raise UnknownEnergyError(f"the timed loop took {loop_w:.3f} W, no more than the idle machine ({idle_w:.3f} W)")
    above_j = (loop_w - idle_w) * (end_s - begin_s)
    return Energy(idle_w=idle_w, loop_w=loop_w, per_inference_mj=above_j / inferences * 1e3)


def _enough(readings: Readings, begin_s: float, end_s: float, where: str) -> None:
    inside = [begin_s, *(at_s for at_s, _ in readings if begin_s <= at_s <= end_s), end_s]
    if len(inside) - 2 < _FEWEST:
        raise UnknownEnergyError(f"only {len(inside) - 2} readings of the power {where}: measure longer (`min_s`)")
    gap_s = max(after - before for before, after in pairwise(inside))
    if gap_s > _LONGEST_GAP_S:
        raise UnknownEnergyError(f"the power could not be read for {gap_s:.1f} s {where}")


def _counted_w(readings: Readings, begin_s: float, end_s: float) -> float:
    """Mean power by a counter of joules, whose value at both ends lies between two readings."""
    import numpy as np

    first, last = np.interp([begin_s, end_s], [at_s for at_s, _ in readings], [joules for _, joules in readings])
    return float(last - first) / (end_s - begin_s)


def _sampled_w(readings: Readings, begin_s: float, end_s: float) -> float:
    """Mean power by its readings in this time alone: those before and after are of other work."""
    import numpy as np

    inside = [reading for reading in readings if begin_s <= reading[0] <= end_s]
    times_s, watts = np.array([(begin_s, inside[0][1]), *inside, (end_s, inside[-1][1])]).T
    return float(np.sum(np.diff(times_s) * (watts[1:] + watts[:-1]) / 2)) / (end_s - begin_s)
