"""The time of an inference that nothing disturbed: what is left when other work on the machine is taken away.

Other programs, interrupts and a hypervisor make an inference longer, for whole seconds at a time on a shared machine,
and then the medians of rounds differ by several percent. The fastest percent of a round hardly moves. (Clocks that rise
with the load are the exception: a busy neighbour may then make inferences shorter; `devbench doctor` names the
governor.)
benchmarks/alarms.py shows on real runs how much smaller a difference it finds. Source of the idea: Chen & Revels 2016,
Robust benchmarking in noisy environments (arXiv 1608.04295), who take the minimum; the first percentile is not decided
by one odd sample.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from devbench.stats.interval import Interval, LogEstimate, check_level, mean_over_rounds
from devbench.stats.ratio import subtract

PERCENT = 1
Rounds = Sequence[NDArray[np.int64]]


def undisturbed_ratio(numerator: Rounds, denominator: Rounds, *, paired: bool, level: float = 0.95) -> Interval | None:
    """Return the ratio of the fastest percent of two cases, with the interval that their rounds give.

    None where a side has one round: how much processes differ is then not known.

    Args:
        numerator: one array per round, shape (n_i,), nanoseconds.
        denominator: the same.
        paired: as for `ratio_interval`.
        level: between 0 and 1.

    Raises:
        ValueError: an empty round, or paired sides with different numbers of rounds.

    """
    check_level(level)
    if paired and len(numerator) != len(denominator):
        raise ValueError(f"paired sides need equal rounds, not {len(numerator)} and {len(denominator)}")
    if min(len(numerator), len(denominator)) < 2:  # noqa: PLR2004
        return None
    one, other = _fastest(numerator), _fastest(denominator)
    if paired:
        return _estimate(np.log(one / other), _tick(one) + _tick(other)).interval(level)
    return subtract(_estimate(np.log(one), _tick(one)), _estimate(np.log(other), _tick(other))).interval(level)


def _fastest(rounds: Rounds) -> NDArray[np.float64]:
    return np.array([max(float(np.percentile(samples, PERCENT)), 1.0) for samples in rounds])


def _tick(fastest: NDArray[np.float64]) -> float:
    """Half a nanosecond, relative."""
    return 0.5 / float(fastest.min())


def _estimate(logs: NDArray[np.float64], tick: float) -> LogEstimate:
    return mean_over_rounds(logs, np.zeros(logs.size), tick)
