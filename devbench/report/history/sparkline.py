"""A series as a row of small bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_LEAST_RANGE = 0.04  # a range of 4 % fills the height: noise of half a percent must not look like a mountain
_MISSING, _DOUBTFUL = " ", "·"


def sparkline(values: Sequence[float], doubtful: Sequence[bool], width: int = 30) -> str:
    """The last `width` values, a bar for each: from the smallest to the largest, or 4 % of the middle if that is more.

    NaN leaves a gap, and what is doubtful is a dot.
    """
    values, doubtful = list(values)[-width:], list(doubtful)[-width:]
    good = [value for value, bad in zip(values, doubtful, strict=True) if value > 0 and not bad]  # NaN is not
    if not good:
        return "".join(_DOUBTFUL if value > 0 else _MISSING for value in values)
    low, high = math.log(min(good)), math.log(max(good))
    spare = max(_LEAST_RANGE - (high - low), 0) / 2
    low, high = low - spare, high + spare
    return "".join(_bar(value, bad, low, high) for value, bad in zip(values, doubtful, strict=True))


def _bar(value: float, doubtful: bool, low: float, high: float) -> str:
    if not value > 0:
        return _MISSING
    if doubtful:
        return _DOUBTFUL
    place = (math.log(value) - low) / (high - low) * (len(_BARS) - 1)
    return _BARS[min(max(round(place), 0), len(_BARS) - 1)]
