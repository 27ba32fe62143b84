"""Has the level of a series changed in the last nights? For many series at once, on logarithms.

The last 1 to 14 nights are held against up to 35 before them. The weight of a night is 1 over the sum of two
variances: that of its own figure, which its interval tells, and that between nights, which only the nights tell. Means
are Huber's, so that one odd night decides nothing. Nights that resemble their neighbours tell less than independent
ones: the variance of each mean is widened by the correlation between nights. A slow drift is not a step: a straight
line through all these nights must leave something of it.

benchmarks/lab/alarms.py counts false alarms, and how soon steps are found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from devbench.stats.alike import alike_alone, alike_of_all, widened
from devbench.stats.drift import drift
from devbench.stats.huber import Floats, huber_means, row_medians
from devbench.stats.spread import FEWEST_NIGHTS, PRIOR_NIGHTS, prior_nights, spread_of

LAST_NIGHTS = 14
NIGHTS_BEFORE = 35
FEWEST_BEFORE = FEWEST_NIGHTS
LEAST_SD = 0.0015  # between nights: nothing that is measured is steadier
_ALONE_SD = 0.006  # what nights differ by, before a series that stands alone has shown anything
_CLIP = 3.0


@dataclass(frozen=True, eq=False)
class Shifts:
    """What the last night says of each series; an array with an element for each.

    z: the difference in standard errors, as of a normal distribution; 0 where nothing can be said. nights: how many
    the new level has. difference: of logarithms, after less before; sd: its standard error. before: the level before.
    nights_before: how many nights that is of. spread: standard deviation between nights. correlation: with the night
    before; most_correlation: what it may well be, of series that are alone, as `shifts` was told.
    beyond_line: the same as z, of what a straight line does not explain.
    first, last: index of the first night of the new level, and of the last one before it.
    drift: what a straight line through all these nights rises by; drift_z: in standard errors, 0 where it is of too few
    nights. middle, drift_nights: index of the night in their middle, and how many they are.
    """

    z: Floats
    nights: npt.NDArray[np.int64]
    difference: Floats
    sd: Floats
    before: Floats
    nights_before: npt.NDArray[np.int64]
    spread: Floats
    correlation: Floats
    most_correlation: Floats
    alone: npt.NDArray[np.bool_]
    beyond_line: Floats
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    drift: Floats
    drift_z: Floats
    middle: npt.NDArray[np.int64]
    drift_nights: npt.NDArray[np.int64]


def shifts(
    values: Floats,
    errors: Floats,
    starts: npt.NDArray[np.int64] | None = None,
    *,
    fewest_nights: int = 1,
    least_sd: float = LEAST_SD,
    related: bool = True,
    alone: npt.NDArray[np.bool_] | None = None,
) -> Shifts:
    """Return what the last night (the last column) says of the level of each series (a row).

    Args:
        values: logarithms, series × nights; NaN where there is no figure, or one that must not count.
        errors: standard error of each; the same shape.
        starts: the first night of each series' present level, 0 where it never changed. Earlier nights tell of the
            spread alone: their levels must have been taken out.
        fewest_nights: how many nights a new level must have.
        least_sd: the least that nights are taken to differ by, beyond their errors.
        related: whether spread and correlation of the other series tell something of each one.
        alone: the series that may show states which last for nights, and of which no other tells how long.

    """
    count, total = values.shape
    alone = np.zeros(count, dtype=bool) if alone is None else alone
    starts = np.zeros(count, dtype=np.int64) if starts is None else starts
    known = np.isfinite(values) & np.isfinite(errors)
    near = min(NIGHTS_BEFORE + LAST_NIGHTS, total)
    room = total if alone.any() else near
    order = np.argsort(known, axis=1, kind="stable")[:, total - room :]  # those without a figure go to the left
    there = np.take_along_axis(known, order, axis=1)
    x = np.where(there, np.take_along_axis(values, order, axis=1), np.nan)
    s = np.where(there, np.take_along_axis(errors, order, axis=1), np.nan)
    inside = there & (order >= starts[:, None])
    tonight = known[:, -1] if total else np.zeros(count, dtype=bool)
    best = _nothing(count)
    for last in range(fewest_nights, min(LAST_NIGHTS, room - 1) + 1):
        found = _window(x, s, inside, last, least_sd, alone, related=related)
        eligible = tonight & inside[:, room - last :].all(axis=1) & np.isfinite(found["z"])
        better = eligible & (np.abs(found["z"]) > np.abs(best["z"]))
        for name, array in found.items():
            best[name] = np.where(better, array, best[name])
        best["nights"] = np.where(better, last, best["nights"])
    nights = best["nights"].astype(np.int64)
    rows = np.arange(count)
    place = np.clip(room - np.maximum(nights, 1), 1, room - 1) if room > 1 else np.zeros(count, dtype=np.int64)
    far = room - near
    return Shifts(
        z=best["z"],
        nights=nights,
        difference=best["difference"],
        sd=best["sd"],
        before=best["before"],
        nights_before=best["nights_before"].astype(np.int64),
        spread=best["spread"],
        correlation=best["correlation"],
        most_correlation=best["most_correlation"],
        alone=alone,
        beyond_line=_beyond_line(x, s, inside, best),
        first=order[rows, place] if room else place,
        last=order[rows, np.maximum(place - 1, 0)] if room else place,
        **drift(x[:, far:], s[:, far:], inside[:, far:] & tonight[:, None], order[:, far:], least_sd, related=related),
    )


def levels(values: Floats, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the level of each series, the variance of that, and the standard deviation between nights.

    values, errors: series × nights, as for `shifts`; the last ones are used.
    """
    x, s = values[:, -NIGHTS_BEFORE:], errors[:, -NIGHTS_BEFORE:]
    residual = x - row_medians(x)[:, None]
    spread = spread_of(residual, s, LEAST_SD, related=True)
    variance = s**2 + spread[:, None] ** 2
    mean, of_mean = huber_means(x, variance)
    return mean, of_mean * widened(alike_of_all(residual, variance, related=True), np.isfinite(x).sum(axis=1)), spread


def _nothing(count: int) -> dict[str, Floats]:
    unknown = ("difference", "sd", "before", "spread", "correlation", "most_correlation")
    found = {name: np.full(count, np.nan) for name in unknown}
    return found | {name: np.zeros(count) for name in ("z", "nights", "nights_before")}


def _window(
    x: Floats,
    s: Floats,
    inside: npt.NDArray[np.bool_],
    last: int,
    least_sd: float,
    alone: npt.NDArray[np.bool_],
    *,
    related: bool,
) -> dict[str, Floats]:
    """The last `last` nights against those before them."""
    end = x.shape[1] - last
    begin = max(end - NIGHTS_BEFORE, 0)
    before, error, level = x[:, begin:end], s[:, begin:end], inside[:, begin:end]
    residual = _residual(before, level)
    spread = spread_of(residual, error, least_sd, related=related)
    if alone.any():  # a few nights may be alike by chance
        count = np.isfinite(residual).sum(axis=1)
        likely = (count * spread**2 + PRIOR_NIGHTS * _ALONE_SD**2) / (count + PRIOR_NIGHTS)
        spread = np.where(alone, np.sqrt(likely), spread)
    variance = error**2 + spread[:, None] ** 2
    mean, of_mean = huber_means(np.where(level, before, np.nan), variance)
    after_variance = s[:, end:] ** 2 + spread[:, None] ** 2
    after, of_after = _after(x[:, end:], after_variance, mean)
    nights, of_level = np.isfinite(residual).sum(axis=1), level.sum(axis=1)
    correlations = alike_of_all(residual, variance, related=related)
    most, degrees = correlations[:, 0], nights - 1 + (prior_nights(len(x)) if related else 0.0)
    # Of the variance of a night, only that between nights is an estimate from these nights (Welch and Satterthwaite).
    estimated = spread**2 / (spread**2 + np.nan_to_num(row_medians(error)) ** 2)
    too_small = np.zeros(len(x))
    if alone.any():  # all nights that there are tell how long states last
        correlations, most = correlations.copy(), most.copy()
        far = s[alone, :end] ** 2 + spread[alone, None] ** 2
        own, most[alone] = alike_alone(_residual(x[alone, :end], inside[alone, :end]), far)
        correlations[alone] = own[:, : correlations.shape[1]]
        # Nights that resemble each other differ from their own mean by less than from the true level, and what they
        # say of the spread is worth that of fewer independent ones.
        degrees = np.where(alone, np.maximum(nights / widened(correlations**2, nights) - 1, 1.0), degrees)
        share = np.minimum(widened(correlations, nights) / np.maximum(nights, 1), 0.5)
        too_small = np.where(alone, share / (1 - share), 0.0)
    variance_of_difference = of_mean * widened(correlations, of_level) + of_after * widened(
        correlations, np.full_like(nights, last)
    )
    sd = np.sqrt(variance_of_difference * (1 + estimated * too_small))
    difference = after - mean
    enough = (nights >= FEWEST_BEFORE) & (of_level > 0)
    t = np.where(enough, difference / sd, 0.0)
    return {
        "z": np.nan_to_num(_as_normal(t, degrees / estimated**2)),
        "difference": difference,
        "sd": sd,
        "before": mean,
        "nights_before": of_level.astype(np.float64),
        "spread": spread,
        "correlation": correlations[:, 0],
        "most_correlation": most,
    }


def _residual(x: Floats, level: npt.NDArray[np.bool_]) -> Floats:
    """Each night from the middle of the present level; one of the levels before from the middle of those."""
    residual = x - row_medians(np.where(level, x, np.nan))[:, None]
    if (changed := ~level & np.isfinite(x)).any():  # they tell of the spread
        residual = np.where(changed, x - row_medians(np.where(level, np.nan, x))[:, None], residual)
    found: Floats = residual
    return found


def _after(x: Floats, variance: Floats, before: Floats) -> tuple[Floats, Floats]:
    """The new level. Of two nights that do not agree, the one nearer to the old level: both must have left it."""
    mean, of_mean = huber_means(x, variance)
    if x.shape[1] != 2:  # noqa: PLR2004
        return mean, of_mean
    apart = np.abs(x[:, 0] - x[:, 1]) > _CLIP * np.sqrt(variance.sum(axis=1))
    nearer = np.where(np.abs(x[:, 0] - before) < np.abs(x[:, 1] - before), x[:, 0], x[:, 1])
    return np.where(apart, nearer, mean), of_mean


def _as_normal(t: Floats, degrees: Floats | npt.NDArray[np.int64]) -> Floats:
    """What Student's t would be as a normal (Wallace 1959, Annals of Mathematical Statistics 30, 1121-1130)."""
    degrees = np.maximum(degrees, 1)
    size = (8 * degrees + 1) / (8 * degrees + 3) * np.sqrt(degrees * np.log1p(t**2 / degrees))
    return np.sign(t) * size


def _beyond_line(x: Floats, s: Floats, inside: npt.NDArray[np.bool_], best: dict[str, Floats]) -> Floats:
    """What is left of the step, in standard errors, when a straight line through all these nights is taken out."""
    room = x.shape[1]
    nights, spread, before, difference = (
        np.nan_to_num(best[name])[:, None] for name in ("nights", "spread", "before", "difference")
    )
    place = np.arange(room)[None, :]
    step = (place >= room - nights).astype(np.float64)
    used = inside & (place >= room - nights - NIGHTS_BEFORE) & (nights > 0)
    sd = np.sqrt(np.where(used, s, 1.0) ** 2 + spread**2)
    weight = np.where(used, 1 / np.maximum(sd, 1e-6) ** 2, 0.0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    level = before + difference * step
    filled = level + np.clip(np.where(used, x - level, 0.0), -_CLIP * sd, _CLIP * sd)  # an odd night bends no line

    def centred(array: Floats) -> Floats:
        found: Floats = array - ((weight * array).sum(axis=1) / total)[:, None]
        return found

    line, step, filled = centred(np.broadcast_to(place.astype(np.float64), x.shape)), centred(step), centred(filled)
    along = np.maximum((weight * line**2).sum(axis=1), 1e-300)
    step = step - ((weight * line * step).sum(axis=1) / along)[:, None] * line
    size = np.maximum((weight * step**2).sum(axis=1), 1e-300)
    beyond: Floats = (weight * step * filled).sum(axis=1) / np.sqrt(size)
    return beyond
