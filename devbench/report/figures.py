"""How a figure is written: enough digits to be compared, none that mean nothing."""

from __future__ import annotations

from devbench.domain.outcome import Summary
from devbench.stats import Interval


def milliseconds(value_ms: float) -> str:
    """Four digits that count, as in `2.713`, `47.25`, `792.1`."""
    digits = 4 - len(str(int(value_ms))) if value_ms >= 1 else 4
    return f"{value_ms:.{max(digits, 0)}f}"


def ratio(interval: Interval) -> str:
    """`15.11× [15.04, 15.18]`, or that there is no difference to show."""
    if interval.holds(1.0):
        return f"no difference shown [{interval.low:.3f}, {interval.high:.3f}]"
    digits = _digits(interval.estimate)
    return f"{interval.estimate:.{digits}f}× [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def times(value: float) -> str:
    """`15.11×`."""
    return f"{value:.{_digits(value)}f}×"


def _digits(value: float) -> int:
    """Decimals that leave three digits or more that count."""
    return 3 if value < 1 else 2 if value < 100 else 1  # noqa: PLR2004


def plus_minus(summary: Summary) -> str:
    """`± 0.4 %`: half the 95 % interval of the median."""
    return f"± {(summary.high_ms - summary.low_ms) / 2 / summary.median_ms * 100:.1f} %"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
