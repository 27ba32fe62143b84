"""What the intervals of times cover, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devbench.domain.figure import Figure
from devbench.report.numbers import percent

AGAIN, WITHIN = "measured again on this machine", "within this run"
_OLDEST = "run"  # files from before schema 3 do not say it: that was all there was


def covered(figures: Iterable[Figure]) -> str:
    """The name of what the intervals of these figures cover; "" where that is not one thing, or none was measured."""
    having = [one for one in figures if one.measured and one.latency_ms]
    names = {{"machine": AGAIN, "run": WITHIN}[one["interval_covers"] or _OLDEST] for one in having}
    return names.pop() if len(names) == 1 else ""


def what_is_covered(figures: Iterable[Figure]) -> str:
    """A sentence on the intervals of times, and on those of ratios; "" where nothing was measured."""
    mine = list(figures)
    name, known = covered(mine), spread_between_runs(mine)
    if name == WITHIN:
        return f"Intervals are {WITHIN}: they do not cover measuring again at another time."
    if not name:
        return ""
    return f"Intervals of times: {AGAIN} ({known}). Those of ratios inside a run are narrower: {WITHIN}."


def spread_between_runs(figures: Iterable[Figure]) -> str:
    """What runs of these figures' places are taken to differ by, and how that is known; "" where none has it."""
    return spread_text(
        [(float(one["between_runs_sd"]), int(one["between_runs"])) for one in figures if one["between_runs_sd"]]
    )


def spread_text(known: Sequence[tuple[float, int]]) -> str:
    """`runs differ by 2.1 %, learned from 12 earlier runs`, or that this is assumed.

    known: of each figure the spread (0.021 is 2.1 %), and how many runs it was learned from; 0 is a default.
    """
    if not known:
        return ""
    runs = sorted(count for _, count in known)
    sizes = [percent(size) for size, _ in sorted(known)]
    size = sizes[0] if sizes[0] == sizes[-1] else f"{sizes[0]} to {sizes[-1]}"
    if not runs[-1]:
        return f"runs are assumed to differ by {size}, as there are not two earlier ones here"
    learned = f"learned from {runs[-1]} earlier runs" if runs[0] == runs[-1] else f"learned from {runs[-1]} or fewer"
    return f"runs differ by {size}, {learned}" + ("" if runs[0] else "; assumed where there are not two of them")
