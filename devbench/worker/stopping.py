"""Small tests on a series of samples, for the worker alone: has it reached a steady state, is it precise enough?

They decide how long to go on. What a result is worth is worked out on the host, with more care.
"""

import math

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import List, Optional, Sequence

_TOLERANCE = 0.02  # two windows closer than this are called the same
_SHORTEST_WINDOW = 5
_BLOCKS = 10
_T_9 = 2.262  # Student's t for 95 % and 9 degrees of freedom


def median(values: "Sequence[float]") -> float:
    """The middle one, or the mean of the middle two."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def can_tell(samples: "List[int]") -> bool:
    """Whether there are enough of them for `reached_steady_state` to see anything."""
    return len(samples) >= 2 * _SHORTEST_WINDOW


def reached_steady_state(samples: "List[int]") -> str:
    """ "steady" if the last quarter of `samples` is like the quarter before it, else ""."""
    window = max(_SHORTEST_WINDOW, len(samples) // 4)
    if not can_tell(samples):
        return ""
    before, last = median(samples[-2 * window : -window]), median(samples[-window:])
    return "steady" if abs(last - before) <= _TOLERANCE * before else ""


class PreciseEnough:
    """Whether more samples are worth their time, asked at one checkpoint after the other.

    They are not when the median is as precise as wanted ("precision"), and neither when half as many samples
    again have narrowed its interval by less than a tenth ("plateau"): what is left then varies more slowly
    than a round lasts, and only another round can average over it.
    """

    def __init__(self, target: float) -> None:
        self._target = target
        self._last: "Optional[float]" = None

    def __call__(self, samples: "List[int]") -> str:
        """The word for why to stop, or "" to go on."""
        width = relative_half_width(samples)
        if width <= self._target:
            return "precision"
        if self._last is not None and width > 0.9 * self._last:
            return "plateau"
        self._last = width
        return ""


def relative_half_width(samples: "List[int]") -> float:
    """Half of the 95 % interval of the median over the median, from blocks long enough to hide autocorrelation."""
    size = len(samples) // _BLOCKS
    if size < _SHORTEST_WINDOW:
        return float("inf")
    medians = [median(samples[index * size : (index + 1) * size]) for index in range(_BLOCKS)]
    centre = sum(medians) / _BLOCKS
    variance = sum((one - centre) ** 2 for one in medians) / (_BLOCKS - 1)
    return _T_9 * math.sqrt(variance / _BLOCKS) / max(centre, 1)
