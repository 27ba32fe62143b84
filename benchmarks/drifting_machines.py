"""Whole runs on machines that drift over seconds and minutes, and from run to run: the fifth table of coverage.py."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.run.side_by_side import LogRatios, decided, paired_intervals
from devbench.stats import (
    Spread,
    measured_again,
    round_medians,
    spread_between_runs,
)
from devbench.stats.between_runs import RunEstimate
from devbench.stats.interval import LogEstimate, log_estimate
from devbench.stats.paired import LOOKS
from devbench.stats.round_median import FASTEST_PERCENT as PERCENT

Array = NDArray[np.float64]
BASE_NS = 3_700_000.0


def autoregression(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> Array:
    """Standard normal series along the last axis, stationary from the first value on."""
    steps = rng.standard_normal(shape)
    steps[..., 1:] *= math.sqrt(1 - rho**2)
    for i in range(1, shape[-1]):
        steps[..., i] += rho * steps[..., i - 1]
    return steps


@dataclass(frozen=True)
class Drift:
    """A machine whose level moves, as logarithms.

    process_sd: from process to process. phases: how much slower it is in phases of 1.3 s, 2.6 s apart on average;
    in a share `bad_runs` of the runs (1: all). minutes_sd: of a wander with a correlation time of 3 minutes.
    runs_sd: from run to run.
    """

    name: str
    process_sd: float = 0.006
    phases: float = 0.0
    bad_runs: float = 1.0
    minutes_sd: float = 0.0
    runs_sd: float = 0.0


DRIFTS = (
    Drift("h processes only"),
    Drift("i phases of seconds, 8 %", phases=0.08),
    Drift("j wander over minutes, 2 %", minutes_sd=0.02),
    Drift("k level of the run, 3 %", runs_sd=0.03),
    Drift("l all of these", phases=0.08, minutes_sd=0.02, runs_sd=0.03),
    Drift("m 25 % phases in one run of four", phases=0.25, bad_runs=0.25, runs_sd=0.005),
)
SAMPLE_S, EVERY_S, WANDER_S, SLOW_S, FAST_S = 0.01, 9.0, 180.0, 1.3, 2.6
RUN_ROUNDS, RUN_SAMPLES, PAIR_SAMPLES, PAIR_EVERY_S = 5, 200, 30, 2.6
EARLIER = (0, 3, 10, 30)
DEFAULT_SD, FOUND = 0.05, 0.02


def drifting(drift: Drift, rng: np.random.Generator, runs: int, rounds: int, samples: int, every_s: float) -> Array:
    """Latencies in nanoseconds, shape (runs, rounds, samples); runs are hours apart, rounds of one run `every_s`."""
    wander = autoregression(rng, (runs, rounds), math.exp(-every_s / WANDER_S))
    level = drift.runs_sd * rng.standard_normal((runs, 1)) + drift.minutes_sd * wander
    logs = level[..., None] + drift.process_sd * rng.standard_normal((runs, rounds, 1))
    logs = logs + 0.004 * rng.standard_normal((runs, rounds, samples))
    if drift.phases:
        bad = rng.random((runs, 1, 1)) < drift.bad_runs
        logs = logs + drift.phases * bad * in_phases(rng, (runs, rounds, samples))
    return BASE_NS * np.exp(logs)


def in_phases(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether each sample falls into a slow phase; rounds are far enough apart to know nothing of each other."""
    state = np.empty(shape, dtype=bool)
    state[..., 0] = rng.random(shape[:-1]) < SLOW_S / (SLOW_S + FAST_S)
    chance = rng.random(shape)
    for i in range(1, shape[-1]):
        stays, begins = chance[..., i] >= SAMPLE_S / SLOW_S, chance[..., i] < SAMPLE_S / FAST_S
        state[..., i] = np.where(state[..., i - 1], stays, begins)
    return state


def estimates(series: Array) -> list[LogEstimate]:
    """What each run shows of the median."""
    return [log_estimate(round_medians(list(one))) for one in np.rint(series).astype(np.int64)]


def drift_row(job: tuple[int, int, int]) -> str:
    """One row of the fifth table."""
    index, trials, seed = job
    drift = DRIFTS[index]
    rng = np.random.default_rng([seed, index, 7])
    truth = float(np.log(np.median(drifting(drift, rng, 2000, 2, RUN_SAMPLES, EVERY_S), axis=2)).mean())
    most = max(EARLIER)
    within, holds, widths, alarms = 0, dict.fromkeys(EARLIER, 0), dict.fromkeys(EARLIER, 0.0), dict.fromkeys(EARLIER, 0)
    for _ in range(trials):
        runs = estimates(drifting(drift, rng, most + 2, RUN_ROUNDS, RUN_SAMPLES, EVERY_S))
        *past, old, new = runs
        within += new.interval(0.95).holds(math.exp(truth))
        ratio = difference_of(new, old)
        for count in EARLIER:
            known = spread_of(past[most - count :])
            found = measured_again(new, [known])
            holds[count] += found.holds(math.exp(truth))
            widths[count] += found.relative_half_width / trials
            alarms[count] += not measured_again(ratio, [known, known]).holds(1)
    side = [side_by_side(drift, rng, difference) for difference in (0.0, FOUND) for _ in range(trials)]
    cells = [f"{100 * within / trials:.0f}"]
    cells += [f"{100 * holds[count] / trials:.0f} (± {100 * widths[count]:.0f} %)" for count in EARLIER]
    cells += [" / ".join(f"{100 * alarms[count] / trials:.0f}" for count in EARLIER)]
    cells += [f"{100 * sum(half) / trials:.0f}" for half in (side[:trials], side[trials:])]
    return f"| {drift.name} | {' | '.join(cells)} |"


def spread_of(past: list[LogEstimate]) -> Spread:
    runs = [RunEstimate(one.value, max(one.variance, one.inside_variance)) for one in past]
    return spread_between_runs([runs] if runs else [], DEFAULT_SD)


def difference_of(new: LogEstimate, old: LogEstimate) -> LogEstimate:
    """The logarithm of the ratio of two independent runs of as many rounds."""
    variance = new.variance + old.variance
    degrees = variance**2 / sum(one.variance**2 / one.degrees_of_freedom for one in (new, old))
    inside, tick = new.inside_variance + old.inside_variance, new.log_tick + old.log_tick
    return LogEstimate(new.value - old.value, variance, degrees, inside, tick, True)


def side_by_side(drift: Drift, rng: np.random.Generator, difference: float) -> bool:
    """Whether one of the looks at up to 64 pairs shows a difference; one that is there: in the right direction."""
    series = drifting(drift, rng, 1, 128, PAIR_SAMPLES, PAIR_EVERY_S / 2)
    signs = rng.choice([-1.0, 1.0], len(series[0]) // 2)
    ratios = []
    for logs in (np.log(np.median(series[0], axis=1)), np.log(np.percentile(series[0], PERCENT, axis=1))):
        above, below = logs.reshape(-1, 2).T
        ratios.append(list(difference + signs * (above - below)))
    looks = [LogRatios(ratios[0][:count], ratios[1][:count]) for count in LOOKS if count <= len(signs)]
    shown = [decided(*paired_intervals(look), threshold=0.0) for look in looks]
    return "slower" in shown or ("faster" in shown and not difference)


def print_drifts(rows: Iterable[str]) -> None:
    earlier = " | ".join(f"again: {count} earlier" for count in EARLIER)
    alarms = "two runs of the same differ: " + " / ".join(map(str, EARLIER))
    print(f"| machine | within the run | {earlier} | {alarms} | side by side, the same | 2 % found |")
    print("|---" + "|--:" * (len(EARLIER) + 4) + "|")
    print(*rows, sep="\n")
