"""Small plots of a figure over nights, as inline SVG: thousands fit on a page, in the page's own colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import floor, isfinite, log10

import numpy as np

from devbench.domain.history import Floats, Series, night_order
from devbench.domain.night import LevelChange
from devbench.printable import one_line
from devbench.report.numbers import milliseconds

WIDTH, HEIGHT = 180, 40
_AXIS = 33  # below it are the marks of versions
_LEAST_SPAN = 0.03  # on each side of the median: noise is not blown up to the height of the plot
_HALF_A_DAY = 0.5
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True)
class Days:
    """The time axis that all plots of a page share: from the first night to the last, in days."""

    first: float
    last: float

    @classmethod
    def of(cls, nights: Sequence[str]) -> Days:
        """Of all these nights."""
        days = [day_of(one) for one in nights]
        return cls(first=min(days, default=0.0), last=max(days, default=1.0))

    def share(self, day: float) -> float:
        """Where a day is between the first, 0, and the last, 1."""
        return (day - self.first) / max(self.last - self.first, 1.0)


def day_of(night: str) -> float:
    """A night as a number of days; those of one day follow one another."""
    day, number = night_order(night)
    return date.fromisoformat(day).toordinal() + min((number - 1) * 0.1, _HALF_A_DAY)


def sparkline(series: Series, changes: Sequence[LevelChange], days: Days) -> str:
    """A plot without words: the line, the last night as a dot, changes as strokes, versions as ticks under the axis."""
    known = np.isfinite(series.undisturbed_ms) & ~series.doubtful
    if not known.any():
        return ""
    x = [_across(days, night) for night in series.nights]
    low, high = _span(series.undisturbed_ms[known])
    shown = np.clip(np.nan_to_num(series.undisturbed_ms), low, high)
    y = np.rint(3 + (_AXIS - 7) * (1 - (shown - low) / (high - low))).astype(int).tolist()
    usual = float(np.median(series.undisturbed_ms[known]))
    zero = round(3 + (_AXIS - 7) * (1 - (usual - low) / (high - low)))
    parts = [
        f'<svg class="s" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true"><path class="z" d="M0 {zero}H{WIDTH}"/>'
    ]
    parts += (
        f'<path class="v" d="M{_across(days, night)} {_AXIS + 1}v5"><title>{_about(night, text)}</title></path>'
        for night, text in series.versions
    )
    at = dict(zip(series.nights, x, strict=True))
    for change in changes:
        if change.first_night in at:
            kind = "up" if change.ratio > 1 else "down"
            parts.append(f'<path class="c {kind}" d="M{at[change.first_night]} 0V{_AXIS}"/>')
    parts.append(f'<path class="l" d="{_line(x, y, known.tolist())}"/>')
    last = int(np.flatnonzero(known)[-1])
    parts.append(f'<circle cx="{x[last]}" cy="{y[last]}" r="2.5"/></svg>')
    return "".join(parts)


def _span(values: Floats) -> tuple[float, float]:
    """What the axis covers: all values but for the extremes, and three percent on both sides of the median or more."""
    usual = float(np.median(values))
    low, high = np.quantile(values, [0.01, 0.99])
    return min(float(low), usual * (1 - _LEAST_SPAN)), max(float(high), usual * (1 + _LEAST_SPAN))


def _across(days: Days, night: str) -> int:
    return round(4 + (WIDTH - 8) * days.share(day_of(night)))


def _about(night: str, text: str) -> str:
    return escape(one_line(f"{night}: {text}"))


def _line(x: Sequence[int], y: Sequence[int], known: Sequence[bool]) -> str:
    """As few bytes as it takes: whole numbers, each from the one before; a gap where a night is missing."""
    parts: list[str] = []
    steps: list[str] = []
    px = py = 0
    for at, value, there in zip(x, y, known, strict=True):
        if not there:
            parts += _ended(steps)
        elif steps:
            steps.append(f"{at - px} {value - py}")
        else:
            steps.append(f"M{at} {value}")
        px, py = at, value
    return "".join([*parts, *_ended(steps)])


def _ended(steps: list[str]) -> list[str]:
    """A line without a gap, as a path; a night by itself becomes a dot."""
    if not steps:
        return []
    first, rest = steps[0], " ".join(steps[1:]).replace(" -", "-")
    steps.clear()
    return [first, f"l{rest}" if rest else "h0"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """Of a large plot, in its own units."""

    width: int
    height: int = 190


WIDE, NARROW = Size(width=760), Size(width=350)


def large(series: Series, changes: Sequence[LevelChange], days: Days, size: Size) -> str:
    """A plot with axes and intervals; doubtful nights are hollow, changes and versions are marked."""
    known = np.isfinite(series.undisturbed_ms)
    if not known.any():
        return ""
    top, bottom, left, right = 18, size.height - 44, 56, size.width - 8
    low, high = _span(series.undisturbed_ms[known])
    margin = (high - low) * 0.08
    low, high = low - margin, high + margin
    x = [left + (right - left) * days.share(day_of(night)) for night in series.nights]

    def down(value: float) -> float:
        return bottom - (bottom - top) * (min(max(value, low), high) - low) / (high - low)

    parts = [f'<svg class="t" viewBox="0 0 {size.width} {size.height}" aria-hidden="true">']
    parts.append(f'<text class="y" x="{left - 6}" y="{top - 2}">ms</text>')
    for value in _nice(low, high):
        parts.append(f'<path class="g" d="M{left} {down(value):.1f}H{right}"/>')
        parts.append(f'<text class="y" x="{left - 6}" y="{down(value) + 4:.1f}">{_ms(value, high - low)}</text>')
    for day, name in _months(days, most=8 if size.width > NARROW.width else 4):
        at = left + (right - left) * days.share(day)
        parts.append(
            f'<path class="g" d="M{at:.1f} {bottom}v4"/><text class="x" x="{at:.1f}" y="{bottom + 16}">{name}</text>'
        )
    parts.append(f'<path class="z" d="M{left} {bottom}H{right}"/>')
    parts.append(f'<path class="b" d="{_band(series, x, down)}"/>')
    for change in changes:
        if change.first_night in series.nights:
            at = x[series.nights.index(change.first_night)]
            parts.append(f'<path class="c {"up" if change.ratio > 1 else "down"}" d="M{at:.1f} {top - 6}V{bottom}"/>')
    shown = (known & ~series.doubtful).tolist()
    heights = [round(down(one)) for one in np.nan_to_num(series.undisturbed_ms).tolist()]
    parts.append(f'<path class="l" d="{_line([round(at) for at in x], heights, shown)}"/>')
    for at, value, there, doubtful, night in zip(
        x, series.undisturbed_ms.tolist(), known.tolist(), series.doubtful.tolist(), series.nights, strict=True
    ):
        if there:
            kind = ' class="d"' if doubtful else ""
            about = f"{night}: {milliseconds(value)} ms{' (doubtful)' if doubtful else ''}"
            parts.append(f'<circle{kind} cx="{at:.1f}" cy="{down(value):.1f}" r="2"><title>{about}</title></circle>')
    for number, (night, text) in enumerate(series.versions, 1):
        at = left + (right - left) * days.share(day_of(night))
        parts.append(f'<path class="v" d="M{at:.1f} {bottom}v24"><title>{_about(night, text)}</title></path>')
        parts.append(f'<text class="n" x="{at:.1f}" y="{bottom + 36}">{number}</text>')
    return "".join(parts) + "</svg>"


def _band(series: Series, x: Sequence[float], down: Callable[[float], float]) -> str:
    """The intervals of the nights, as short strokes."""
    strokes = zip(x, series.low_ms.tolist(), series.high_ms.tolist(), strict=True)
    return "".join(
        f"M{at:.1f} {down(low):.1f}V{down(high):.1f}" for at, low, high in strokes if isfinite(low) and isfinite(high)
    )


def _nice(low: float, high: float) -> list[float]:
    """Two to five round numbers between them."""
    step = 10 ** floor(log10(high - low))
    for factor in (5, 2, 1, 0.5, 0.2):
        first = int(np.ceil(low / (step * factor)))
        found = [number * step * factor for number in range(first, int(high / (step * factor)) + 1)]
        if len(found) >= 2:  # noqa: PLR2004 - one says nothing of the scale
            return found
    return [low, high]


def _ms(value: float, span: float) -> str:
    return f"{value:.{max(0, 1 - floor(log10(span)))}f}"


def _months(days: Days, most: int) -> Iterator[tuple[float, str]]:
    """The first days of months; of few weeks, the first and the last night."""
    first, last = date.fromordinal(int(days.first)), date.fromordinal(int(days.last))
    months = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        if date(year, month, 1) >= first:
            months.append(date(year, month, 1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004
    if len(months) < 2:  # noqa: PLR2004
        months = [first, last] if last > first else [last]
        yield from ((one.toordinal(), f"{one.day} {_NAMES[one.month - 1]}") for one in months)
        return
    every = -(-len(months) // most)
    yield from (
        (one.toordinal(), _NAMES[one.month - 1] if one.month > 1 else f"Jan {one.year}") for one in months[::every]
    )
