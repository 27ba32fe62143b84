"""Rounds planned from variances that are known, because they are simulated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devbench.stats import RoundMedian, median_interval, round_medians
from devbench.stats.planning import (
    SURE,
    Candidate,
    Variation,
    best_loop_s,
    half_width,
    no_longer_narrows,
    rounds_planned,
    rounds_to_reach,
    shares,
    variance_behind,
    variation,
)


def medians_of(levels: list[float], within: float = 0.0, seed: int = 1, count: int = 400) -> list[RoundMedian]:
    """A round about each level, in milliseconds, with samples that spread by `within`."""
    random = np.random.default_rng(seed)
    return round_medians(
        [(1e6 * level * (1 + within * random.normal(size=count))).astype(np.int64) for level in levels]
    )


def candidate(name: str, **values: float | bool) -> Candidate:
    known: dict[str, float | bool] = {"rounds": 5, "variance": 1e-4, "wanted": 0.01, "most": 100, "round_s": 1.0}
    known["seen_variance"] = values.get("variance", known["variance"])
    return Candidate(name=name, **{**known, **values})  # type: ignore[arg-type]


def test_the_variance_is_found_where_it_is() -> None:
    random = np.random.default_rng(3)
    apart = variation(medians_of(list(1 + 0.02 * random.normal(size=40)), within=0.001), [0.5] * 40)
    assert math.sqrt(apart.between) == pytest.approx(0.02, rel=0.3)
    alike = variation(medians_of([1.0] * 40, within=0.1), [0.5] * 40)
    assert math.sqrt(alike.of_a_round(0.5)) == pytest.approx(1.2533 * 0.1 / math.sqrt(400), rel=0.4)
    with pytest.raises(ValueError, match="two rounds or more"):
        variation(medians_of([1.0]), [0.5])


def test_the_best_loop_costs_least_for_its_variance() -> None:
    found = Variation(within_s=4e-5, between=1e-4)
    best_s = best_loop_s(found, 0.8, 0.01, 100)
    price = {loop_s: found.of_a_round(loop_s) * (0.8 + loop_s) for loop_s in (best_s / 2, best_s, best_s * 2)}
    assert min(price, key=lambda loop_s: price[loop_s]) == best_s
    assert best_loop_s(Variation(within_s=4e-5, between=0.0), 0.8, 0.5, 4.0) == 4.0
    assert best_loop_s(Variation(within_s=0.0, between=1e-4), 0.8, 0.5, 4.0) == 0.5


@pytest.mark.parametrize(("spread", "wanted"), [(0.006, 0.01), (0.02, 0.01), (0.05, 0.01), (0.001, 0.01)])
def test_the_rounds_to_reach_a_precision_reach_it(spread: float, wanted: float) -> None:
    needed = rounds_to_reach(spread**2, wanted)
    assert half_width(spread**2, needed) <= wanted
    assert needed == 2 or half_width(spread**2, needed - 1) > wanted


def test_the_forecast_is_the_width_of_the_interval() -> None:
    medians = medians_of([0.99, 1.0, 1.01, 1.02, 1.0])
    variance = float(np.var([one.log_median for one in medians], ddof=1))
    assert half_width(variance, 5) == pytest.approx(median_interval(medians).relative_half_width, rel=0.01)
    assert variance_behind(half_width(variance, 5), 5) == pytest.approx(variance)


def test_a_level_that_moves_is_told_from_rounds_that_vary_about_one() -> None:
    drifting = [1 + 0.01 * number for number in range(12)]
    assert no_longer_narrows(medians_of(drifting), 5)
    assert not no_longer_narrows(medians_of(drifting[:8]), 5), "too few to tell"
    random = np.random.default_rng(5)
    wrong = sum(no_longer_narrows(medians_of(list(1 + 0.01 * random.normal(size=10)), count=1), 5) for _ in range(200))
    assert wrong < 20


def test_the_widest_against_what_was_asked_comes_first() -> None:
    wide, narrow = candidate("wide", variance=4e-4), candidate("narrow", variance=1e-4)
    assert shares([wide, narrow], 6)["wide"] == 6
    lenient = candidate("lenient", variance=4e-4, wanted=0.1)
    assert shares([lenient, narrow], 6) == {"lenient": 0, "narrow": 2}, "and it stops when it is there"


def test_a_case_gets_rounds_while_those_that_it_has_are_too_wide_however_well_longer_ones_would_do() -> None:
    assert shares([candidate("net", seen_variance=4e-4, variance=1e-6)], math.inf)["net"] > 0
    assert shares([candidate("net", seen_variance=1e-6, variance=4e-4)], math.inf)["net"] == 0, "it is there"


def test_a_slow_case_takes_no_more_than_there_is_and_the_rest_goes_to_others() -> None:
    slow, quick = candidate("slow", variance=1e-2, round_s=100.0), candidate("quick", variance=1e-2)
    assert shares([slow, quick], 130) == {"slow": 1, "quick": 30}
    assert shares([slow, quick], 50) == {"slow": 0, "quick": 50}
    assert shares([candidate("none", round_s=2.0)], 1) == {"none": 0}
    assert shares([candidate("all", most=7, until_there=False)], math.inf) == {"all": 7}


def test_the_rounds_of_many_variances_are_those_of_each() -> None:
    variances = np.array([0.0, 1e-6, 6e-5, 9e-5, 2e-4, 1e-3, 0.01, 1.0])
    found = rounds_planned(variances, 5, 0.01, 200)
    for variance, rounds in zip(variances, found, strict=True):
        there = half_width(variance, 5) <= 0.01
        assert rounds == (5 if there else max(6, min(rounds_to_reach(SURE * variance, 0.01), 200)))
    assert list(rounds_planned(np.array([1e-6, 1.0]), 12, 0.01, 10)) == [12, 12], "no fewer than there are"
    assert list(rounds_planned(np.array([0.0, 1.0]), 5, 1e-300, 10**12)) == [5, 10_000]
    drawn = Variation(within_s=1e-6, between=0.0).drawn_to(1e-4, 5)
    assert drawn == Variation(within_s=1e-6, between=5e-5), "that five rounds agree may be chance"
