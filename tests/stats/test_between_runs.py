"""The spread between runs: learned from earlier ones, and what the intervals made of it cover."""

import math

import numpy as np
import pytest

from devbench.stats.between_runs import RunEstimate, Spread, measured_again, smallest_visible, spread_between_runs
from devbench.stats.interval import LogEstimate

DEFAULT = 0.05


def _runs(count: int, sd: float, seed: int, cases: int = 3, inside: float = 0.005) -> list[list[RunEstimate]]:
    """Runs whose machine drifts by `sd` as a whole, with three networks that differ by `inside` on top."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, sd, count)
    return [[RunEstimate(float(one + rng.normal(0, inside)), inside**2) for one in level] for _ in range(cases)]


def test_without_runs_it_is_the_default() -> None:
    assert spread_between_runs([], 0.04) == Spread(log_sd=0.04, degrees_of_freedom=3.0, runs=0)
    assert spread_between_runs([[RunEstimate(0.1, 0.0)]], 0.04).runs == 0


def test_many_runs_outweigh_the_default_either_way() -> None:
    assert spread_between_runs(_runs(60, 0.005, 1), 0.04).log_sd == pytest.approx(0.007, abs=0.003)
    assert spread_between_runs(_runs(60, 0.10, 2), 0.04).log_sd == pytest.approx(0.10, rel=0.25)


def test_what_a_run_itself_explains_is_not_counted_twice() -> None:
    noisy = [[RunEstimate(float(x), 0.05**2) for x in np.random.default_rng(3).normal(0, 0.05, 200)]]
    assert spread_between_runs(noisy, 0.001).log_sd < 0.02


def test_cases_of_one_run_are_not_independent_evidence() -> None:
    one, many = (spread_between_runs(_runs(5, 0.02, 4, cases=cases), 0.04) for cases in (1, 20))
    assert one.degrees_of_freedom == many.degrees_of_freedom


@pytest.mark.parametrize("sd", [0.004, 0.02, 0.05, 0.07])
@pytest.mark.parametrize("earlier", [0, 3, 10])
def test_the_interval_covers_the_next_runs(sd: float, earlier: int) -> None:
    """In 90 to 100 of 100, with no run before it or with ten; a quiet place is covered more often while it is new."""
    rng = np.random.default_rng(5)
    covered, trials = 0, 400
    for _ in range(trials):
        past = [[RunEstimate(float(x), 1e-6) for x in rng.normal(0, sd, earlier)]] if earlier else []
        now = LogEstimate(float(rng.normal(0, sd)), 1e-6, 2.0, 1e-6, 0.0, True)
        covered += measured_again(now, [spread_between_runs(past, DEFAULT)]).holds(1.0)
    assert covered / trials >= 0.90


@pytest.mark.parametrize("sd", [0.004, 0.02, 0.05, 0.07])
@pytest.mark.parametrize("earlier", [0, 3, 10])
def test_two_runs_of_the_same_show_a_difference_at_most_five_times_in_a_hundred(sd: float, earlier: int) -> None:
    rng = np.random.default_rng(6)
    alarms, trials = 0, 1000
    for _ in range(trials):
        past = [[RunEstimate(float(x), 1e-6) for x in rng.normal(0, sd, earlier)]] if earlier else []
        spread = spread_between_runs(past, DEFAULT)
        ratio = LogEstimate(float(rng.normal(0, sd) - rng.normal(0, sd)), 2e-6, 4.0, 2e-6, 0.0, True)
        alarms += not measured_again(ratio, [spread, spread]).holds(1.0)
    assert alarms / trials <= (0.05 if sd <= DEFAULT else 0.08)


def test_the_smallest_visible_difference_is_where_the_interval_ends() -> None:
    spread = Spread(log_sd=0.02, degrees_of_freedom=1000.0, runs=1000)
    assert smallest_visible([spread, spread]) == pytest.approx(math.exp(1.96 * 0.02 * math.sqrt(2)) - 1, rel=0.01)


def test_a_default_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        spread_between_runs([], 0.0)


def test_to_cover_measuring_again_is_never_narrower_than_to_cover_this_run() -> None:
    """Three rounds that disagree much: the spread between runs adds little variance, and many degrees of freedom."""
    rounds = LogEstimate(0.0, 0.1**2, 2.0, 1e-6, 0.0, True)
    inside = rounds.interval(0.95)
    again = measured_again(rounds, [Spread(log_sd=0.02, degrees_of_freedom=12.0, runs=5)])
    assert again.low <= inside.low < inside.high <= again.high
