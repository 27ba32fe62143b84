"""A small test on a series of samples, for the worker alone: has it reached a steady state?

It decides how long to go on warming up. What a result is worth is worked out on the host, with more care.
"""

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import List, Sequence

_TOLERANCE = 0.02  # two windows closer than this are called the same
_SHORTEST_WINDOW = 5


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
