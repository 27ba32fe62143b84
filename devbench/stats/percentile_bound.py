"""An upper bound of a percentile that is right 99 times in 100, from the order of the samples alone."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def percentile_upper_bound(rounds: Sequence[NDArray[np.int64]], percent: float, confidence: float = 0.99) -> int | None:
    """Return a latency in nanoseconds that the true percentile does not exceed, or None for too few samples.

    The early-stopping estimate of MLPerf LoadGen (inference_rules, "Early Stopping Criterion"): of q samples,
    find the largest t whose binomial tail is at most 1 - confidence, discard the t - 1 slowest, report the
    slowest that is left. Rounds are pooled. It takes samples as independent, as MLPerf does: where they are
    strongly autocorrelated, or the rounds differ more than the samples, the confidence is less than stated.

    Args:
        rounds: one array per round, shape (n_i,), nanoseconds.
        percent: 90 for p90; between 0 and 100, both excluded.
        confidence: between 0 and 1, both excluded.

    Raises:
        ValueError: percent or confidence outside its range.

    """
    _check(percent, confidence)
    pooled = np.concatenate([np.empty(0, np.int64), *rounds])
    allowed = _allowed_over(pooled.size, 1 - percent / 100, confidence)
    if allowed < 1:
        return None
    position = pooled.size - allowed  # 0-based, once the allowed - 1 slowest are discarded
    return int(np.partition(pooled, position)[position])


def minimum_samples(percent: float, confidence: float = 0.99) -> int:
    """Return how many samples the bound needs: 64 for p90, 662 for p99; ValueError as above."""
    _check(percent, confidence)
    share_over = 1 - percent / 100
    few, enough = 0, 1
    while _allowed_over(enough, share_over, confidence) < 1:
        few, enough = enough, enough * 2
    while enough - few > 1:
        middle = (few + enough) // 2
        if _allowed_over(middle, share_over, confidence) < 1:
            few = middle
        else:
            enough = middle
    return enough


def _check(percent: float, confidence: float) -> None:
    if not 0 < percent < 100:  # noqa: PLR2004
        raise ValueError(f"percent must lie between 0 and 100, not {percent}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")


def _allowed_over(samples: int, share_over: float, confidence: float) -> int:
    """Largest t with P(at most t of the samples lie over the percentile) <= 1 - confidence; -1 for none."""
    # The tail passes one half at the mean: no confidence worth stating looks further.
    highest = min(samples, math.ceil(samples * share_over) + 1)
    counts = np.arange(highest)
    steps = np.log(samples - counts) - np.log(counts + 1) + math.log(share_over) - math.log1p(-share_over)
    log_chances = samples * math.log1p(-share_over) + np.concatenate([[0.0], np.cumsum(steps)])
    log_tails = np.logaddexp.accumulate(log_chances)
    return int(np.searchsorted(log_tails, math.log1p(-confidence), side="right")) - 1
