"""Has the level of a series changed in the last nights? For many series at once, on logarithms.

The last 1 to 14 nights are held against up to 35 before them (`step.py`), and of these windows the one that says most
is told. A slow drift is not a step: a straight line through all these nights must leave something of it.

benchmarks/lab/alarms.py counts false alarms, and how soon steps are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from devbench.stats.alike import alike_of_all, widened
from devbench.stats.drift import drift
from devbench.stats.huber import Floats, huber_means, row_medians
from devbench.stats.spread import spread_of
from devbench.stats.step import NIGHTS_BEFORE, Recent, beyond_line, no_step, step

LAST_NIGHTS = 14
_NEEDED = NIGHTS_BEFORE + LAST_NIGHTS
LEAST_SD = 0.0015  # between nights: nothing that is measured is steadier


@dataclass(frozen=True, eq=False)
class Shifts:
    """What the last night says of each series; an array with an element for each.

    z: the difference in standard errors, as of a normal distribution; 0 where nothing can be said. nights: how many
    the new level has. difference: of logarithms, after less before; sd: its standard error. before: the level before.
    nights_before: how many nights that is of. spread: standard deviation between nights. correlation: with the night
    before; most_correlation: what it may well be, of series that are alone, as `shifts` was told.
    beyond_line: the same as z, of what a straight line does not explain.
    first, last: index of the first night of the new level, and of the last one before it.
    drift: what a straight line through all these nights rises by; drift_z: in standard errors, 0 where it is of too few
    nights. middle, drift_nights: index of the night in their middle, and how many they are.
    """

    z: Floats
    nights: npt.NDArray[np.int64]
    difference: Floats
    sd: Floats
    before: Floats
    nights_before: npt.NDArray[np.int64]
    spread: Floats
    correlation: Floats
    most_correlation: Floats
    alone: npt.NDArray[np.bool_]
    beyond_line: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    drift: Floats
    drift_z: Floats
    middle: npt.NDArray[np.int64]
    drift_nights: npt.NDArray[np.int64]


def shifts(
    values: Floats,
    errors: Floats,
    starts: npt.NDArray[np.int64] | None = None,
    *,
    fewest_nights: int = 1,
    least_sd: float = LEAST_SD,
    related: bool = True,
    alone: npt.NDArray[np.bool_] | None = None,
) -> Shifts:
    """Return what the last night (the last column) says of the level of each series (a row).

    Args:
        values: logarithms, series × nights, of one night or more; NaN for a night without a usable figure.
        errors: standard error of each; the same shape.
        starts: the first night of each series' present level, 0 where it never changed. Earlier nights tell of the
            spread alone: their levels must have been taken out.
        fewest_nights: how many nights a new level must have.
        least_sd: the least that nights are taken to differ by, beyond their errors.
        related: whether spread and correlation of the other series tell something of each one.
        alone: the series that may show states which last for nights, and of which no other tells how long.

    """
    series = len(values)
    recent = _newest(
        values,
        errors,
        np.zeros(series, dtype=np.int64) if starts is None else starts,
        alone=np.zeros(series, dtype=bool) if alone is None else alone,
        related=related,
        least_sd=least_sd,
    )
    tonight = np.isfinite(values[:, -1]) & np.isfinite(errors[:, -1])
    best = _clearest(recent, tonight, fewest_nights)
    nights = best["nights"].astype(np.int64)
    first, last = _around(recent.order, nights)
    return Shifts(
        z=best["z"],
        nights=nights,
        difference=best["difference"],
        sd=best["sd"],
        before=best["before"],
        nights_before=best["nights_before"].astype(np.int64),
        spread=best["spread"],
        correlation=best["correlation"],
        most_correlation=best["most_correlation"],
        alone=recent.alone,
        beyond_line=beyond_line(recent, best),
        first=first,
        last=last,
        **_drift(recent, tonight),
    )


def _newest(
    values: Floats,
    errors: Floats,
    starts: npt.NDArray[np.int64],
    *,
    alone: npt.NDArray[np.bool_],
    related: bool,
    least_sd: float,
) -> Recent:
    """The nights that are needed; all of them where a series is alone, for they tell how long its states last."""
    known = np.isfinite(values) & np.isfinite(errors)
    order = np.argsort(known, axis=1, kind="stable")  # those without a figure go to the left
    order = order if alone.any() else order[:, -_NEEDED:]
    there = np.take_along_axis(known, order, axis=1)
    return Recent(
        values=np.where(there, np.take_along_axis(values, order, axis=1), np.nan),
        errors=np.where(there, np.take_along_axis(errors, order, axis=1), np.nan),
        order=order,
        present=there & (order >= starts[:, None]),
        alone=alone,
        related=related,
        least_sd=least_sd,
    )


def _drift(recent: Recent, tonight: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Four fields of `Shifts`; a series without a figure tonight has no drift."""
    return drift(
        recent.values[:, -_NEEDED:],
        recent.errors[:, -_NEEDED:],
        recent.present[:, -_NEEDED:] & tonight[:, None],
        recent.order[:, -_NEEDED:],
        recent.least_sd,
        related=recent.related,
    )


def _clearest(recent: Recent, tonight: npt.NDArray[np.bool_], fewest_nights: int) -> dict[str, Floats]:
    """The step of each series that says most, whatever number of its last nights is the new level."""
    count, room = recent.values.shape
    best = no_step(count)
    for last in range(fewest_nights, min(LAST_NIGHTS, room - 1) + 1):
        found = step(recent, last)
        eligible = tonight & recent.present[:, room - last :].all(axis=1) & np.isfinite(found["z"])
        better = eligible & (np.abs(found["z"]) > np.abs(best["z"]))
        best = {name: np.where(better, found[name], one) for name, one in best.items()}
    return best


def _around(
    order: npt.NDArray[np.int64], nights: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Index of the first night of the new level of each series, and of the last one before it."""
    count, room = order.shape
    rows, place = np.arange(count), np.clip(room - np.maximum(nights, 1), min(room - 1, 1), room - 1)
    return order[rows, place], order[rows, np.maximum(place - 1, 0)]


def levels(values: Floats, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the level of each series, the variance of that, and the standard deviation between nights.

    values, errors: series × nights, as for `shifts`; the last ones are used.
    """
    x, s = values[:, -NIGHTS_BEFORE:], errors[:, -NIGHTS_BEFORE:]
    residual = x - row_medians(x)[:, None]
    spread = spread_of(residual, s, LEAST_SD, related=True)
    variance = s**2 + spread[:, None] ** 2
    mean, of_mean = huber_means(x, variance)
    return mean, of_mean * widened(alike_of_all(residual, variance, related=True), np.isfinite(x).sum(axis=1)), spread
