"""Which rounds come next, and how long they are: planned from the rounds so far, anew after each lap.

Nothing is remembered but what run.json and the samples say, so a run that is taken up again is planned alike.
No round is added, left out or made longer for the level of its median: only for the spread of the rounds, for what
one costs, and for what the machine did.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from devbench.domain.case import PlannedCase
from devbench.domain.measure import Measure
from devbench.domain.outcome import Nanoseconds, RoundFacts
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.estimate import Pace
from devbench.run.extend import gets_no_more, judged, with_doubtful_replaced
from devbench.run.left import Left, Open, unplanned
from devbench.run.order import interleaved
from devbench.run.stopping import stopped_by
from devbench.stats import RoundMedian, median_interval, round_medians
from devbench.stats.planning import SURE, Candidate, Variation, best_loop_s, shares, variance_behind, variation

Samples = Callable[[str], Mapping[int, Nanoseconds]]
More = Callable[[Run, Samples], Run | None]
_LONGEST_LOOP = 8.0  # times the shortest: what a few rounds say of their variance is rough
_PACE = 0.1  # seconds of rounds to come are known to such a part only
_GROWTH = 1.0  # a lap at most doubles the rounds that there are, then one looks again
_ANY_WIDTH = 1.0  # where none is asked for, half widths are compared as they are
_UNKNOWN_VARIANCE = 1.0


@dataclass(frozen=True, kw_only=True)
class Done:
    """What planning needs to know of a round. loop_s: of its timed loop; took_s: of all, with starting and saving.

    waited_s: of these, until the place was fit to measure.
    """

    median_ns: float
    loop_s: float
    took_s: float
    waited_s: float = 0.0

    @staticmethod
    def of(about: RoundFacts, samples_ns: Nanoseconds, took_s: float, waited_s: float = 0.0) -> Done:
        """Of a round with these samples."""
        loop_s = float(samples_ns.sum()) * about.inferences_per_sample / 1e9
        return Done(median_ns=float(np.median(samples_ns)), loop_s=loop_s, took_s=took_s, waited_s=waited_s)


class AsPlanned:
    """Every round as the suite says. more: gives the run with more rounds at the end of its order, or None.

    lane_of: rounds of cases of one lane follow one another, and those of others go on beside them.
    variance_before: how much the log medians of rounds of a case varied in earlier runs, if that is known.
    """

    def __init__(self, more: More) -> None:
        self.more = more
        self.pace = Pace()
        self.lane_of: Callable[[PlannedCase], str] = lambda _: ""
        self.variance_before: Callable[[CaseRecord], float | None] = lambda _: None

    def learn(self, planned: PlannedCase, measure: Measure, done: Done) -> None:
        """A round of a case is done, with the settings `measure`."""
        self.pace.learn(planned.id, done.took_s, done.loop_s, measure, self.lane_of(planned), done.waited_s)

    def lose(self, planned: PlannedCase, took_s: float, waited_s: float = 0.0) -> None:
        """A round of a case has taken so long, and failed. waited_s: as in `Done`."""
        self.pace.lose(took_s, planned.measure, self.lane_of(planned), waited_s)

    def measure_of(self, planned: PlannedCase) -> Measure:
        """The settings of the next round of a case."""
        return planned.measure

    def fits(self, planned: PlannedCase) -> bool:  # noqa: ARG002 - for those with a budget
        """Whether there is time for another round of a case."""
        return True

    def left(self, run: Run, todo: Sequence[PlannedCase]) -> Left:  # noqa: ARG002 - for those that add rounds
        """How long until the run is over, if these are the rounds of its order that are still to run."""
        lanes: dict[str, float] = {}
        for one in todo:
            lanes[self.lane_of(one)] = lanes.get(self.lane_of(one), 0.0) + self._round_s(one)
        return Left.exactly(max(lanes.values(), default=0.0))

    def _round_s(self, planned: PlannedCase) -> float:
        return self.pace.round_s(planned.id, self.measure_of(planned))


class Planner(AsPlanned):
    """Plans for a precision, for a budget, or for both.

    budget_s: seconds for all rounds of the run, those of lanes side by side; None: no limit but `max_rounds` of each
        case.
    until_end_s: seconds until no round may go on any more, whatever there is to measure.
    """

    def __init__(self, budget_s: float | None, until_end_s: Callable[[], float] = lambda: math.inf) -> None:
        super().__init__(self._more)
        self._budget_s = budget_s
        self._until_end_s = until_end_s
        self._loops_s: dict[str, float] = {}
        self._logs: dict[str, list[float]] = {}
        self._planned: dict[str, PlannedCase] = {}
        self._variances: dict[str, float | None] = {}
        self._stopped: set[str] = set()
        self._waiting: set[str] = set()

    def learn(self, planned: PlannedCase, measure: Measure, done: Done) -> None:
        """See `AsPlanned`. What remains to be done is estimated from it."""
        super().learn(planned, measure, done)
        self._planned[planned.id] = planned
        self._logs.setdefault(planned.id, []).append(math.log(max(done.median_ns, 1.0)))

    def _more(self, run: Run, samples: Samples) -> Run | None:
        """The run with its next lap: first what must be measured again, then what precision or budget call for."""
        self.pace.end_lap()
        run = judged(run, samples)
        if not run.extended:
            run, lap = self._again(run)
            if lap:
                return replace(run, order=run.order + interleaved(lap, run.seed + 1))
        seen = [
            _Seen(case, [found[about.index] for about in case.counting], self.pace.start_s(case.id))
            for case in run.cases
            if isinstance(case.outcome, Pending) and case.counting and case.measure
            for found in [samples(case.id)]
        ]
        usual = statistics.median([one.variation.between for one in seen if one.variation] or [0.0])
        self._loops_s |= {one.case.id: one.loop_s(usual) for one in seen if one.variation}
        order = interleaved(self._lap(seen) or self._closing_lap(run.order, seen), run.seed + len(run.order))
        longer = replace(run, order=run.order + order)
        self._waiting = self._closing_lap(longer.order, seen).keys() & self._stopped
        return longer if order else None

    def _again(self, run: Run) -> tuple[Run, dict[str, int]]:
        """The run with its doubtful rounds superseded, and how many replace them; none if there is no time for that."""
        found, again = with_doubtful_replaced(run)
        measures = {case.id: case.measure for case in run.cases if case.measure}
        costs_s: dict[str, float] = {}
        for name, count in again.items():
            lane = self._lane(name)
            costs_s[lane] = costs_s.get(lane, 0.0) + count * self.pace.round_s(name, measures[name])
        if max(costs_s.values(), default=0.0) > self._budget_left_s:
            return replace(run, extended=True), {}
        return found, {name: count for name, count in again.items() if count}

    def measure_of(self, planned: PlannedCase) -> Measure:
        """The settings of the next round of a case: its loop as long as planned. Here one looks at the precision."""
        measure = planned.measure
        loop_s = min(max(self._loops_s.get(planned.id, 0.0), measure.min_s), measure.cap_s)
        return replace(measure, min_s=loop_s, precision=None)

    def fits(self, planned: PlannedCase) -> bool:
        """Whether the budget has time for another round of a case."""
        return self._round_s(planned) <= self._left_in_s(self.lane_of(planned))

    def left(self, run: Run, todo: Sequence[PlannedCase]) -> Left:
        """See `AsPlanned`. Rounds that will probably be added are in it; lanes wait for each other before those."""
        most_s = max((self._left_in_s(self.lane_of(one)) for one in todo), default=0.0)
        if self._budget_s is not None and any(one.measure.precision is None for one in todo):
            return Left.exactly(max(most_s, 0.0))
        counts = Counter(one.id for one in todo)
        self._planned |= {one.id: one for one in todo}
        lanes: dict[str, list[CaseRecord]] = {}
        for case in run.cases:
            if isinstance(case.outcome, Pending) and case.id in self._planned:
                lanes.setdefault(self._lane(case.id), []).append(case)
        later = [self._later(lane, counts) for lane in lanes.values()]
        longest = max(later, key=lambda one: one.seconds, default=Left.exactly(0.0))
        return longest.longer_by(super().left(run, todo).seconds).within(_PACE).at_most(max(most_s, 0.0))

    def _later(self, lane: Sequence[CaseRecord], todo: Mapping[str, int]) -> Left:
        """The rounds that the cases of a lane will probably get, beyond those `todo`."""
        logs = {case.id: self._counting_logs(case) for case in lane}
        costs_s = {case.id: self._round_s(self._planned[case.id]) for case in lane}
        wanting = [
            Open(
                logs=logs[case.id],
                look_at=max(len(logs[case.id]) + todo[case.id], 2),
                most=case.measure.max_rounds - len(case.rounds) + len(logs[case.id]),
                wanted=case.measure.precision,
                round_s=costs_s[case.id],
                earlier_variance=self._earlier(case),
            )
            for case in lane
            if case.measure and case.measure.precision and case.id not in self._stopped and not gets_no_more(case)
        ]
        closing_s = sum(cost_s for name, cost_s in costs_s.items() if name in self._waiting)
        return unplanned(wanting, logs.values()).longer_by(closing_s)

    def _earlier(self, case: CaseRecord) -> float | None:
        """What earlier runs showed of a case; while it has no round, what they showed of those that have."""
        if case.rounds and case.id not in self._variances:
            self._variances[case.id] = self.variance_before(case)
        known = [one for one in self._variances.values() if one is not None]
        return self._variances.get(case.id, statistics.median(known) if known else None)

    def _counting_logs(self, case: CaseRecord) -> list[float]:
        known = zip(case.rounds, self._logs.get(case.id, ()), strict=False)
        return [log for about, log in known if not about.superseded]

    @property
    def _budget_left_s(self) -> float:
        """Between two laps, when no lane is at work."""
        return self._left_s(self.pace.spent_s)

    def _left_in_s(self, lane: str) -> float:
        return self._left_s(self.pace.spent_in_s(lane))

    def _left_s(self, spent_s: float) -> float:
        budget_s = math.inf if self._budget_s is None else self._budget_s - spent_s
        return min(budget_s, self._until_end_s())

    def _lane(self, case_id: str) -> str:
        return self.lane_of(self._planned[case_id])

    def _lap(self, seen: Sequence[_Seen]) -> dict[str, int]:
        """The next rounds of each case that is not there yet; each lane has all of the time that is left."""
        budgeted = self._budget_s is not None
        self._stopped = {one.case.id for one in seen if stopped_by(one.case, one.medians, budgeted=budgeted)}
        open_ones = [one for one in seen if one.case.id not in self._stopped]
        lanes: dict[str, list[Candidate]] = {}
        for one in open_ones:
            lanes.setdefault(self._lane(one.case.id), []).append(self._candidate(one))
        left_s = self._budget_left_s
        each_s = max((sum(one.round_s for one in lane) for lane in lanes.values()), default=0.0)
        lap_s = left_s if left_s < 4 * each_s else left_s / 3  # the same for all: they wait for the longest one
        return {name: count for lane in lanes.values() for name, count in shares(lane, lap_s).items()}

    def _candidate(self, one: _Seen) -> Candidate:
        loop_s = self._loops_s.get(one.case.id, one.measure.min_s)
        # With a budget it is the time that ends a lap: what a wide case may not take must not go to a narrow one.
        growth = math.ceil(_GROWTH * len(one.medians)) if self._budget_s is None else one.measure.max_rounds
        return Candidate(
            name=one.case.id,
            rounds=len(one.medians),
            seen_variance=SURE * _variance_of(one.medians),
            variance=SURE * (one.variation.of_a_round(max(loop_s, 1e-6)) if one.variation else _UNKNOWN_VARIANCE),
            wanted=one.measure.precision or _ANY_WIDTH,
            most=min(one.measure.max_rounds - len(one.case.rounds), growth),
            round_s=self.pace.round_s(one.case.id, replace(one.measure, min_s=loop_s)),
            until_there=one.measure.precision is not None,
        )

    def _closing_lap(self, order: Sequence[str], seen: Sequence[_Seen]) -> dict[str, int]:
        """One more round of each case that has waited for others longer than its own rounds took.

        If its place has drifted meanwhile, its interval then shows it, and the ratio to the others with it.
        """
        waiting = [one for one in seen if one.measure.precision and _has_waited(order, one.case.id)]
        may = [one for one in waiting if len(one.case.rounds) < one.measure.max_rounds]
        return {one.case.id: 1 for one in may if self._candidate(one).round_s <= self._budget_left_s}


@dataclass
class _Seen:
    """A case with what its rounds that count have shown. start_s: what one costs beside its loop."""

    case: CaseRecord
    samples: list[Nanoseconds]
    start_s: float

    def __post_init__(self) -> None:
        assert self.case.measure
        self.measure = self.case.measure
        self.medians: list[RoundMedian] = round_medians(self.samples)
        self.variation: Variation | None = None
        if len(self.medians) > 1:
            # By the median, not by a clock at both ends: one sample in which the machine stood still is not a long one.
            loops_s = [
                max(one.median_ns * one.samples * about.inferences_per_sample / 1e9, 1e-6)
                for one, about in zip(self.medians, self.case.counting, strict=True)
            ]
            self.variation = variation(self.medians, loops_s)

    def loop_s(self, usual_between: float) -> float:
        """The best length of its loop, if its place is as usual: five rounds may agree by chance."""
        assert self.variation
        least_s = max(self.measure.min_s, 1e-3)
        most_s = min(_LONGEST_LOOP * least_s, self.measure.cap_s)
        drawn = self.variation.drawn_to(usual_between, len(self.medians))
        return best_loop_s(drawn, self.start_s, least_s, most_s)


def _variance_of(medians: list[RoundMedian]) -> float:
    """What the interval says that decides when a case stops, so that none is left between the two."""
    if len(medians) < 2:  # noqa: PLR2004 - one round shows none
        return _UNKNOWN_VARIANCE
    return variance_behind(median_interval(medians).relative_half_width, len(medians))


def _has_waited(order: Sequence[str], case_id: str) -> bool:
    places = [place for place, one in enumerate(order) if one == case_id]
    return bool(places) and len(order) - 1 - places[-1] > places[-1] - places[0]
