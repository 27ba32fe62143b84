"""How many answers are right, and how much that changed between two files: shares of pictures with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from devbench.stats.interval import check_level

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Share:
    """A share of pictures, as 0.98, with its interval: `hits` of `pictures`."""

    estimate: float
    low: float
    high: float
    hits: int
    pictures: int


@dataclass(frozen=True)
class PairedChange:
    """How much the share of right answers changed on the same pictures: -0.01 is one point less.

    lost: right before and wrong now. won: the other way. p_value: McNemar's, exact: how often chance alone would
    make two equally good files differ by as much.
    """

    estimate: float
    low: float
    high: float
    lost: int
    won: int
    pictures: int
    p_value: float


def share(hits: int, pictures: int, level: float = 0.95) -> Share:
    """Return the share with Wilson's score interval, which stays within 0 and 1 and covers also near its ends.

    Source: Wilson 1927; Brown, Cai & DasGupta 2001 (doi 10.1214/ss/1009213286).

    Raises:
        ValueError: no pictures, more hits than pictures, a level outside its range.

    """
    check_level(level)
    if pictures < 1 or not 0 <= hits <= pictures:
        raise ValueError(f"{hits} of {pictures} is not a share")
    square = _quantile(level) ** 2
    estimate = hits / pictures
    middle = (estimate + square / (2 * pictures)) / (1 + square / pictures)
    reach = math.sqrt(square * (estimate * (1 - estimate) + square / (4 * pictures)) / pictures) / (
        1 + square / pictures
    )
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return Share(estimate, 0.0 if not hits else low, 1.0 if hits == pictures else high, hits, pictures)


def paired_change(before: Flags, after: Flags, level: float = 0.95) -> PairedChange:
    """Return how the share of right answers changed from `before` to `after`, with the interval of Bonett and Price.

    That is Wald's interval for paired shares with one lost and one won picture added: it covers well from few pictures
    on, and is not empty where no picture changed. Source: Bonett & Price 2012 (doi 10.3102/1076998611411915).

    Args:
        before, after: whether each picture was answered rightly, shape (pictures,); the same pictures, same order.
        level: between 0 and 1.

    Raises:
        ValueError: no pictures, different numbers of them, a level outside its range.

    """
    check_level(level)
    if before.shape != after.shape or before.ndim != 1 or not before.size:
        raise ValueError(f"these are not pairs: {before.shape} and {after.shape}")
    pictures = int(before.size)
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    one, other = (lost + 1) / (pictures + 2), (won + 1) / (pictures + 2)
    reach = _quantile(level) * math.sqrt((one + other - (one - other) ** 2) / (pictures + 2))
    return PairedChange(
        estimate=(won - lost) / pictures,
        low=max(-1.0, other - one - reach),
        high=min(1.0, other - one + reach),
        lost=lost,
        won=won,
        pictures=pictures,
        p_value=mcnemar(lost, won),
    )


def mcnemar(lost: int, won: int) -> float:
    """Return the exact two-sided p-value of McNemar's test: the smaller of two counts under a fair coin."""
    if lost < 0 or won < 0:
        raise ValueError("counts are not below 0")
    flips = lost + won
    if not flips:
        return 1.0
    counts = np.arange(min(lost, won) + 1)
    logs = math.lgamma(flips + 1) - np.array([math.lgamma(k + 1) + math.lgamma(flips - k + 1) for k in counts.tolist()])
    return min(1.0, float(2 * np.exp(logs - flips * math.log(2)).sum()))


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
