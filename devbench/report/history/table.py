"""Series of a history as lines for a terminal, as CSV and as plain data."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from devbench.domain.history import KeptChange, Series
from devbench.domain.night import LevelChange
from devbench.report.history.sparkline import sparkline
from devbench.report.numbers import milliseconds
from devbench.report.screen import ScreenLine, aligned, wrapped

_HEADER = ("case", "place", "nights", "first", "last", "change", "undisturbed time")
_CSV = (
    "night",
    "model",
    "precision",
    "runtime",
    "options",
    "device",
    "place",
    "undisturbed_ms",
    "low_ms",
    "high_ms",
    "median_ms",
    "contaminated",
    "temperature_c",
    "measured_again",
    "new",
)


def table_lines(series: Sequence[Series], notes: Sequence[str], width: int) -> list[ScreenLine]:
    """A row for each series, what was decided about them, and what could not be read."""
    lines = aligned(_HEADER, [_row(one) for one in series], width, right=(2, 3, 4, 5))
    told = list(dict.fromkeys(change for one in series for change in one.changes if change.status == "confirmed"))
    if told:
        lines += [(), *[line for change in told for line in wrapped(change_text(change), width, indent="  ")]]
    if any(one.doubtful.any() for one in series):
        lines += [(), *wrapped("·  contaminated: counts for nothing", width)]
    for note in notes:
        lines += wrapped(f"note: {note}", width, indent="  ")
    return lines


def change_text(change: LevelChange) -> str:
    """A change in one sentence: what, how much, since when, and what else changed then."""
    more = 100 * (change.ratio - 1)
    size = f"{abs(more):.1f} % {'slower' if more > 0 else 'faster'} [{_signed(change.low)}, {_signed(change.high)}]"
    then = f"; changed then: {', '.join(change.changed_then)}" if change.changed_then else ""
    return f"{change.key.text}: {size} since {change.first_night} ({change.kind}, {change.status}){then}"


def series_csv(series: Sequence[Series]) -> str:
    """A row for each series and night; an empty cell is unknown."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV, lineterminator="\n")
    writer.writeheader()
    for one in series:
        new: dict[str, list[str]] = {}
        for night, what in one.versions:
            new.setdefault(night, []).append(what)
        for number, night in enumerate(one.nights):
            writer.writerow(
                {
                    "night": night,
                    **_key(one),
                    "undisturbed_ms": _cell(one.undisturbed_ms[number]),
                    "low_ms": _cell(one.low_ms[number]),
                    "high_ms": _cell(one.high_ms[number]),
                    "median_ms": _cell(one.median_ms[number]),
                    "contaminated": "yes" if one.doubtful[number] else "no",
                    "temperature_c": _cell(one.temperature_c[number], 1),
                    "measured_again": "yes" if night in one.again_nights else "no",
                    "new": ";".join(text.replace(";", ",") for text in new.get(night, ())),
                }
            )
    return text.getvalue()


def series_data(series: Sequence[Series], kept: Sequence[KeptChange], notes: Sequence[str]) -> dict[str, Any]:
    """The same as plain data, with every decision; null is unknown."""
    return {
        "series": [
            {
                **_key(one),
                "nights": list(one.nights),
                "undisturbed_ms": _numbers(one.undisturbed_ms),
                "low_ms": _numbers(one.low_ms),
                "high_ms": _numbers(one.high_ms),
                "median_ms": _numbers(one.median_ms),
                "temperature_c": _numbers(one.temperature_c),
                "contaminated": [bool(value) for value in one.doubtful],
                "measured_again": list(one.again_nights),
                "new": [{"night": night, "what": what} for night, what in one.versions],
            }
            for one in series
        ],
        "changes": [{"decided": one.night, **change_data(one.change)} for one in kept],
        "notes": list(notes),
    }


def change_data(change: LevelChange) -> dict[str, Any]:
    """A change as plain data."""
    from dataclasses import asdict

    found = asdict(change)
    found["changed_then"] = list(change.changed_then)
    found["again"] = list(change.again)
    return found


def _row(one: Series) -> tuple[str, ...]:
    good = [float(value) for value, bad in zip(one.undisturbed_ms, one.doubtful, strict=True) if not bad]
    what = " ".join(filter(None, (one.key.model, one.key.precision, one.key.runtime, one.key.options)))
    where = " ".join(filter(None, (one.key.device, one.key.place)))
    first, last = (f"{milliseconds(good[at])} ms" if good else "" for at in (0, -1))
    change = f"{100 * (good[-1] / good[0] - 1):+.1f} %" if len(good) > 1 else ""
    return what, where, str(len(one.nights)), first, last, change, sparkline(_list(one.undisturbed_ms), _flags(one))


def _list(values: Any) -> list[float]:
    return [float(value) for value in values]


def _flags(one: Series) -> list[bool]:
    return [bool(value) for value in one.doubtful]


def _key(one: Series) -> dict[str, str]:
    key = one.key
    return {
        "model": key.model,
        "precision": key.precision,
        "runtime": key.runtime,
        "options": key.options,
        "device": key.device,
        "place": key.place,
    }


def _numbers(values: Any) -> list[float | None]:
    return [round(float(value), 6) if math.isfinite(value) else None for value in values]


def _cell(value: float, digits: int = 6) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else ""


def _signed(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"
