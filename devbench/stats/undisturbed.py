"""The time of an inference that nothing disturbed: what is left when other work on the machine is taken away.

Other programs, interrupts and a hypervisor make an inference longer, for whole seconds at a time on a shared machine,
and then the medians of rounds differ by several percent. The fastest percent of a round hardly moves; and where
something slows a whole process down, the faster half of the rounds still agrees. (Clocks that rise with the load are
the exception: a busy neighbour may then make inferences shorter; `devbench doctor` names the governor.)
benchmarks/alarms.py shows on real runs how much smaller a difference it finds. Source of the idea: Chen & Revels 2016,
Robust benchmarking in noisy environments (arXiv 1608.04295), who take the minimum; the first percentile is not decided
by one odd sample, nor half of the rounds by one odd process.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devbench.stats.between_runs import Spread
from devbench.stats.interval import Interval
from devbench.stats.round_median import Medians, RoundMedian, round_medians
from devbench.stats.student import t_quantile

LEVEL = 0.99  # it has the second word in `devbench compare`, after the medians, and so must be surer of it
METHOD = "fastest percent, spread of the faster half of the rounds"

# How many standard deviations of the faster half its mean may be from that of another n such rounds, 99 % of the
# time, where rounds are normal: n = 2, 3, … 21, by simulation (tests/stats/test_undisturbed.py makes some again).
_REACH = (
    *(7.051, 9.05, 3.237, 3.563, 2.378, 2.502, 1.969, 2.037, 1.724, 1.765),
    *(1.55, 1.583, 1.418, 1.443, 1.319, 1.338, 1.235, 1.251, 1.166, 1.175),
)
_MOST = len(_REACH) + 1


def undisturbed_ratio(numerator: Medians, denominator: Medians, spreads: Sequence[Spread] = ()) -> Interval | None:
    """Return the ratio of two cases' undisturbed times, with the 99 % interval that their rounds give.

    Of each round the fastest percent, of these the faster half (more than half of them, so 3 of 5), on logarithms.
    None where a side has one round: how much processes differ is then not known.

    Args:
        numerator: as for `median_interval`.
        denominator: the same; of a side with more than twice as many rounds as the other, so many are taken.
        spreads: between runs, one for each side, where the two are of different runs; () inside one run.

    Raises:
        ValueError: an empty round.

    """
    if min(len(numerator), len(denominator)) < 2:  # noqa: PLR2004
        return None
    most = 2 * min(len(numerator), len(denominator))  # the faster half of many rounds is faster than that of a few
    above, below = (_floor(round_medians(side[:most])) for side in (numerator, denominator))
    inside = math.hypot(above.reach, below.reach)
    between = _between(spreads)
    return _interval(
        above.log_time - below.log_time,
        math.hypot(inside, between) + above.log_tick + below.log_tick,
        above.rounds + below.rounds - 2.0,
    )


def undisturbed_time(rounds: Medians, spread: Spread) -> Interval | None:
    """Return the undisturbed time in nanoseconds with the 99 % interval that covers measuring again.

    None where there is one round: how much processes differ is then not known.
    """
    if len(rounds) < 2:  # noqa: PLR2004
        return None
    floor = _floor(round_medians(rounds))
    reach = math.hypot(floor.reach, _between([spread])) + floor.log_tick
    return _interval(floor.log_time, reach, floor.rounds - 1.0)


def _between(spreads: Sequence[Spread]) -> float:
    """How far the spread between runs reaches, 99 % of the time."""
    if not spreads:
        return 0.0
    degrees = min(one.degrees_of_freedom for one in spreads)
    return t_quantile((1 + LEVEL) / 2, degrees) * math.sqrt(sum(one.log_sd**2 for one in spreads))


def _interval(value: float, reach: float, degrees_of_freedom: float) -> Interval:
    return Interval(
        estimate=math.exp(value),
        low=math.exp(value - reach),
        high=math.exp(value + reach),
        level=LEVEL,
        between_rounds=True,
        degrees_of_freedom=degrees_of_freedom,
        method=METHOD,
    )


@dataclass(frozen=True)
class _Floor:
    """The mean of the faster half, how far it may be off, half a tick of the clock: logarithms; and how many rounds."""

    log_time: float
    reach: float
    log_tick: float
    rounds: int


def _floor(rounds: Sequence[RoundMedian]) -> _Floor:
    fastest = np.array([one.fastest_ns for one in rounds])
    half = np.sort(np.log(fastest))[: len(rounds) // 2 + 1]
    factor = _REACH[min(len(rounds), _MOST) - 2] * math.sqrt(min(1, _MOST / len(rounds)))
    tick_ns = max(one.tick_ns for one in rounds)
    return _Floor(float(half.mean()), factor * float(half.std(ddof=1)), tick_ns / 2 / float(fastest.min()), half.size)
