"""What the intervals of times cover, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.domain.between_runs import BetweenRuns
from devbench.domain.figure import Figure
from devbench.domain.outcome import Measured
from devbench.report.numbers import percent

AGAIN, WITHIN = "measured again on this machine", "within this run"


def covered(figures: Iterable[Figure]) -> str:
    """The name of what the intervals of these figures cover; "" where that is not one thing, or none was measured."""
    names = {
        {"machine": AGAIN, "run": WITHIN}[one.case.outcome.summary.covers]
        for one in figures
        if one.case and isinstance(one.case.outcome, Measured)
    }
    return names.pop() if len(names) == 1 else ""


def what_is_covered(figures: Iterable[Figure]) -> str:
    """A sentence on the intervals of times, and on those of ratios; "" where nothing was measured."""
    mine = [one for one in figures if one.measured]
    name, known = covered(mine), spread_between_runs(mine)
    if name == WITHIN:
        return f"Intervals are {WITHIN}: they do not cover measuring again at another time."
    if not name:
        return ""
    return f"Intervals of times: {AGAIN} ({known}). Those of ratios inside a run are narrower: {WITHIN}."


def spread_between_runs(figures: Iterable[Figure]) -> str:
    """What runs of these figures' places are taken to differ by, and how that is known; "" where none has it."""
    return spread_text(*(one.case.between_runs for one in figures if one.case and one.case.between_runs))


def spread_text(*known: BetweenRuns) -> str:
    """`runs differ by 2.1 %, learned from 12 earlier runs`, or that this is assumed."""
    if not known:
        return ""
    runs = sorted(one.runs for one in known)
    sizes = [percent(one) for one in sorted(one.median_sd for one in known)]
    differ = f"runs differ by {sizes[0] if sizes[0] == sizes[-1] else f'{sizes[0]} to {sizes[-1]}'}"
    if not runs[-1]:
        return f"that {differ} is assumed, as there are not two earlier runs here"
    learned = f"learned from {runs[-1]} earlier runs" if runs[0] == runs[-1] else f"learned from {runs[-1]} or fewer"
    return f"{differ}, {learned}" + ("" if runs[0] else "; assumed where there are not two earlier runs")
