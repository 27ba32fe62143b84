"""Descriptive figures."""

import numpy as np
import pytest

from devbench.stats import percentile, summarise


def test_small_numbers_by_hand() -> None:
    summary = summarise([np.array([4, 1, 3, 2])])
    assert (summary.p90_ns, summary.mean_ns) == (4.0, 2.5)
    assert (summary.min_ns, summary.max_ns, summary.samples, summary.rounds) == (1, 4, 4, 1)


@pytest.mark.parametrize("sizes", [(100, 100, 100), (7, 7), (33,)])
def test_equal_rounds_agree_with_numpy(sizes: tuple[int, ...], draw) -> None:
    rounds = [draw(seed, size) for seed, size in enumerate(sizes)]
    for percent in (0, 10, 50, 90, 99, 100):
        expected = np.percentile(np.concatenate(rounds), percent, method="averaged_inverted_cdf")
        assert percentile(rounds, percent) == expected


def test_a_longer_round_weighs_no_more() -> None:
    rounds = [np.full(10, 100), np.full(1000, 200)]
    assert percentile(rounds, 49) == 100
    assert percentile(rounds, 50) == 150
    assert percentile(rounds, 51) == 200
    assert summarise(rounds).mean_ns == 150


def test_weights_of_thirds_and_sevenths_meet_exactly() -> None:
    rounds = [np.arange(1, 4), np.arange(101, 108), np.arange(201, 212), np.arange(301, 314)]
    assert percentile(rounds, 25) == (3 + 101) / 2
    assert percentile(rounds, 50) == (107 + 201) / 2


@pytest.mark.parametrize("rounds", [[], [np.array([1]), np.array([], dtype=np.int64)]])
def test_refuses_nothing(rounds: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        summarise(rounds)


def test_refuses_what_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="percent"):
        percentile([np.array([1])], 101)
