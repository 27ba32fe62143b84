"""A prediction in the terminal: which device is expected to be fastest, with the interval of each time."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from devbench.predict.network import Network
from devbench.predict.prediction import Prediction
from devbench.predict.study import LEAST_FOR_90
from devbench.printable import one_line

_WIDEST = 120
_ONLY_80 = f"Where the interval is of 80 %, fewer than {LEAST_FOR_90} networks are too few for one of 90 %."


def prediction_lines(
    title: str, network: Network, predictions: Sequence[Prediction], helps: Sequence[str], notes: Iterable[str]
) -> Iterator[str]:
    """The predictions for one network: the answer, the table, what no number is given for, and what would help.

    title: the file, and the precision that it computes in. helps: what would make it faster. notes: what to know of the
    numbers.
    """
    given = sorted((one for one in predictions if one.expected_ms is not None), key=lambda one: one.expected_ms or 0.0)
    yield from _folded(
        "",
        f"{title}, {network.macs / 1e6:,.0f} M multiply-accumulates; in int8"
        f" {network.weight_bytes / 1e6:.2f} MB of weights, {network.activation_bytes / 1e6:.1f} MB of activations",
    )
    yield ""
    if given:
        best = given[0]
        near = [one.table.title for one in given[1:] if _low(one) <= _high(best)]
        yield f"Expected to be fastest: {best.table.title}, {_time(best)}."
        if near:
            yield from _folded("", f"It cannot be told apart from: {'; '.join(near)}.")
        yield ""
        yield from _table(given)
    else:
        yield "No time can be predicted on any device."
    yield from _refused([one for one in predictions if one.expected_ms is None])
    yield ""
    for line in helps:
        yield from _folded("→ ", line)
    for note in [*notes, *([_ONLY_80] if any(not one.interval_90 for one in given) else [])]:
        yield from _folded("• ", note)
    yield ""


def _folded(mark: str, text: str) -> list[str]:
    """One paragraph, folded to the terminal."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return textwrap.wrap(one_line(mark + text), width, subsequent_indent=" " * len(mark), break_on_hyphens=False)


def _time(prediction: Prediction) -> str:
    """`2.8 ms (90 %: 1.7 to 4.6 ms)`."""
    level, ends = _best_interval(prediction)
    return f"{_number(prediction.expected_ms or 0.0)} ms ({level}: {_number(ends[0])} to {_number(ends[1])} ms)"


def _best_interval(prediction: Prediction) -> tuple[str, tuple[float, float]]:
    if prediction.interval_90:
        return "90 %", prediction.interval_90
    assert prediction.interval_80 is not None  # no number is given without
    return "80 %", prediction.interval_80


def _low(prediction: Prediction) -> float:
    return prediction.interval_80[0] if prediction.interval_80 else 0.0


def _high(prediction: Prediction) -> float:
    return prediction.interval_80[1] if prediction.interval_80 else 0.0


def _table(given: Iterable[Prediction]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("one inference", "expected", "interval", "most goes to", "published, most like it")]
    for one in given:
        wall = f"{one.wall} {one.parts_ms[one.wall] / sum(one.parts_ms.values()):.0%}" if one.wall else ""
        like = f"{one.nearest.network.label} {_number(one.nearest.latency_ms)} ms" if one.nearest else ""
        level, ends = _best_interval(one)
        interval = f"{_number(ends[0])} to {_number(ends[1])} ({level})"
        rows.append((one.table.title, f"{_number(one.expected_ms or 0.0)} ms", interval, wall, like))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _refused(refused: Sequence[Prediction]) -> Iterator[str]:
    """One line for each reason, with the devices that it holds for."""
    reasons: dict[str, list[str]] = {}
    for one in refused:
        reasons.setdefault(one.reason, []).append(one.table.title)
    if reasons:
        yield ""
        yield "No number:"
    for reason, titles in reasons.items():
        yield from _folded("  ", f"{reason}: {'; '.join(titles)}")


def _number(value: float) -> str:
    """Two digits, or three where the first is a 1: more would mean nothing."""
    text = f"{value:.2g}" if not f"{value:e}".startswith("1") else f"{value:.3g}"
    return f"{float(text):,.0f}" if float(text) >= 100 else f"{float(text):g}"  # noqa: PLR2004 - no exponents
