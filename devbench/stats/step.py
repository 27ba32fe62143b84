"""The last nights of many series against those before them: one step of their level, on logarithms.

The weight of a night is 1 over the sum of two variances: that of its own figure, which its interval tells, and that
between nights, which only the nights tell. Means are Huber's, so that one odd night decides nothing. Nights that
resemble their neighbours tell less than independent ones: the variance of each mean is widened by the correlation
between nights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devbench.stats.alike import alike_alone, alike_of_all, widened
from devbench.stats.huber import Floats, huber_means, row_medians
from devbench.stats.spread import FEWEST_NIGHTS, PRIOR_NIGHTS, prior_nights, spread_of

NIGHTS_BEFORE = 35
FEWEST_BEFORE = FEWEST_NIGHTS
_ALONE_SD = 0.006  # what nights differ by, before a series that stands alone has shown anything
_CLIP = 3.0


@dataclass(frozen=True, eq=False)
class Recent:
    """The newest figures of each series, series × nights; one that has fewer begins with NaN.

    values, errors: logarithms and their standard errors. order: index of each night. present: which nights are of the
    present level; those before it tell of the spread alone. alone, related, least_sd: as for `shifts`.
    """

    values: Floats
    errors: Floats
    order: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_]
    alone: npt.NDArray[np.bool_]
    related: bool
    least_sd: float


@dataclass(frozen=True, eq=False)
class _Autocorrelation:
    """How much nights resemble the nights before them, and what that costs.

    by_lag: with 1, 2… nights before, series × lags. most: what the first of them may well be. degrees_of_freedom: of
    the spread between nights. too_small: by what share the variance between nights is underestimated.
    """

    by_lag: Floats
    most: Floats
    degrees_of_freedom: Floats
    too_small: Floats


def step(recent: Recent, last: int) -> dict[str, Floats]:
    """Hold the last `last` nights against up to 35 before them; fields of `Shifts` by name."""
    end = recent.values.shape[1] - last
    begin = max(end - NIGHTS_BEFORE, 0)
    values, errors = recent.values[:, begin:end], recent.errors[:, begin:end]
    present = recent.present[:, begin:end]
    residual = _residual(values, present)
    spread = _spread(recent, residual, errors)
    variance = errors**2 + spread[:, None] ** 2
    before, of_before = huber_means(np.where(present, values, np.nan), variance)
    after, of_after = _after(recent.values[:, end:], recent.errors[:, end:] ** 2 + spread[:, None] ** 2, before)
    correlation = _autocorrelation(recent, end, residual, variance, spread)
    nights = present.sum(axis=1)
    of_difference = of_before * widened(correlation.by_lag, nights) + of_after * widened(
        correlation.by_lag, np.full_like(nights, last)
    )
    # Of the variance of a night, only that between nights is an estimate from these nights (Welch and Satterthwaite).
    estimated = spread**2 / (spread**2 + np.nan_to_num(row_medians(errors)) ** 2)
    sd = np.sqrt(of_difference * (1 + estimated * correlation.too_small))
    enough = (np.isfinite(residual).sum(axis=1) >= FEWEST_BEFORE) & (nights > 0)
    t = np.where(enough, (after - before) / sd, 0.0)
    return {
        "z": np.nan_to_num(_as_normal(t, correlation.degrees_of_freedom / estimated**2)),
        "nights": np.full(len(t), float(last)),
        "difference": after - before,
        "sd": sd,
        "before": before,
        "nights_before": nights.astype(np.float64),
        "spread": spread,
        "correlation": correlation.by_lag[:, 0],
        "most_correlation": correlation.most,
    }


def no_step(series: int) -> dict[str, Floats]:
    """What `step` would give of so many series of which nothing can be said."""
    unknown = ("difference", "sd", "before", "spread", "correlation", "most_correlation")
    found = {name: np.full(series, np.nan) for name in unknown}
    return found | {name: np.zeros(series) for name in ("z", "nights", "nights_before")}


def beyond_line(recent: Recent, found: dict[str, Floats]) -> Floats:
    """What is left of the step, in standard errors, when a straight line through all these nights is taken out."""
    x = recent.values
    room = x.shape[1]
    nights, spread, before, difference = (
        np.nan_to_num(found[name])[:, None] for name in ("nights", "spread", "before", "difference")
    )
    place = np.arange(room)[None, :]
    rise = (place >= room - nights).astype(np.float64)
    used = recent.present & (place >= room - nights - NIGHTS_BEFORE) & (nights > 0)
    sd = np.sqrt(np.where(used, recent.errors, 1.0) ** 2 + spread**2)
    weight = np.where(used, 1 / np.maximum(sd, 1e-6) ** 2, 0.0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    level = before + difference * rise
    filled = level + np.clip(np.where(used, x - level, 0.0), -_CLIP * sd, _CLIP * sd)  # an odd night bends no line

    def centred(array: Floats) -> Floats:
        about_zero: Floats = array - ((weight * array).sum(axis=1) / total)[:, None]
        return about_zero

    line, rise, filled = centred(np.broadcast_to(place.astype(np.float64), x.shape)), centred(rise), centred(filled)
    along = np.maximum((weight * line**2).sum(axis=1), 1e-300)
    rise = rise - ((weight * line * rise).sum(axis=1) / along)[:, None] * line
    size = np.maximum((weight * rise**2).sum(axis=1), 1e-300)
    beyond: Floats = (weight * rise * filled).sum(axis=1) / np.sqrt(size)
    return beyond


def _spread(recent: Recent, residual: Floats, errors: Floats) -> Floats:
    """The standard deviation between nights; of a series alone it begins at a usual one."""
    spread = spread_of(residual, errors, recent.least_sd, related=recent.related)
    if not recent.alone.any():
        return spread
    count = np.isfinite(residual).sum(axis=1)  # a few nights may be alike by chance
    likely = (count * spread**2 + PRIOR_NIGHTS * _ALONE_SD**2) / (count + PRIOR_NIGHTS)
    return np.where(recent.alone, np.sqrt(likely), spread)


def _autocorrelation(recent: Recent, end: int, residual: Floats, variance: Floats, spread: Floats) -> _Autocorrelation:
    """Of the nights before the step. end: index of its first one."""
    nights, alone = np.isfinite(residual).sum(axis=1), recent.alone
    by_lag = alike_of_all(residual, variance, related=recent.related)
    most, degrees = by_lag[:, 0], nights - 1 + (prior_nights(len(alone)) if recent.related else 0.0)
    too_small = np.zeros(len(alone))
    if alone.any():  # all nights that there are tell how long states last
        by_lag, most = by_lag.copy(), most.copy()
        far = recent.errors[alone, :end] ** 2 + spread[alone, None] ** 2
        own, most[alone] = alike_alone(_residual(recent.values[alone, :end], recent.present[alone, :end]), far)
        by_lag[alone] = own[:, : by_lag.shape[1]]
        # Nights that resemble each other differ from their own mean by less than from the true level, and what they
        # say of the spread is worth that of fewer independent ones.
        degrees = np.where(alone, np.maximum(nights / widened(by_lag**2, nights) - 1, 1.0), degrees)
        share = np.minimum(widened(by_lag, nights) / np.maximum(nights, 1), 0.5)
        too_small = np.where(alone, share / (1 - share), 0.0)
    return _Autocorrelation(by_lag, most, degrees, too_small)


def _residual(values: Floats, present: npt.NDArray[np.bool_]) -> Floats:
    """Each night from the middle of the present level; one of the levels before from the middle of those."""
    residual = values - row_medians(np.where(present, values, np.nan))[:, None]
    if (changed := ~present & np.isfinite(values)).any():  # they tell of the spread
        residual = np.where(changed, values - row_medians(np.where(present, np.nan, values))[:, None], residual)
    found: Floats = residual
    return found


def _after(values: Floats, variance: Floats, before: Floats) -> tuple[Floats, Floats]:
    """The new level. Of two nights that do not agree, the one nearer to the old level: both must have left it."""
    mean, of_mean = huber_means(values, variance)
    if values.shape[1] != 2:  # noqa: PLR2004
        return mean, of_mean
    first, second = values[:, 0], values[:, 1]
    apart = np.abs(first - second) > _CLIP * np.sqrt(variance.sum(axis=1))
    nearer = np.where(np.abs(first - before) < np.abs(second - before), first, second)
    return np.where(apart, nearer, mean), of_mean


def _as_normal(t: Floats, degrees: Floats) -> Floats:
    """What Student's t would be as a normal (Wallace 1959, Annals of Mathematical Statistics 30, 1121-1130)."""
    degrees = np.maximum(degrees, 1)
    size = (8 * degrees + 1) / (8 * degrees + 3) * np.sqrt(degrees * np.log1p(t**2 / degrees))
    return np.sign(t) * size
