"""What others do, on one series: the first night of each change that a rule reports when the last night has come in.

Conbench and Perfherder are written anew from what is published of them:
* Conbench, "lookback z-score": the last result against mean and standard deviation of those before, alarm beyond 5
  (https://github.com/conbench/conbench, README and docs/pages/lookback_zscore.md).
* Perfherder: Student's t of 12 values before and 12 after a point, weights falling linearly with the distance from it,
  alarm beyond 7 where the means are 2 % apart and the t is the largest of its neighbours
  (https://wiki.mozilla.org/Performance/Tools/Perfherder, "How Perfherder works").

Otava, ruptures and asv are used as libraries, in an environment of their own: `peers_worker.py`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_CONBENCH_Z, _CONBENCH_LAST = 5.0, 100
_WINDOW, _T, _LEAST = 12, 7.0, 0.02


def conbench(values: Floats) -> list[int]:
    """The last night, if it is an outlier of those before; the drift of their rolling mean is taken out."""
    before = values[-_CONBENCH_LAST - 1 : -1]
    if len(before) < 8:
        return []
    sd = float(before.std(ddof=1))
    return [len(values) - 1] if sd > 0 and abs(values[-1] - before.mean()) / sd > _CONBENCH_Z else []


def perfherder(values: Floats) -> list[int]:
    """Every point whose t is large, and the largest around it."""
    ts = {
        point: _t(values[max(point - _WINDOW, 0) : point][::-1], values[point : point + _WINDOW])
        for point in range(_WINDOW, len(values) - _WINDOW + 1)
    }
    found = []
    for point, t in ts.items():
        near = [abs(ts[one]) for one in range(point - 2, point + 3) if one in ts]
        before, after = values[point - _WINDOW : point].mean(), values[point : point + _WINDOW].mean()
        if abs(t) > _T and abs(t) == max(near) and abs(after - before) >= _LEAST:
            found.append(point)
    return found


def _t(before: Floats, after: Floats) -> float:
    """Welch's t with linear weights; the values next to the point come first."""
    sides = []
    for side in (before, after):
        weight = 1 - np.arange(len(side)) / len(side)
        mean = float((weight * side).sum() / weight.sum())
        variance = float((weight * (side - mean) ** 2).sum() / weight.sum()) * len(side) / (len(side) - 1)
        sides.append((mean, variance / len(side)))
    (first, of_first), (second, of_second) = sides
    return (second - first) / math.sqrt(max(of_first + of_second, 1e-18))
