"""The geometric mean over models."""

import numpy as np
import pytest

from devbench.stats import geometric_mean_ratio, ratio_interval


def test_is_the_geometric_mean_with_its_range() -> None:
    base = [np.full(5, 1_000_000)] * 3
    faster = [[np.full(5, factor * 1_000_000)] * 3 for factor in (2, 8)]
    mean = geometric_mean_ratio(faster, [base, base], paired=True)
    assert mean.interval.estimate == pytest.approx(4.0)
    assert (mean.smallest, mean.largest, mean.models) == (pytest.approx(2.0), pytest.approx(8.0), 2)


@pytest.mark.parametrize("paired", [True, False])
def test_of_one_model_is_its_ratio(paired: bool, draw) -> None:
    a, b = [draw(i, 100) for i in range(3)], [draw(9 + i, 100) for i in range(3)]
    mean = geometric_mean_ratio([b], [a], paired=paired).interval
    ratio = ratio_interval(b, a, paired=paired)
    assert (mean.low, mean.high) == pytest.approx((ratio.low, ratio.high))


@pytest.mark.parametrize("paired", [True, False])
def test_a_model_told_twice_is_no_new_evidence(paired: bool, draw) -> None:
    a, b = [draw(i, 100) for i in range(5)], [draw(9 + i, 100) for i in range(5)]
    twice = geometric_mean_ratio([b, b], [a, a], paired=paired).interval
    ratio = ratio_interval(b, a, paired=paired)
    assert twice.relative_half_width == pytest.approx(ratio.relative_half_width, rel=1e-6)


def test_models_with_different_rounds_are_never_narrower_than_their_mean_width(draw) -> None:
    a, b = [draw(i, 100) for i in range(5)], [draw(9 + i, 100) for i in range(5)]
    uneven = geometric_mean_ratio([b, b[:3]], [a, a[:3]], paired=True).interval
    five = ratio_interval(b, a, paired=True)
    assert uneven.degrees_of_freedom == 2
    assert uneven.relative_half_width > five.relative_half_width


def test_a_single_round_anywhere_flags_it(draw) -> None:
    a, b = [draw(i, 100) for i in range(3)], [draw(9 + i, 100) for i in range(3)]
    assert not geometric_mean_ratio([b, b[:1]], [a, a[:1]], paired=True).interval.between_rounds


def test_swapping_the_sides_inverts_it(draw) -> None:
    a = [[draw(10 * m + i, 80) for i in range(3)] for m in range(2)]
    b = [[draw(90 + 10 * m + i, 80, level=1.5) for i in range(3)] for m in range(2)]
    forth = geometric_mean_ratio(a, b, paired=True).interval
    back = geometric_mean_ratio(b, a, paired=True).interval
    assert (forth.low, forth.high) == pytest.approx((1 / back.high, 1 / back.low))


def test_refuses_no_models_and_uneven_sides() -> None:
    with pytest.raises(ValueError, match="same models"):
        geometric_mean_ratio([], [], paired=True)
    with pytest.raises(ValueError, match="same models"):
        geometric_mean_ratio([[np.array([1])]], [], paired=True)
