"""A slow change of level: a straight line through all nights of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from devbench.stats.alike import alike_of_all, widened
from devbench.stats.huber import Floats, row_medians
from devbench.stats.spread import spread_of

FEWEST_FOR_DRIFT = 15
_CLIP = 3.0


def drift(
    x: Floats,
    s: Floats,
    inside: npt.NDArray[np.bool_],
    order: npt.NDArray[np.int64],
    least_sd: float,
    *,
    related: bool,
) -> dict[str, Any]:
    """The straight line through all nights of the present level, as four fields of `Shifts`.

    x, s: values and errors, series × nights. inside: which nights are of the level. order: the index of each night.
    """
    nights = inside.sum(axis=1)
    place = np.where(inside, np.cumsum(inside, axis=1) - 1.0, 0.0)
    values = np.where(inside, x, np.nan)
    rough = row_medians(values)
    residual = values - rough[:, None] - _rough_line(values - rough[:, None], place, nights)
    spread = spread_of(residual, np.where(inside, s, np.nan), least_sd, related=related)
    variance = np.where(inside, s, 1.0) ** 2 + spread[:, None] ** 2
    weight = np.where(inside, 1 / variance, 0.0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    line = np.where(inside, place - ((weight * place).sum(axis=1) / total)[:, None], 0.0)
    along = np.maximum((weight * line**2).sum(axis=1), 1e-300)
    limit = _CLIP * np.sqrt(variance)
    kept = np.where(inside, values - residual + np.clip(residual, -limit, limit), 0.0)
    slope = (weight * line * kept).sum(axis=1) / along
    span = np.maximum(nights - 1, 0)
    of_line = widened(alike_of_all(residual, variance, related=related), nights)
    enough = nights >= FEWEST_FOR_DRIFT
    sd = span * np.sqrt(of_line / along)
    drift = np.where(enough, slope * span, 0.0)
    middle = np.argmax(np.cumsum(inside, axis=1) > (nights // 2)[:, None], axis=1)
    return {
        "drift": drift,
        "drift_z": np.where(enough, drift / np.maximum(sd, 1e-300), 0.0),
        "middle": order[np.arange(len(x)), middle],
        "drift_nights": nights,
    }


def _rough_line(values: Floats, place: Floats, nights: npt.NDArray[np.int64]) -> Floats:
    """From the middle of the first half to that of the second: odd nights hardly move it."""
    half = (nights // 2)[:, None]
    first, second = (row_medians(np.where(side, values, np.nan)) for side in (place < half, place >= half))
    slope = np.nan_to_num(second - first) / np.maximum(nights / 2, 1)
    found: Floats = slope[:, None] * (place - (nights[:, None] - 1) / 2)
    return found
