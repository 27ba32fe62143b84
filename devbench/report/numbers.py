"""How numbers are written: enough digits to compare them, none without a meaning, the same everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands that show no figure import this too, and numpy takes a tenth of a second
    from devbench.domain.figure import Figure
    from devbench.domain.intervals import Interval

_PRINTED_DIGITS = 8


def milliseconds(value_ms: float) -> str:
    """Four significant digits, as in `2.713`, `47.25`, `792.1`."""
    digits = 4 - len(str(int(value_ms))) if value_ms >= 1 else 4
    return f"{value_ms:.{max(digits, 0)}f}"


def factor(value: float) -> str:
    """`1.31×`, `15.11×`, `240.5×`, `1,062×`."""
    return f"{value:,.{_decimals(value)}f}×"


def factor_and_ends(interval: Interval, decimals: int | None = None) -> tuple[str, str]:
    """`15.11×` and `[15.04, 15.18]`. decimals: other than usual, where small differences are what it is about."""
    digits = _decimals(interval.estimate) if decimals is None else decimals
    return f"{interval.estimate:,.{digits}f}×", f"[{interval.low:,.{digits}f}, {interval.high:,.{digits}f}]"


def no_difference(interval: Interval) -> str:
    """What is written where an interval holds 1."""
    return f"no difference shown [{interval.low:.2f}, {interval.high:.2f}]"


def inverse(interval: Interval) -> Interval:
    """The same ratio the other way round."""
    return replace(interval, estimate=1 / interval.estimate, low=1 / interval.high, high=1 / interval.low)


def percent(share: float) -> str:
    """`0.4 %`, `2.3 %`, `12 %`."""
    return f"{share * 100:.0f} %" if share >= 0.0995 else f"{share * 100:.1f} %"  # noqa: PLR2004 - two digits


def plus_minus(interval: Interval, space: str = " ") -> str:
    """`± 0.4 %`: half the interval over the estimate; `± over 100 %` where it says next to nothing.

    space: what stands after ±: "" where there is little room.
    """
    share = interval.relative_half_width
    return f"±{space}{percent(share)}" if share <= 1 else f"±{space}over 100 %" if space else "±>100 %"


def figure_text(figure: Figure) -> str:
    """`16.20 ms ± 0.4 %` where measured, `2.4 ms [2.35, 2.45]` or `36 per s [35.5, 36.5]` where published."""
    if figure.latency_ms and figure.measured:
        return f"{milliseconds(figure.latency_ms.estimate)} ms {plus_minus(figure.latency_ms)}"
    if figure.latency_ms:
        return f"{_printed(figure['latency_ms'])} ms{_ends(figure, 'low_ms', 'high_ms')}"
    if figure.throughput_per_s:
        ends = _ends(figure, "throughput_low_per_s", "throughput_high_per_s")
        return f"{_printed(figure['throughput_per_s'])} per s{ends}"
    return figure["status"]


def bare_figure_text(figure: Figure) -> str:
    """The same without its interval."""
    if figure.latency_ms:
        shown = milliseconds(figure.latency_ms.estimate) if figure.measured else _printed(figure["latency_ms"])
        return f"{shown} ms"
    return f"{_printed(figure['throughput_per_s'])} per s" if figure.throughput_per_s else figure["status"]


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count_of(number: int, noun: str) -> str:
    """`1 round`, `3 rounds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: tuple[str, ...] | list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _decimals(value: float) -> int:
    """Decimals that leave three significant digits or more."""
    return 2 if value < 100 else 1 if value < 1000 else 0  # noqa: PLR2004


def _printed(text: str) -> str:
    """As printed, unless a program printed all the digits of a float."""
    return text if len(text) <= _PRINTED_DIGITS else f"{float(text):.6g}"


def _ends(figure: Figure, low: str, high: str) -> str:
    short = figure[low] and len(figure[low]) <= _PRINTED_DIGITS
    return f" [{figure[low]}, {figure[high]}]" if short else ""
