"""How often do the printed intervals cover the true value? Simulated latencies, Markdown tables on stdout.

    uv run python benchmarks/coverage.py > /tmp/tables.md

The fifth table is of whole runs on a machine that drifts over seconds and minutes, and from run to run: what its
intervals cover when it is measured again, with so many earlier runs to learn from; neighbouring runs of the same; and
the same side by side.

The truth of a median: the geometric mean, over all rounds a machine could run, of the median each round would
have if it went on for ever. The truth of a ratio: the quotient of two of these.
"""

from __future__ import annotations

import argparse
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from drifting_machines import BASE_NS, DRIFTS, Array, autoregression, drift_row, print_drifts
from numpy.typing import NDArray

from devbench.stats import (
    check_steady,
    median_interval,
    percentile_upper_bound,
    ratio_interval,
    undisturbed_ratio,
)

Rounds = list[NDArray[np.int64]]
B_OVER_A, Z = 0.8, 1.959964
SHARED_STEP = 0.005
RESAMPLES, BLOCKS = 200, 10
AT_ONCE = 250  # trials drawn together, to bound memory


def two_modes(rng: np.random.Generator, shape: tuple[int, ...], up: float = 0.05, down: float = 0.1) -> Array:
    """Two modes 3 % apart, kept for 20 and 10 samples on average, plus 0.4 % noise."""
    state = np.empty(shape, dtype=bool)
    state[..., 0] = rng.random(shape[:-1]) < up / (up + down)
    chance = rng.random(shape)
    for i in range(1, shape[-1]):
        state[..., i] = np.where(state[..., i - 1], chance[..., i] >= down, chance[..., i] < up)
    return 0.03 * state + 0.004 * rng.standard_normal(shape)


def two_modes_median() -> float:
    """Median of the mixture 2/3 low, 1/3 high, by bisection."""
    noise = NormalDist(0, 0.004)
    low, high = -0.05, 0.08
    for _ in range(60):
        middle = (low + high) / 2
        below = 2 / 3 * noise.cdf(middle) + 1 / 3 * noise.cdf(middle - 0.03)
        low, high = (middle, high) if below < 0.5 else (low, middle)
    return low


def with_outliers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """1 % noise, 0.2 % between rounds, and 1.5 % of samples 1.5 to 10 times slower."""
    hit = rng.random(shape) < 0.015
    slower = np.log(rng.uniform(1.5, 10.0, shape))
    return 0.002 * rng.standard_normal((*shape[:-1], 1)) + np.where(hit, slower, 0.01 * rng.standard_normal(shape))


def between(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.6 % between rounds, 0.1 % inside with rho 0.5."""
    return 0.006 * rng.standard_normal((*shape[:-1], 1)) + 0.001 * autoregression(rng, shape, 0.5)


def own_part_of_drift(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.1 % between rounds and 0.3 % inside; the drift itself is added to both sides."""
    return 0.001 * rng.standard_normal((*shape[:-1], 1)) + 0.003 * autoregression(rng, shape, 0.5)


def process_modes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Each process is slow by 3 % with chance 0.3, for its whole life."""
    return 0.03 * (rng.random((*shape[:-1], 1)) < 0.3) + 0.002 * rng.standard_normal(shape)


@dataclass(frozen=True)
class Shape:
    """One kind of series: how to draw log deviations of shape (..., samples), and their true level."""

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    log_truth: float = 0.0
    shared_drift: bool = False


SHAPES = (
    Shape("a independent, 2 %", lambda rng, shape: 0.02 * rng.standard_normal(shape)),
    Shape("b AR(1) 0.9, 1 %", lambda rng, shape: 0.01 * autoregression(rng, shape, 0.9)),
    Shape("c between rounds 0.6 %", between),
    Shape("d two sticky modes", two_modes, two_modes_median()),
    Shape("e outliers 1.5 %", with_outliers, 0.01 * NormalDist().inv_cdf(0.5 / 0.985)),
    Shape("f drift shared by A, B", own_part_of_drift, 0.0, shared_drift=True),
    Shape("g modes of a process", process_modes, 0.03 * 0.3),
)
ALL_ROUNDS_ALIKE = (0, 1, 3)  # only here has a single round a chance to tell of all


def draw_sides(
    shape: Shape, rng: np.random.Generator, trials: int, rounds: int, samples: int
) -> Iterator[tuple[Rounds, Rounds]]:
    """Yield A and B for each trial, in nanoseconds."""
    for start in range(0, trials, AT_ONCE):
        count = min(AT_ONCE, trials - start)
        logs = shape.draw(rng, (count, 2, rounds, samples))
        if shape.shared_drift:  # a random walk from round to round, the same for A and B
            logs = logs + np.cumsum(SHARED_STEP * rng.standard_normal((count, 1, rounds, 1)), axis=2)
        logs[:, 1] += math.log(B_OVER_A)
        for a, b in np.rint(BASE_NS * np.exp(logs)).astype(np.int64):
            yield list(a), list(b)


def naive_bounds(rounds: Rounds) -> tuple[float, float]:
    """95 % order-statistic interval of the pooled samples, taken as independent."""
    pooled = np.sort(np.concatenate(rounds))
    reach = Z * 0.5 * math.sqrt(pooled.size)
    low = max(math.floor(pooled.size / 2 - reach), 1) - 1
    high = min(math.ceil(pooled.size / 2 + reach) + 1, pooled.size) - 1
    return float(pooled[low]), float(pooled[high])


def two_level_bounds(rounds: Rounds, rng: np.random.Generator) -> tuple[float, float]:
    """Textbook percentile bootstrap: rounds, then blocks of a tenth of a round; pooled median."""
    blocks = np.array(rounds).reshape(len(rounds), BLOCKS, -1)
    drawn = rng.integers(0, len(rounds), (RESAMPLES, len(rounds), 1))
    inside = rng.integers(0, BLOCKS, (RESAMPLES, len(rounds), BLOCKS))
    medians = np.median(blocks[drawn, inside].reshape(RESAMPLES, -1), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def run_row(job: tuple[int, int, int, int, int, int]) -> str:
    """One row of the first table."""
    index, rounds, samples, trials, bootstrap_trials, seed = job
    shape = SHAPES[index]
    rng = np.random.default_rng([seed, index, rounds, samples])
    truth, ratio = BASE_NS * math.exp(shape.log_truth), B_OVER_A
    hits, widths = np.zeros(6), np.zeros(3)
    for trial, (a, b) in enumerate(draw_sides(shape, rng, trials, rounds, samples)):
        ours, (low, high), (low_b, high_b) = median_interval(a), naive_bounds(a), naive_bounds(b)
        runs, pairs = ratio_interval(b, a, paired=False), ratio_interval(b, a, paired=True)
        middle = math.log(low_b * high_b / low / high) / 2
        reach = math.hypot(math.log(high / low), math.log(high_b / low_b)) / 2
        hits += [
            ours.holds(truth),
            low <= truth <= high,
            0,
            runs.holds(ratio),
            pairs.holds(ratio),
            abs(middle - math.log(ratio)) <= reach,
        ]
        widths += [ours.relative_half_width, (high - low) / 2 / truth, pairs.relative_half_width]
        if trial < bootstrap_trials:
            low, high = two_level_bounds(a, rng)
            hits[2] += low <= truth <= high
    shares = 100 * hits / np.array([trials, trials, max(bootstrap_trials, 1), trials, trials, trials])
    cells = [f"{share:.1f}" for share in shares]
    if not bootstrap_trials:
        cells[2] = ""
    if shape.shared_drift:
        cells[:3] = [""] * 3  # a walk has no level that the rounds of one run could be about
    halves = [f"{100 * width / trials:.3f}" for width in widths]
    return "| " + " | ".join([shape.name, str(rounds), str(samples), *cells, *halves]) + " |"


def steady_row(job: tuple[str, int, int, int]) -> str:
    """One row of the second table: alarms on steady series, then on 1 % noise with a change of 5 %."""
    kind, samples, trials, seed = job
    rng = np.random.default_rng([seed, samples, zlib.crc32(kind.encode())])
    shape = (trials, samples)
    rho = float(kind.split()[1]) if kind.startswith("rho") else 0.0
    noise = two_modes(rng, shape) if kind == "two modes" else 0.01 * autoregression(rng, shape, rho)
    place = np.arange(samples) / samples
    changes = [0 * place, 0.05 * (place >= 0.5), -0.05 * (place >= 0.2), -0.05 * (place >= 0.1), 0.05 * place]
    alarms = []
    for change in changes:
        series = np.rint(BASE_NS * np.exp(noise + change)).astype(np.int64)
        alarms.append(100 * np.mean([not check_steady(one).steady for one in series]))
    return f"| {kind} | {samples} | " + " | ".join(f"{alarm:.1f}" for alarm in alarms) + " |"


def bound_row(job: tuple[float, float, int, int, int]) -> str:
    """One row of the third table: how often the 99 % bound of a percentile is at or over the truth."""
    percent, rho, samples, trials, seed = job
    rng = np.random.default_rng([seed, int(percent * 10), int(rho * 10), samples])
    truth = BASE_NS * math.exp(0.01 * NormalDist().inv_cdf(percent / 100))
    series = np.rint(BASE_NS * np.exp(0.01 * autoregression(rng, (trials, samples), rho))).astype(np.int64)
    bounds = [percentile_upper_bound([one], percent) for one in series]
    share = 100 * np.mean([bound is not None and bound >= truth for bound in bounds])
    return f"| p{percent:g} | {rho:g} | {samples} | {share:.1f} |"


def undisturbed_row(job: tuple[int, int, int, int, int]) -> str:
    """One row of the fourth table: how often the interval of the fastest percent's ratio covers the true one."""
    index, rounds, samples, trials, seed = job
    rng = np.random.default_rng([seed, index, rounds, samples, 1])
    hits, width = 0, 0.0
    for a, b in draw_sides(SHAPES[index], rng, trials, rounds, samples):
        found = undisturbed_ratio(b, a)
        assert found
        hits += found.holds(B_OVER_A)
        width += found.relative_half_width
    return f"| {SHAPES[index].name} | {rounds} | {samples} | {100 * hits / trials:.1f} | {100 * width / trials:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--bootstrap-trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--only-undisturbed", action="store_true")
    parser.add_argument("--only-drift", action="store_true", help="the fifth table")
    chosen = parser.parse_args()
    rows = [
        (index, rounds, samples, chosen.trials, chosen.bootstrap_trials if 1 < rounds < 10 else 0, chosen.seed)
        for index in range(len(SHAPES))
        for rounds in (1, 3, 5, 10)
        for samples in (100, 700)
        if rounds > 1 or index in ALL_ROUNDS_ALIKE
    ]
    quarter = max(chosen.trials // 4, 1)
    kinds = ("rho 0", "rho 0.5", "rho 0.9", "two modes")
    steady = [(kind, samples, quarter, chosen.seed) for kind in kinds for samples in (50, 100, 300, 700, 5000)]
    bounds = [
        (percent, rho, samples, chosen.trials, chosen.seed)
        for percent, samples in ((90.0, 64), (90.0, 700), (99.0, 700))
        for rho in (0.0, 0.5, 0.9)
    ]
    fastest = [
        (index, rounds, samples, chosen.trials, chosen.seed)
        for index in range(len(SHAPES))
        for rounds in (3, 5, 7)
        for samples in (100, 700)
    ]
    drifts = [(index, max(chosen.trials // 4, 1), chosen.seed) for index in range(len(DRIFTS))]
    with ProcessPoolExecutor(2) as pool:
        if chosen.only_drift:
            print_drifts(pool.map(drift_row, drifts))
            return
        if chosen.only_undisturbed:
            print_undisturbed(pool.map(undisturbed_row, fastest))
            return
        print(
            "| shape | R | N | median: ours | naive | two-level | ratio, two runs | interleaved | naive |",
            end="",
        )
        print(" half-width %: ours | naive | interleaved ratio |\n|---" + "|--:" * 11 + "|")
        print(*pool.map(run_row, rows), sep="\n", flush=True)
        print("\n| noise | N | steady | step at 50 % | step at 20 % | step at 10 % | drift |\n|---" + "|--:" * 6 + "|")
        print(*pool.map(steady_row, steady), sep="\n", flush=True)
        print("\n| percentile | rho | N | bound holds |\n|---" + "|--:" * 3 + "|")
        print(*pool.map(bound_row, bounds), sep="\n", end="\n\n")
        print_undisturbed(pool.map(undisturbed_row, fastest))
        print()
        print_drifts(pool.map(drift_row, drifts))


def print_undisturbed(rows: Iterable[str]) -> None:
    print("| shape | R | N | holds | half-width % |\n|---" + "|--:" * 4 + "|")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
