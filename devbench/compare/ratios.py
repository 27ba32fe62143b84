"""The one way to a ratio of two figures, and what may be concluded from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from devbench.compare.alike import agreement, quantizations, work_differs
from devbench.domain.between_runs import DEFAULT_BETWEEN_RUNS, BetweenRuns, fastest_spread_of, spread_of
from devbench.domain.figure import Figure
from devbench.domain.outcome import OutputTensor
from devbench.stats import (
    GeometricMean,
    Interval,
    RoundMedian,
    divide,
    geometric_mean_of_intervals,
    geometric_mean_ratio,
    measured_again,
    ratio_interval,
    undisturbed_ratio,
)
from devbench.stats.ratio import ratio_estimate

Shown = Literal["more", "less", "no difference", "undecided"]
"""What a ratio shows: above 1, below 1, neither, or nothing because a figure is contaminated."""

Outputs = Callable[[Figure], Sequence[OutputTensor]]
_FEWEST_ROUNDS = 2


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times one figure is another.

    interval: None where there is no ratio; refused says why. shown: None likewise.
    by_fastest: it is of the fastest percent of the samples, since rounds of a side are contaminated.
    unconfirmed: why nothing shows that the two gave the same answers.
    """

    interval: Interval | None = None
    shown: Shown | None = None
    by_fastest: bool = False
    refused: str = ""
    unconfirmed: str = ""


def times_as_long(above: Figure, below: Figure) -> Ratio:
    """How many times as long `above` takes as `below`, whatever the two compute. No ratio where one has no figure.

    Medians decide where no round that counts is contaminated; the fastest percent of the others does where they are
    half of each side or more; else it is undecided.
    """
    if not (above.contaminated or below.contaminated):
        interval = _interval(above, below)
        return Ratio(interval=interval, shown=shown(interval)) if interval else Ratio()
    fastest = times_undisturbed(above, below)
    if fastest:
        return Ratio(interval=fastest, shown=shown(fastest), by_fastest=True)
    interval = _interval(above, below)
    return Ratio(interval=interval, shown="undecided") if interval else Ratio()


def times_as_long_alike(above: Figure, below: Figure, outputs: Outputs) -> Ratio:
    """The same for figures that claim to be of the same work: refused where they are not, or answer otherwise."""
    found = times_as_long(above, below)
    if found.interval is None or above.case is None or below.case is None:
        return found
    one, other = above.case, below.case
    if refused := work_differs(one, other):
        return Ratio(refused=refused)
    if one.input != other.input:
        return replace(found, unconfirmed=f"their inputs differ ({one.input}, {other.input})")
    answers = agreement(outputs(above), outputs(below), quantizations(one, other))
    return Ratio(refused=answers.differ) if answers.differ else replace(found, unconfirmed=answers.unconfirmed)


def mean_times(pairs: Sequence[tuple[Figure, Figure]]) -> GeometricMean:
    """The geometric mean over these pairs of how many times as long the first of each takes as the second."""
    sides = [(_medians(above), _medians(below)) for above, below in pairs]
    if all(one and other for one, other in sides):
        paired = all(_took_turns(*pair) for pair in pairs)
        spreads = max((spreads_of(*pair) for pair in pairs), key=lambda both: sum(one.median_sd for one in both))
        return geometric_mean_ratio(
            [one for one, _ in sides],
            [other for _, other in sides],
            paired=paired,
            spreads=[spread_of(one) for one in spreads],
        )
    found = [_interval(*pair) for pair in pairs]
    return geometric_mean_of_intervals([one for one in found if one])


def _interval(above: Figure, below: Figure) -> Interval | None:
    """By the rounds where both sides have them; else by latency, or by rate if both have only that."""
    one, other = _medians(above), _medians(below)
    if one and other and (spreads := spreads_of(above, below)):
        return measured_again(ratio_estimate(one, other, paired=False), [spread_of(one) for one in spreads])
    if one and other:
        return ratio_interval(one, other, paired=_took_turns(above, below))
    times = _of_one_run(above, below) or (above.latency_ms, below.latency_ms)
    if times[0] and times[1]:
        return divide(times[0], times[1])
    if above.latency_ms or below.latency_ms or not (above.throughput_per_s and below.throughput_per_s):
        return None
    return divide(below.throughput_per_s, above.throughput_per_s)


def _of_one_run(above: Figure, below: Figure) -> tuple[Interval, Interval] | None:
    """Both with their interval within the run, for a ratio inside it; None where they are not of one that has it."""
    if not above["run"] or (above["run"], above.origin) != (below["run"], below.origin):
        return None
    found = []
    for one in (above, below):
        if not (one.latency_ms and one["run_low_ms"] and one["run_high_ms"]):
            return None
        found.append(replace(one.latency_ms, low=float(one["run_low_ms"]), high=float(one["run_high_ms"])))
    return found[0], found[1]


def times_undisturbed(above: Figure, below: Figure) -> Interval | None:
    """The ratio of the fastest percent, in the rounds that are not contaminated, where these are half or more.

    None where a side has fewer than two such rounds, or is contaminated for what it computed.
    """
    sides = []
    for figure in (above, below):
        sound = [one.median for one in figure.rounds if not one.contaminated]
        wrong = figure.contaminated and len(sound) == len(figure.rounds)  # which no choice of rounds can mend
        if wrong or len(sound) < max(_FEWEST_ROUNDS, len(figure.rounds) / 2):
            return None
        sides.append(sound)
    spreads = [fastest_spread_of(one) for one in spreads_of(above, below)]
    return undisturbed_ratio(sides[0], sides[1], spreads)


def spreads_of(above: Figure, below: Figure) -> list[BetweenRuns]:
    """What two figures of different runs vary by beyond what each run shows; [] for two of one run."""
    if above.case is None or below.case is None or above.origin == below.origin:
        return []
    return [one.between_runs or DEFAULT_BETWEEN_RUNS for one in (above.case, below.case)]


def shown(interval: Interval) -> Shown:
    """What an interval shows that nothing contaminated is in."""
    if interval.holds(1.0):
        return "no difference"
    return "more" if interval.estimate > 1 else "less"


def _medians(figure: Figure) -> list[RoundMedian]:
    return [one.median for one in figure.rounds]


def _took_turns(above: Figure, below: Figure) -> bool:
    """Whether round i of both ran next to each other: one run, one place, and no round measured again or added."""
    one, other = above.case, below.case
    if one is None or other is None or above.origin != below.origin or one.place != other.place:
        return False
    again = any(case.counting != case.rounds for case in (one, other))
    return len(above.rounds) == len(below.rounds) and not again
