"""What is known of how much the figures of a place vary from one run to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.domain.ranges import Count, NotNegative, Positive

if TYPE_CHECKING:  # the statistics load numpy, and every command loads the domain
    from devbench.stats.between_runs import Spread


@dataclass(frozen=True, kw_only=True)
class BetweenRuns:
    """The spread between runs, of the median and of the fastest percent.

    median_sd, fastest_sd: standard deviation of the logarithm, beyond what one run shows: 0.02 is 2 %.
    degrees_of_freedom: what these are worth. runs: earlier runs at this place that they were learned from; 0 if they
        are a default.
    """

    median_sd: NotNegative
    fastest_sd: NotNegative
    degrees_of_freedom: Positive
    runs: Count


DEFAULT_BETWEEN_RUNS = BetweenRuns(median_sd=0.05, fastest_sd=0.05, degrees_of_freedom=3.0, runs=0)
"""Of a run that was measured before the spread between runs was looked at."""


def spread_of(known: BetweenRuns) -> Spread:
    """The spread of the median, for the statistics."""
    from devbench.stats.between_runs import Spread

    return Spread(known.median_sd, known.degrees_of_freedom, known.runs)


def fastest_spread_of(known: BetweenRuns) -> Spread:
    """The spread of the fastest percent."""
    from devbench.stats.between_runs import Spread

    return Spread(known.fastest_sd, known.degrees_of_freedom, known.runs)
