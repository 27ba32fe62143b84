"""How long the rest of a run will take: by what rounds took so far, and before that by the settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from devbench.domain.measure import Measure

START_S = 1.5  # a worker's start, its imports and the loading of a model


class TimeLeft:
    """Learns from the rounds that are done."""

    def __init__(self) -> None:
        self._seen_s: dict[str, float] = {}

    def learn(self, case_id: str, duration_s: float) -> None:
        """A round of the case took so long."""
        self._seen_s[case_id] = duration_s

    def of(self, rest: Iterable[str], measures: Mapping[str, Measure]) -> float:
        """Seconds for the rounds of `rest`, a sequence of case ids."""
        return sum(self._seen_s.get(case_id, round_s(measures[case_id])) for case_id in rest)


def most_s(measure: Measure) -> float:
    """Seconds of all rounds of a case if each comes to its caps, and as many as may be are needed."""
    return measure.max_rounds * (START_S + max(measure.warmup_s, measure.warmup_cap_s) + measure.cap_s)


def round_s(measure: Measure) -> float:
    """Seconds of one round of a model quick enough for the seconds, rather than the runs, to decide."""
    return START_S + measure.warmup_s + measure.min_s
