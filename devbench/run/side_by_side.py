"""Two ways of doing the same work, measured in turns in one run until their difference is shown or cannot be.

Short rounds go in pairs, the order inside a pair drawn at random: what the machine does in between hits both alike.
After 8, 16, 32, ... pairs one looks; each look is strict enough that all of them together err in 5 of 100.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from devbench.domain.case import PlannedCase
from devbench.domain.measure import Measure
from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.errors import DevbenchError
from devbench.run.extend import judged
from devbench.run.groups import longest_s
from devbench.run.plan import Plan
from devbench.stats import Interval
from devbench.stats.paired import LOOKS, level_of_a_look, paired_ratio, pairs_to_show
from devbench.stats.round_median import FASTEST_PERCENT

OLD, NEW = "old", "new"
_FUTILE_AFTER_S = 60.0
_FEWEST_SOUND = 5
_FEWEST_FOR_FASTEST = 10
"""With fewer pairs no signed-rank interval reaches the level of a look."""
MEDIAN_LEVEL, FASTEST_LEVEL = 0.96, 0.99
"""Of all looks together. Either may decide, so both together err in at most 5 of 100 comparisons."""

Shown = Literal["slower", "faster", "within the threshold", "no difference shown", "undecided: contaminated"]
Samples = Callable[[str], Mapping[int, Nanoseconds]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two cases of one run that are compared: their ids."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """What the pairs of two cases show.

    ratio: time of new over old, of the medians of the rounds; None where too few pairs are sound.
    undisturbed: the same of the fastest percent of each round; None where there are too few pairs for its level. Where
        too few pairs are sound it is of all pairs, and decides nothing.
    by_fastest: the undisturbed ratio decided, where the medians could not.
    pairs: those that count; left_out: those with a contaminated round.
    resolution: the smallest difference that so many pairs can show, 0.02 is 2 %.
    """

    pair: Pair
    shown: Shown
    ratio: Interval | None
    pairs: int
    left_out: int
    resolution: float | None
    undisturbed: Interval | None = None
    by_fastest: bool = False


def one_plan(old: Plan, new: Plan) -> tuple[Plan, tuple[Pair, ...]]:
    """Both plans as one, each case under a name of its own, and which cases are compared: those of the same work."""
    plans = (OLD, old), (NEW, new)
    first = {_work(case, old): _renamed(case, OLD) for case in old.cases}
    second = {_work(case, new): _renamed(case, NEW) for case in new.cases}
    if len(first) == 1 and len(second) == 1:  # two files, two runtimes: there is nothing else to compare them with
        second = dict(zip(first, second.values(), strict=True))
    shared = [work for work in first if work in second]
    if not shared:
        raise DevbenchError(
            "OLD and NEW have no case in common, so there is nothing to compare",
            "Cases are paired by model, precision, device and place. See both with `devbench run --dry-run`.",
        )
    if clash := {key for key in old.places.keys() & new.places.keys() if old.places[key] != new.places[key]}:
        names = ", ".join(sorted(place for _, place in clash))
        raise DevbenchError(f"OLD and NEW mean different things by the place {names}", "Name them differently.")
    cases = tuple(case for work in shared for case in (first[work], second[work]))
    pairs = tuple(Pair(old=first[work].id, new=second[work].id) for work in shared)
    pythons = {_id(name, side): python for side, one in plans for name, python in one.pythons.items()}
    return Plan(cases=cases, skips=(), absent=(), places={**old.places, **new.places}, pythons=pythons), pairs


def short_rounds(measure: Measure) -> Measure:
    """Settings for many short rounds: what a start costs is worth more pairs than a longer loop."""
    return replace(
        measure,
        rounds=LOOKS[0],
        max_rounds=LOOKS[-1],
        warmup_runs=3,
        warmup_s=0.1,
        warmup_cap_s=0.0,
        min_runs=5,
        min_s=0.3,
        cap_s=5.0,
        precision=None,
    )


def pairs_in_turns(pairs: Sequence[Pair], count: int, seed: int) -> tuple[str, ...]:
    """The order of `count` pairs of rounds of each: neighbours, which of the two comes first drawn at random."""
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    order: list[str] = []
    for _ in range(count):
        for pair in shuffler.sample(list(pairs), len(pairs)):
            order += shuffler.sample([pair.old, pair.new], 2)
    return tuple(order)


@dataclass
class Looks:
    """Decides after each look which pairs are measured on. clock: seconds, monotonic."""

    pairs: Sequence[Pair]
    threshold: float
    budget_s: float
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._begin_s = self.clock()

    def more(self, run: Run, samples: Samples) -> Run | None:
        """The run with more rounds at the end of its order; None when all is decided or the budget is spent."""
        run = judged(run, samples)
        spent_s = self.clock() - self._begin_s
        done = max((len(run.case(pair.old).rounds) for pair in self.pairs), default=0)
        step = next((look for look in LOOKS if look > done), None)
        open_pairs = [pair for pair in self.pairs if self._is_open(run, pair, samples, spent_s)]
        if step is None or not open_pairs or spent_s >= self.budget_s:
            return None
        left_s = self.budget_s - spent_s
        each_s = spent_s / max(done * _in_turns(run, self.pairs), 1)
        count = min(step - done, max(1, int(left_s / max(each_s * _in_turns(run, open_pairs), 1e-3))))
        order = pairs_in_turns(open_pairs, count, run.seed + done)
        return replace(run, order=run.order + order)

    def _is_open(self, run: Run, pair: Pair, samples: Samples, spent_s: float) -> bool:
        cases = run.case(pair.old), run.case(pair.new)
        if not all(isinstance(case.outcome, Pending) for case in cases):
            return False
        found = side_by_side(run, pair, samples, self.threshold)
        if found.shown in ("slower", "faster", "within the threshold"):
            return False
        if spent_s < _FUTILE_AFTER_S:
            return True
        if found.ratio is None:
            self.tell(f"{pair.new}: {found.left_out} of {found.left_out + found.pairs} pairs are contaminated so far")
            return False
        ratios, _ = log_ratios(cases[0], cases[1], samples)
        wanted = max(self.threshold, 0.001)
        needed = min(
            pairs_to_show(ratios.medians, wanted, level_of_a_look(MEDIAN_LEVEL)),
            pairs_to_show(ratios.fastest, wanted, level_of_a_look(FASTEST_LEVEL)),
        )
        hopeless = needed / len(ratios.medians) * spent_s > 2 * self.budget_s
        if hopeless:
            self.tell(f"{pair.new}: differences under {found.resolution:.1%} cannot be shown here in this time")
        return not hopeless


def _in_turns(run: Run, pairs: Sequence[Pair]) -> float:
    """How many of these pairs are measured one after the other, where groups of places go on side by side."""
    each = Counter((run.case(pair.new).device, run.case(pair.new).place) for pair in pairs)
    return longest_s(each, run.beside)


def side_by_side(run: Run, pair: Pair, samples: Samples, threshold: float) -> SideBySide:
    """What the pairs of rounds show so far. The medians decide first; where they cannot, the fastest percent may."""
    ratios, left_out = log_ratios(run.case(pair.old), run.case(pair.new), samples)
    count = len(ratios.medians)
    if count < max(_FEWEST_SOUND, left_out):
        everything, _ = log_ratios(run.case(pair.old), run.case(pair.new), samples, sound_only=False)
        return SideBySide(
            pair=pair,
            shown="undecided: contaminated",
            ratio=None,
            pairs=count,
            left_out=left_out,
            resolution=None,
            undisturbed=_fastest_interval(everything),
        )
    medians, fastest = paired_intervals(ratios)
    first, shown = _shown(medians, threshold), decided(medians, fastest, threshold)
    return SideBySide(
        pair=pair,
        shown=shown,
        ratio=medians,
        pairs=count,
        left_out=left_out,
        resolution=min(math.sqrt(one.high / one.low) - 1 for one in (medians, fastest) if one),
        undisturbed=fastest,
        by_fastest=shown != first,
    )


@dataclass(frozen=True)
class LogRatios:
    """Of each sound pair, new over old: of the medians of the two rounds, and of their fastest percent."""

    medians: list[float]
    fastest: list[float]


def log_ratios(old: CaseRecord, new: CaseRecord, samples: Samples, *, sound_only: bool = True) -> tuple[LogRatios, int]:
    """Of each pair whose rounds are both there and not contaminated, new over old; and how many are left out."""
    first, second = samples(old.id), samples(new.id)
    ratios, left_out = LogRatios([], []), 0
    for one, other in zip(old.rounds, new.rounds, strict=False):
        reasons = (*one.reasons, *other.reasons)
        if sound_only and any(reason.severity == "contaminated" for reason in reasons):
            left_out += 1
        else:
            above, below = second[other.index], first[one.index]
            ratios.medians.append(math.log(np.median(above) / np.median(below)))
            fastest = [max(float(np.percentile(side, FASTEST_PERCENT)), 1.0) for side in (above, below)]
            ratios.fastest.append(math.log(fastest[0] / fastest[1]))
    return ratios, left_out


def paired_intervals(ratios: LogRatios) -> tuple[Interval, Interval | None]:
    """Of the medians and of the fastest percent, each at the level of a look. Five pairs at least, or ValueError."""
    return paired_ratio(ratios.medians, level_of_a_look(MEDIAN_LEVEL)), _fastest_interval(ratios)


def _fastest_interval(ratios: LogRatios) -> Interval | None:
    if len(ratios.fastest) < _FEWEST_FOR_FASTEST:
        return None
    return paired_ratio(ratios.fastest, level_of_a_look(FASTEST_LEVEL))


def decided(medians: Interval, fastest: Interval | None, threshold: float) -> Shown:
    """As in `compare` of two runs: the fastest percent decides where the medians do not and do not contradict it."""
    first = _shown(medians, threshold)
    if first in ("slower", "faster") or fastest is None or not medians.holds(fastest.estimate):
        return first
    second = _shown(fastest, threshold)
    return second if second in ("slower", "faster") else first


def _shown(ratio: Interval, threshold: float) -> Shown:
    if ratio.low > 1 and ratio.estimate >= 1 + threshold:
        return "slower"
    if ratio.high < 1 and ratio.estimate <= 1 / (1 + threshold):
        return "faster"
    if threshold and ratio.low >= 1 / (1 + threshold) and ratio.high <= 1 + threshold:
        return "within the threshold"
    return "no difference shown"


def _work(case: PlannedCase, plan: Plan) -> tuple[object, ...]:
    """What two cases are paired by. Of a place where it is, not its name: another interpreter there is compared."""
    place = plan.places[case.device, case.place]
    host = place.ssh.host if place.ssh else ""
    return (case.model, case.precision, case.device, host, *sorted(place.options.items()))


def _id(case_id: str, side: str) -> str:
    return f"{side}: {case_id}"


def _renamed(case: PlannedCase, side: str) -> PlannedCase:
    return replace(case, id=_id(case.id, side), measure=short_rounds(case.measure))
