"""From readings of a meter to the energy of one inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_FEWEST = 5  # readings in the timed loop, and before it
_LONGEST_GAP_S = 0.5


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
    if not seen:
        raise UnknownEnergyError("the meter ended early")
    if loop_s is None or not seen["marks"]:
        raise UnknownEnergyError("the times of the timed loop are not known")
    begin_s, end_s = loop_s
    times_s = [reading[0] for reading in seen["readings"]]
    joules = _joules(seen["readings"], counts=seen["counts"])
    _enough(times_s, begin_s, end_s, "in the timed loop")
    idle_end_s = seen["marks"][0]
    _enough(times_s, times_s[0], idle_end_s, "before it")
    idle_w = _mean_w(times_s, joules, times_s[0], idle_end_s)
    loop_w = _mean_w(times_s, joules, begin_s, end_s)
    if loop_w <= idle_w:
        raise UnknownEnergyError(f"the timed loop took {loop_w:.3f} W, no more than the idle machine ({idle_w:.3f} W)")
    return Energy(
        idle_w=idle_w, loop_w=loop_w, per_inference_mj=(loop_w - idle_w) * (end_s - begin_s) / inferences * 1e3
    )


def _joules(readings: Sequence[Sequence[float]], *, counts: bool) -> list[float]:
    """The energy up to each reading: as counted, or the trapezoids below the power."""
    if counts:
        return [value for _, value in readings]
    sums = [0.0]
    for (before_s, before_w), (now_s, now_w) in pairwise(readings):
        sums.append(sums[-1] + (now_s - before_s) * (before_w + now_w) / 2)
    return sums


def _enough(times_s: Sequence[float], begin_s: float, end_s: float, where: str) -> None:
    inside = [begin_s, *(one for one in times_s if begin_s <= one <= end_s), end_s]
    if len(inside) - 2 < _FEWEST:
        raise UnknownEnergyError(f"only {len(inside) - 2} readings of the power {where}: measure longer (`min_s`)")
    gap_s = max(after - before for before, after in pairwise(inside))
    if gap_s > _LONGEST_GAP_S:
        raise UnknownEnergyError(f"the power could not be read for {gap_s:.1f} s {where}")


def _mean_w(times_s: Sequence[float], joules: Sequence[float], begin_s: float, end_s: float) -> float:
    import numpy as np

    first, last = np.interp([begin_s, end_s], times_s, joules)
    return float(last - first) / (end_s - begin_s)
