"""Two ways of doing the same work, measured in turns in one run until their difference is shown or cannot be.

Short rounds go in pairs, the order inside a pair drawn at random: what the machine does in between hits both alike.
After 8, 16, 32, ... pairs one looks; each look is strict enough that all of them together err in 5 of 100.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.extend import judged
from devbench.run.groups import longest_s
from devbench.run.pairing import Pair, pairs_in_turns
from devbench.stats import Interval
from devbench.stats.paired import LOOKS, level_of_a_look, paired_ratio, pairs_to_show
from devbench.stats.round_median import FASTEST_PERCENT

_FUTILE_AFTER_S = 60.0
_FEWEST_SOUND, _FEWEST_FOR_FASTEST = 8, 11
"""With fewer pairs no signed-rank interval reaches the level of a look: all of n have one sign in 2 of 2^n cases."""
MEDIAN_LEVEL, FASTEST_LEVEL = 0.96, 0.99
"""Of all looks together. Either may decide, so both together err in at most 5 of 100 comparisons."""

Shown = Literal[
    "slower",
    "faster",
    "within the threshold",
    "no difference shown",
    "undecided: contaminated",
    "undecided: too few pairs",
    "not compared",
]
Samples = Callable[[str], Mapping[int, Nanoseconds]]


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """What the pairs of two cases show.

    ratio: time of new over old, of the medians of the rounds; None where too few pairs are sound.
    undisturbed: the same of the fastest percent of each round; None where there are too few pairs for its level. Where
        too few pairs are sound it is of all pairs, and decides nothing.
    by_fastest: the undisturbed ratio decided, where the medians could not.
    pairs: those that count; left_out: those with a contaminated round.
    resolution: the smallest difference that so many pairs can show, 0.02 is 2 %.
    reason: why the two were not compared; "" if they were.
    """

    pair: Pair
    shown: Shown
    ratio: Interval | None = None
    pairs: int = 0
    left_out: int = 0
    resolution: float | None = None
    undisturbed: Interval | None = None
    by_fastest: bool = False
    reason: str = ""


@dataclass
class Looks:
    """Decides after each look which pairs are measured on.

    budget_s: seconds for all rounds.
    """

    pairs: Sequence[Pair]
    threshold: float
    budget_s: float
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self._was_last = False

    def more(self, run: Run, samples: Samples, spent_s: float) -> Run | None:
        """The run with more rounds at the end of its order; None when all is decided or the budget is spent.

        spent_s: seconds of all rounds so far.
        """
        run = judged(run, samples)
        done = max((len(run.case(pair.old).rounds) for pair in self.pairs), default=0)
        step = next((look for look in LOOKS if look > done), None)
        open_pairs = [pair for pair in self.pairs if self._is_open(run, pair, samples, spent_s)]
        if step is None or not open_pairs or spent_s >= self.budget_s or self._was_last:
            return None
        left_s = self.budget_s - spent_s
        each_s = spent_s / max(done * _in_turns(run, self.pairs), 1)
        count = min(step - done, max(1, int(left_s / max(each_s * _in_turns(run, open_pairs), 1e-3))))
        self._was_last = count < step - done  # looking more often, for what is left of the budget, would err more often
        order = pairs_in_turns(open_pairs, count, run.seed + done)
        return replace(run, order=run.order + order)

    def _is_open(self, run: Run, pair: Pair, samples: Samples, spent_s: float) -> bool:
        cases = run.case(pair.old), run.case(pair.new)
        if not all(isinstance(case.outcome, Pending) for case in cases):
            return False
        found = side_by_side(run, pair, samples, self.threshold)
        if _is_settled(found, self.threshold):
            return False
        if spent_s < _FUTILE_AFTER_S:
            return True
        if found.left_out > found.pairs:
            self.tell(f"{pair.new}: {found.left_out} of {found.left_out + found.pairs} pairs are contaminated so far")
            return False
        if found.ratio is None:
            return True
        ratios, _ = log_ratios(cases[0], cases[1], samples)
        wanted = max(self.threshold, 0.001)
        needed = min(
            pairs_to_show(ratios.medians, wanted, level_of_a_look(MEDIAN_LEVEL)),
            pairs_to_show(ratios.fastest, wanted, level_of_a_look(FASTEST_LEVEL)),
        )
        needed_s = needed / len(ratios.medians) * spent_s
        hopeless = needed_s > 2 * self.budget_s
        if hopeless:
            difference = f"differences of {100 * wanted:g} %"
            time = f"it would take about {needed_s / 60:.0f} min (`--budget`)"
            self.tell(f"{pair.new}: {difference} cannot be shown here in this time: {time}")
        return not hopeless


def _is_settled(found: SideBySide, threshold: float) -> bool:
    """Whether more pairs would change nothing: it is shown, or shown to be too small to matter."""
    if found.shown in ("slower", "faster"):
        return True
    return found.ratio is not None and _is_within(found.ratio, threshold)


def _in_turns(run: Run, pairs: Sequence[Pair]) -> float:
    """How many of these pairs are measured one after the other, where groups of places go on side by side."""
    each = Counter((run.case(pair.new).device, run.case(pair.new).place) for pair in pairs)
    return longest_s(each, run.beside)


def side_by_side(run: Run, pair: Pair, samples: Samples, threshold: float) -> SideBySide:
    """What the pairs of rounds show so far. The medians decide first; where they cannot, the fastest percent may."""
    ratios, left_out = log_ratios(run.case(pair.old), run.case(pair.new), samples)
    count = len(ratios.medians)
    if count < left_out or (left_out and count < _FEWEST_SOUND <= count + left_out):
        everything, _ = log_ratios(run.case(pair.old), run.case(pair.new), samples, sound_only=False)
        return SideBySide(
            pair=pair,
            shown="undecided: contaminated",
            pairs=count,
            left_out=left_out,
            undisturbed=_fastest_interval(everything),
        )
    if count < _FEWEST_SOUND:
        return SideBySide(pair=pair, shown="undecided: too few pairs", pairs=count, left_out=left_out)
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
    return "within the threshold" if _is_within(ratio, threshold) or not ratio.holds(1.0) else "no difference shown"


def _is_within(ratio: Interval, threshold: float) -> bool:
    """Whether no difference as large as the threshold is left possible."""
    return bool(threshold) and ratio.low >= 1 / (1 + threshold) and ratio.high <= 1 + threshold
