"""Rows of a history as series: one figure for each case, place and night, and what changed from night to night."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from devbench.domain.history import Floats, Series, night_order
from devbench.domain.night import LevelChange, SeriesKey
from devbench.history.columns import VERSIONS, as_tuple
from devbench.history.plain import Integers, mask_of
from devbench.history.reading import Rows, Which
from devbench.history.store import History

_FIGURES = ("fastest_ms", "fastest_low_ms", "fastest_high_ms", "within_sd", "median_ms", "temperature_c", "verdict")
_LEAST_SD = 0.0015  # several runs of one night: none counts for more than this
_SHORT = 8  # characters of a checksum or an id
_UNKNOWN_SD = 0.01


@dataclass(frozen=True, eq=False)
class Nightly:
    """One figure for each series and night that there is, by series and then by night.

    series, night: index into the rows' keys and nights. row: the last row of it, for what is not a number.
    log_ms, within_sd: logarithm of the undisturbed time, and its standard error as the runs alone show it.
    doubtful: contaminated.
    """

    rows: Rows
    series: Integers
    night: Integers
    row: npt.NDArray[np.int64]
    log_ms: Floats
    within_sd: Floats
    doubtful: npt.NDArray[np.bool_]

    def dense(self) -> tuple[Floats, Floats]:
        """Values and standard errors, series × nights; NaN where there is no figure, or one without weight."""
        shape = len(self.rows.keys), len(self.rows.nights)
        values, errors = np.full(shape, np.nan), np.full(shape, np.nan)
        good = ~self.doubtful
        values[self.series[good], self.night[good]] = self.log_ms[good]
        errors[self.series[good], self.night[good]] = self.within_sd[good]
        return values, errors


def nightly_of(rows: Rows) -> Nightly:
    """The figures of each night; of several runs in one night, their mean, without the contaminated ones if it can."""
    value = rows.numbers("fastest_ms")
    usable = np.flatnonzero(value > 0)
    codes, texts = rows.codes("verdict")
    bad = np.array([text == "contaminated" for text in texts], dtype=bool)[codes] if texts else np.zeros(0, dtype=bool)
    order = usable[np.lexsort((bad[usable], rows.night[usable], rows.series[usable]))]
    series, night, bad = rows.series[order], rows.night[order], bad[order]
    sd = rows.numbers("within_sd")[order]
    sd = np.where(np.isfinite(sd), sd, _UNKNOWN_SD)
    new = np.ones(len(order), dtype=bool)
    new[1:] = (series[1:] != series[:-1]) | (night[1:] != night[:-1])
    group = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    doubtful = bad[first]  # clean ones come first
    weight = np.where(bad & ~doubtful[group], 0.0, 1 / (sd**2 + _LEAST_SD**2))
    total = np.bincount(group, weight, minlength=len(first))
    log_ms = np.bincount(group, weight * np.log(value[order]), minlength=len(first)) / total
    within = np.sqrt(np.maximum(1 / total - _LEAST_SD**2 / np.maximum(_counts(group, weight), 1), 0.0))
    return Nightly(rows, series[first], night[first], order[first], log_ms, within, doubtful)


def _counts(group: npt.NDArray[np.int64], weight: Floats) -> Floats:
    return np.bincount(group, weight > 0, minlength=int(group[-1]) + 1 if len(group) else 0).astype(np.float64)


def day_before(night: str, days: int) -> str:
    """The day that many days before a night."""
    try:
        return (date.fromisoformat(night_order(night)[0]) - timedelta(days=days)).isoformat()
    except (OverflowError, ValueError):
        return ""


def series_since(
    history: History,
    night: str,
    days: int = 90,
    wants: Callable[[SeriesKey], bool] = lambda _: True,
) -> tuple[Series, ...]:
    """Every series with a figure in the `days` before `night` (included), with what changed and what was decided."""
    which = Which(
        wants=wants,
        since=day_before(night, days),
        until=night,
        purposes=("", "again"),
        columns=(*_FIGURES, *VERSIONS),
    )
    rows = history.read(which)
    kept = [one.change for one in history.changes(until=night)]
    return tuple(_series(rows, kept))


def _series(rows: Rows, kept: Iterable[LevelChange]) -> Iterable[Series]:
    codes, texts = rows.codes("purpose")
    again = np.array([text == "again" for text in texts], dtype=bool)[codes] if texts else np.zeros(0, dtype=bool)
    nights_again: dict[int, set[int]] = {}
    for series, night in zip(rows.series[again], rows.night[again], strict=True):
        nights_again.setdefault(int(series), set()).add(int(night))
    nightly = nightly_of(_only(rows, ~again))
    what = versions_of(nightly)
    changes = list(kept)
    low, high, median, temperature = (
        nightly.rows.numbers(name)[nightly.row]
        for name in ("fastest_low_ms", "fastest_high_ms", "median_ms", "temperature_c")
    )
    bounds = np.searchsorted(nightly.series, np.arange(len(rows.keys) + 1))
    for number, key in enumerate(rows.keys):
        part = slice(int(bounds[number]), int(bounds[number + 1]))
        if part.start == part.stop:
            continue
        value = np.exp(nightly.log_ms[part])
        yield Series(
            key=key,
            nights=tuple(rows.nights[one] for one in nightly.night[part]),
            undisturbed_ms=value,
            low_ms=low[part],
            high_ms=high[part],
            median_ms=median[part],
            temperature_c=temperature[part],
            doubtful=nightly.doubtful[part],
            versions=tuple((rows.nights[int(nightly.night[at])], text) for at, text in what.get(number, ())),
            again_nights=tuple(rows.nights[one] for one in sorted(nights_again.get(number, ()))),
            changes=tuple(change for change in changes if touches(change.key, key)),
        )


def _only(rows: Rows, keep: npt.NDArray[np.bool_]) -> Rows:
    if keep.all():
        return rows
    return Rows(rows.keys, rows.nights, rows.series[keep], rows.night[keep], rows.table.filter(mask_of(keep)))


def touches(change: SeriesKey, key: SeriesKey) -> bool:
    """Whether a change with this key is one of the series `key`: an empty field is all of them."""
    return all(mine in ("", its) for mine, its in zip(as_tuple(change), as_tuple(key), strict=True))


def versions_of(nightly: Nightly) -> dict[int, list[tuple[int, str]]]:
    """What is new, by series: the index into `nightly` from which on it is, and a text."""
    found: dict[int, list[tuple[int, str]]] = {}
    same = np.zeros(len(nightly.series), dtype=bool)
    same[1:] = nightly.series[1:] == nightly.series[:-1]
    for column in VERSIONS:
        codes, texts = nightly.rows.codes(column)
        own = codes[nightly.row]
        for at in np.flatnonzero(same & (own != np.roll(own, 1))):
            text = difference(column, texts[own[at - 1]], texts[own[at]])
            if text:
                found.setdefault(int(nightly.series[at]), []).append((int(at), text))
    return found


def difference(column: str, before: str, after: str) -> str:
    """What is new in words, such as `runtime 2.1.0 → 2.1.1`; "" where there is nothing to say."""
    name = VERSIONS[column]
    if before == after:
        return ""
    if column == "boot_id":
        return "booted" if before and after else ""
    if column in ("artifact_sha256", "machine_id"):
        before, after = before[:_SHORT], after[:_SHORT]
    return f"{name} {before or 'unknown'} → {after or 'unknown'}"
