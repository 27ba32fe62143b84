"""Many samples as few stretches to draw: the extremes of every stretch are kept, so that nothing is hidden."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bands:
    """Consecutive samples in stretches of `each`; the last stretch may be shorter.

    low_ns, median_ns, high_ns: smallest, median and largest sample of each stretch, nanoseconds.
    """

    each: int
    low_ns: NDArray[np.int64]
    median_ns: NDArray[np.float64]
    high_ns: NDArray[np.int64]


def bands(samples_ns: NDArray[np.int64], most: int) -> Bands:
    """Return the samples, shape (n,), as `most` stretches or fewer; every sample lies inside its stretch.

    Raises:
        ValueError: most is under 1.

    """
    if most < 1:
        raise ValueError(f"there must be one stretch or more, not {most}")
    each = max(math.ceil(samples_ns.size / most), 1)
    if not samples_ns.size:
        return Bands(each, samples_ns, samples_ns.astype(np.float64), samples_ns)
    starts = np.arange(0, samples_ns.size, each)
    whole = samples_ns.size // each
    medians = np.median(samples_ns[: whole * each].reshape(whole, each), axis=1)
    if rest := samples_ns.size - whole * each:
        medians = np.append(medians, np.median(samples_ns[-rest:]))
    return Bands(each, np.minimum.reduceat(samples_ns, starts), medians, np.maximum.reduceat(samples_ns, starts))
