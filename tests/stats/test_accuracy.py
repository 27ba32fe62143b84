"""Shares of pictures: against published values, and how often the intervals cover the true one."""

from __future__ import annotations

import numpy as np
import pytest

from devbench.stats.accuracy import mcnemar, paired_change, share


@pytest.mark.parametrize(
    ("hits", "pictures", "low", "high"),
    [  # Newcombe 1998 (Statistics in Medicine 17, 857), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval(hits: int, pictures: int, low: float, high: float) -> None:
    found = share(hits, pictures)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.estimate == hits / pictures
    mirrored = share(pictures - hits, pictures)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_a_change_is_of_the_pictures_that_changed() -> None:
    before = np.array([True] * 530 + [False] * 10)
    after = before.copy()
    after[:2] = False
    found = paired_change(before, after)
    assert (found.lost, found.won, found.pictures) == (2, 0, 540)
    assert found.estimate == -2 / 540
    assert (round(found.low, 4), round(found.high, 4)) == (-0.0109, 0.0035)
    assert found.p_value == 0.5
    back = paired_change(after, before)
    assert (back.low, back.high) == (-found.high, -found.low)
    same = paired_change(before, before)
    assert same.low < 0 < same.high, "no picture changed, of these"


@pytest.mark.parametrize(("lost", "won", "expected"), [(0, 0, 1.0), (1, 5, 0.21875), (0, 6, 0.03125), (3, 3, 1.0)])
def test_mcnemar_is_exact(lost: int, won: int, expected: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(expected)
    assert mcnemar(won, lost) == pytest.approx(expected)
    assert mcnemar(40_000 + lost, 40_000 + won) <= 1


@pytest.mark.parametrize(("flips", "pictures"), [(0.005, 500), (0.02, 200), (0.1, 100)])
def test_the_interval_of_a_change_covers_the_true_one(flips: float, pictures: int) -> None:
    random = np.random.RandomState(1)
    covered = 0
    for _ in range(1000):
        before = random.random_sample(pictures) < 0.9
        lost = before & (random.random_sample(pictures) < flips)
        won = ~before & (random.random_sample(pictures) < flips)
        found = paired_change(before, (before & ~lost) | won)
        covered += found.low <= 0.1 * flips - 0.9 * flips <= found.high
    assert covered >= 930


def test_what_is_no_share_is_refused() -> None:
    for hits, pictures in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="not a share"):
            share(hits, pictures)
    with pytest.raises(ValueError, match="not pairs"):
        paired_change(np.zeros(2, bool), np.zeros(3, bool))
