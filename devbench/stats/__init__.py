"""Pure functions on arrays of samples: no files, no clocks, no randomness, nothing else of devbench.

Everywhere `rounds` is a sequence of one-dimensional int64 arrays, one per round (fresh process), holding
latencies in nanoseconds in the order they were measured. Mistakes of the caller are `ValueError`.
"""

from devbench.stats.allan import AllanPoint, allan_deviation, wandering
from devbench.stats.bands import Bands, bands
from devbench.stats.between_runs import Spread, measured_again, smallest_visible, spread_between_runs
from devbench.stats.geomean import GeometricMean, geometric_mean_of_intervals, geometric_mean_ratio
from devbench.stats.interval import Interval, median_interval
from devbench.stats.outliers import OutlierCounts, count_outliers
from devbench.stats.percentile_bound import minimum_samples, percentile_upper_bound
from devbench.stats.precision import rounds_to_halve
from devbench.stats.ratio import divide, ratio_interval
from devbench.stats.round_median import RoundMedian, round_medians
from devbench.stats.steady import Steadiness, check_steady
from devbench.stats.summary import SampleSummary, percentile, summarise
from devbench.stats.undisturbed import undisturbed_ratio, undisturbed_time

__all__ = [
    "AllanPoint",
    "Bands",
    "GeometricMean",
    "Interval",
    "OutlierCounts",
    "RoundMedian",
    "SampleSummary",
    "Spread",
    "Steadiness",
    "allan_deviation",
    "bands",
    "check_steady",
    "count_outliers",
    "divide",
    "geometric_mean_of_intervals",
    "geometric_mean_ratio",
    "measured_again",
    "median_interval",
    "minimum_samples",
    "percentile",
    "percentile_upper_bound",
    "ratio_interval",
    "round_medians",
    "rounds_to_halve",
    "smallest_visible",
    "spread_between_runs",
    "summarise",
    "undisturbed_ratio",
    "undisturbed_time",
    "wandering",
]
