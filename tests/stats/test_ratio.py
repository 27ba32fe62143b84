"""Ratios of medians."""

import math

import numpy as np
import pytest

from devbench.stats import divide, median_interval, ratio_interval


def drifting(draw, level: float, drift: list[float], seed: int) -> list[np.ndarray]:
    return [draw(seed + i, 200, spread=0.001, level=level * factor) for i, factor in enumerate(drift)]


@pytest.mark.parametrize("paired", [True, False])
def test_is_the_ratio_of_the_medians(paired: bool, draw) -> None:
    a, b = [draw(i, 100) for i in range(3)], [draw(9 + i, 100, level=2.0) for i in range(3)]
    ratio = ratio_interval(b, a, paired=paired)
    assert ratio.estimate == pytest.approx(median_interval(b).estimate / median_interval(a).estimate)


@pytest.mark.parametrize("paired", [True, False])
def test_swapping_the_sides_inverts_it(paired: bool, draw) -> None:
    a, b = [draw(i, 100) for i in range(3)], [draw(9 + i, 100, level=2.0) for i in range(3)]
    forth, back = ratio_interval(b, a, paired=paired), ratio_interval(a, b, paired=paired)
    assert (forth.estimate, forth.low, forth.high) == pytest.approx(
        (1 / back.estimate, 1 / back.high, 1 / back.low), rel=1e-12
    )


def test_pairing_cancels_what_both_share(draw) -> None:
    drift = [1.0, 1.02, 1.05, 1.03, 1.08]
    a, b = drifting(draw, 1.0, drift, 0), drifting(draw, 1.1, drift, 50)
    paired, apart = ratio_interval(b, a, paired=True), ratio_interval(b, a, paired=False)
    assert paired.holds(1.1)
    assert not paired.holds(1.0)
    assert apart.relative_half_width > 20 * paired.relative_half_width


def test_paired_by_hand() -> None:
    """Log ratios -d, 0, d: t(2) = 4.3027 times d / sqrt(3)."""
    level, d = 10**9, 0.01
    a = [np.full(5, level)] * 3
    b = [np.full(5, round(level * math.exp(x))) for x in (-d, 0.0, d)]
    interval = ratio_interval(b, a, paired=True)
    assert interval.high == pytest.approx(math.exp(4.302653 * d / math.sqrt(3)), rel=1e-7)


def test_equal_spreads_have_the_degrees_of_freedom_of_both_sides() -> None:
    a = [np.full(5, level) for level in (990_000, 1_000_000, 1_010_000)]
    assert ratio_interval(a, a, paired=False).degrees_of_freedom == pytest.approx(4.0)


def test_one_side_without_spread_leaves_the_other_sides_degrees() -> None:
    a = [np.full(5, level) for level in (990_000, 1_000_000, 1_010_000)]
    assert ratio_interval(a, [np.full(5, 1_000_000)] * 7, paired=False).degrees_of_freedom == pytest.approx(2.0)


def test_a_case_against_itself_holds_one(draw) -> None:
    a = [draw(i, 100) for i in range(3)]
    assert ratio_interval(a, a, paired=True).holds(1.0)


@pytest.mark.parametrize("paired", [True, False])
def test_single_rounds_are_flagged(paired: bool, draw) -> None:
    ratio = ratio_interval([draw(1, 300)], [draw(2, 300)], paired=paired)
    assert not ratio.between_rounds
    assert ratio.holds(1.0)


def test_one_flagged_side_flags_the_ratio(draw) -> None:
    three = [draw(i, 100) for i in range(3)]
    assert not ratio_interval([draw(9, 100)], three, paired=False).between_rounds


def test_pairs_need_equal_rounds() -> None:
    with pytest.raises(ValueError, match="equal rounds"):
        ratio_interval([np.array([1])] * 2, [np.array([1])] * 3, paired=True)


def test_dividing_published_figures_follows_their_ends(draw) -> None:
    measured = median_interval([draw(i, 100) for i in range(3)])
    ratio = divide(measured, measured)
    assert ratio.estimate == 1.0
    assert ratio.low == measured.low / measured.high
