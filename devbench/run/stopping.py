"""When a case has enough rounds, and how many more it would need."""

from __future__ import annotations

import statistics
from typing import Literal

from devbench.domain.run import CaseRecord
from devbench.run.extend import gets_no_more
from devbench.stats import RoundMedian, median_interval
from devbench.stats.planning import no_longer_narrows, rounds_to_reach

Stopped = Literal["", "rounds", "precision", "plateau", "max_rounds", "failed"]


def stopped_by(case: CaseRecord, medians: list[RoundMedian], *, budgeted: bool) -> Stopped:
    """Why a case gets no more rounds, as in `Precision`; "" if it may get some.

    medians: of its rounds that count.
    """
    measure = case.measure
    if gets_no_more(case):
        return "failed"
    if not measure or (measure.precision is None and not budgeted):
        return "rounds"
    if measure.precision and len(medians) >= min(measure.rounds, measure.max_rounds) and len(medians) > 1:
        if median_interval(medians).relative_half_width <= measure.precision:
            return "precision"
        if no_longer_narrows(medians, measure.rounds):
            return "plateau"
    return "max_rounds" if len(case.rounds) >= measure.max_rounds else ""


def more_to_reach(case: CaseRecord, medians: list[RoundMedian]) -> int | None:
    """How many more rounds like these would reach the precision that was asked for; None where that cannot be told."""
    wanted = case.measure.precision if case.measure else None
    if not wanted or len(medians) < 2:  # noqa: PLR2004
        return None
    variance = statistics.variance(one.log_median for one in medians)
    return max(rounds_to_reach(variance, wanted) - len(medians), 0)
