"""Over which time a machine drifts: the Allan deviation of a series of latencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FEWEST_BLOCKS = 4
_SURE_BLOCKS, _RISE = 8, 1.5


@dataclass(frozen=True)
class AllanPoint:
    """deviation: how much the medians of neighbouring blocks of `seconds` differ, as logarithms: 0.02 is 2 %."""

    seconds: float
    deviation: float
    blocks: int


def allan_deviation(samples_ns: NDArray[np.int64]) -> list[AllanPoint]:
    """Return the Allan deviation over blocks of one sample, two, four, and so on, while there are four blocks.

    Half of the mean square difference of the logarithms of the medians of neighbouring blocks, its root. It falls
    with the length of the blocks where samples are independent; where it rises, the machine wanders over that time.
    Source: Allan 1966 (doi 10.1109/PROC.1966.4634), with medians in place of means and
    logarithms, as latencies have long tails.

    Args:
        samples_ns: consecutive latencies, shape (n,), in nanoseconds: one after the other without a gap.

    Raises:
        ValueError: no samples, or more than one dimension.

    """
    if samples_ns.ndim != 1 or samples_ns.size == 0:
        raise ValueError(f"a series is one dimension with at least one sample, not {samples_ns.shape}")
    mean_s = float(samples_ns.mean()) / 1e9
    points = []
    size = 1
    while samples_ns.size // size >= _FEWEST_BLOCKS:
        blocks = samples_ns[: samples_ns.size // size * size].reshape(-1, size)
        steps = np.diff(np.log(np.maximum(np.median(blocks, axis=1), 1.0)))
        deviation = float(np.sqrt((steps**2).mean() / 2))
        points.append(AllanPoint(seconds=size * mean_s, deviation=deviation, blocks=len(blocks)))
        size *= 2
    return points


def wandering(points: Sequence[AllanPoint]) -> AllanPoint | None:
    """Return where the deviation is largest after it had been smaller; None if it only falls.

    Points of fewer than eight blocks are too uncertain to count, and a rise by less than half is none.
    """
    lowest, worst = math.inf, None
    for point in points:
        if point.blocks < _SURE_BLOCKS:
            break
        if point.deviation >= _RISE * lowest and (worst is None or point.deviation > worst.deviation):
            worst = point
        lowest = min(lowest, point.deviation)
    return worst
