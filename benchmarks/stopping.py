"""Does an interval still cover the true value if one stops as soon as it is narrow enough?

    uv run python benchmarks/stopping.py

Simulated runs: the medians of rounds vary about one level by a known standard deviation. A run has its first rounds,
and then laps as devbench/run/planning.py plans them, until half of the interval is within 1 %. Prints how often the
interval covers the level, and the rounds that it took.
"""

import sys

import numpy as np

from devbench.stats.planning import SURE, half_width, rounds_to_reach

WANTED = 0.01


def stopped(logs: np.ndarray, first: int, most: int) -> int:
    """How many rounds a run has: its rounds are the first of `logs`."""
    count = first
    while True:
        variance = float(logs[:count].var(ddof=1))
        if half_width(variance, count) <= WANTED or count >= most:
            return count
        count = min(rounds_to_reach(SURE * variance, WANTED), most, 2 * count)


def main(runs: int) -> None:
    """Print the table."""
    random = np.random.default_rng(1)
    print("| first rounds | at most | spread of rounds | covers | rounds |\n|--:|--:|--:|--:|--:|")
    for first in (3, 5, 8):
        for most in (10, 30):
            for spread in (0.006, 0.01, 0.015, 0.02, 0.03):
                covers, rounds = 0, 0
                for logs in random.normal(0, spread, (runs, most)):
                    count = stopped(logs, first, most)
                    covers += abs(logs[:count].mean()) <= half_width(float(logs[:count].var(ddof=1)), count)
                    rounds += count
                print(f"| {first} | {most} | {spread:.1%} | {covers / runs:.1%} | {rounds / runs:.1f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
