"""The outcome of a case from the samples of its rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from devbench.domain.between_runs import BetweenRuns, fastest_spread_of, spread_of
from devbench.domain.outcome import Measured, Nanoseconds, Precision, Summary
from devbench.domain.run import CaseRecord
from devbench.run.stopping import more_to_reach, stopped_by
from devbench.run.verdict import judge_case
from devbench.stats import (
    count_outliers,
    measured_again,
    median_interval,
    percentile_upper_bound,
    round_medians,
    rounds_to_halve,
    summarise,
    undisturbed_time,
)
from devbench.stats.interval import log_estimate

_NS_PER_MS = 1e6
_FEWEST_FOR_P90 = 10
_FEWEST_FOR_P99 = 100


def outcome_of(
    case: CaseRecord, samples_in: Callable[[str], Mapping[int, Nanoseconds]], *, budgeted: bool = False
) -> Measured:
    """What the rounds of a case come to, by their samples: all but what it recognised in a picture.

    The case's rounds must have been judged. samples_in: those of a phase, `steady` or `compute`, by round.
    budgeted: whether the run had a budget.
    """
    counting = case.counting
    samples = samples_in("steady")
    rounds = [samples[about.index] for about in counting]
    alone = [about.index for about in counting if about.compute_samples]  # a round may have had no time left for it
    compute = samples_in("compute") if alone else {}
    duration_s = sum(about.duration_s for about in counting) / len(counting)
    return Measured(
        summary=summary_of(rounds, case.between_runs),
        compute=summary_of([compute[index] for index in alone], case.between_runs) if alone else None,
        verdict=judge_case(
            counting,
            medians_ns=[float(np.median(one)) for one in rounds],
            outputs_agree=len({about.outputs_sha256 for about in counting}) == 1,
        ),
        precision=_precision_of(case, rounds, duration_s, budgeted=budgeted),
    )


def summary_of(rounds: Sequence[Nanoseconds], between_runs: BetweenRuns | None = None) -> Summary:
    """Milliseconds from nanoseconds; a percentile that would be no more than the largest sample is left out.

    between_runs: what the place varies by from run to run; without it, the interval is that within this run.
    """
    pooled = summarise(rounds)
    medians = round_medians(rounds)
    inside = median_interval(medians)
    interval = measured_again(log_estimate(medians), [spread_of(between_runs)]) if between_runs else inside
    fastest = undisturbed_time(medians, fastest_spread_of(between_runs)) if between_runs else None
    outliers = count_outliers(rounds)
    everything = np.concatenate(rounds)
    return Summary(
        rounds=len(rounds),
        samples=pooled.samples,
        median_ms=interval.estimate / _NS_PER_MS,
        low_ms=interval.low / _NS_PER_MS,
        high_ms=interval.high / _NS_PER_MS,
        covers="machine" if between_runs else "run",
        run_low_ms=inside.low / _NS_PER_MS if between_runs else None,
        run_high_ms=inside.high / _NS_PER_MS if between_runs else None,
        fastest_ms=fastest.estimate / _NS_PER_MS if fastest else None,
        fastest_low_ms=fastest.low / _NS_PER_MS if fastest else None,
        fastest_high_ms=fastest.high / _NS_PER_MS if fastest else None,
        between_rounds=interval.between_rounds,
        mean_ms=pooled.mean_ns / _NS_PER_MS,
        min_ms=pooled.min_ns / _NS_PER_MS,
        max_ms=pooled.max_ns / _NS_PER_MS,
        stdev_ms=float(everything.std(ddof=1)) / _NS_PER_MS if everything.size > 1 else None,
        p90_ms=pooled.p90_ns / _NS_PER_MS if pooled.samples >= _FEWEST_FOR_P90 else None,
        p90_bound_ms=_bound_ms(rounds, 90),
        p99_ms=pooled.p99_ns / _NS_PER_MS if pooled.samples >= _FEWEST_FOR_P99 else None,
        p99_bound_ms=_bound_ms(rounds, 99),
        outliers=outliers.low_severe + outliers.high_severe,
    )


def _precision_of(case: CaseRecord, rounds: Sequence[Nanoseconds], duration_s: float, *, budgeted: bool) -> Precision:
    """How precise it became, and why there were no more rounds."""
    medians = round_medians(rounds)
    why = stopped_by(case, medians, budgeted=budgeted) or ("budget" if budgeted else "")
    found = precision_of(rounds, case.measure.precision if case.measure else None, duration_s)
    return replace(found, rounds_to_reach=more_to_reach(case, medians), stopped_by=why)


def precision_of(rounds: Sequence[Nanoseconds], wanted: float | None, seconds_per_round: float) -> Precision:
    """How precise the median became, and what halving its interval would cost."""
    needed = rounds_to_halve(len(rounds))
    more = None if needed is None else max(needed - len(rounds), 1)
    return Precision(
        reached=median_interval(rounds).relative_half_width,
        wanted=wanted,
        rounds_to_halve=more,
        seconds_to_halve=None if more is None else more * seconds_per_round,
    )


def _bound_ms(rounds: Sequence[Nanoseconds], percent: int) -> float | None:
    bound_ns = percentile_upper_bound(rounds, percent)
    return None if bound_ns is None else bound_ns / _NS_PER_MS
