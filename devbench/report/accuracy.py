"""Accuracy in words: a block of lines on a screen, a table, and the pictures that each step lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devbench.compare.accuracy import AccuracyRow, Bounds
from devbench.compare.grid import Row
from devbench.compare.overview import Overview
from devbench.report.numbers import bare_figure_text, count_of
from devbench.report.screen import ScreenLine, Span, wrapped
from devbench.report.table import CellLine, Table, TableCell, text_cell
from devbench.report.words import ratio_text, row_name, short_row_names

_POINTS = 100
_MOST_LINES = 16
_MOST_PICTURES = 50
_GAP = "   "
_STYLES = {"kept": "green", "lost": "red", "undecided": "yellow"}
QUALITY = {"kept": "quality kept", "lost": "quality lost", "undecided": "quality undecided"}
_MINUS = "−"


def share_text(found: Bounds) -> str:
    """`97.8 % [96.2, 98.7]`."""
    ends = "" if found.low is None or found.high is None else f" [{_percent(found.low)}, {_percent(found.high)}]"
    return f"{_percent(found.estimate)} %{ends}"


def change_text(one: AccuracyRow) -> str:
    """`−0.4 [−0.9, +0.1], 2 lost, 0 won of 540`, in points of accuracy; "" where there is no change to tell."""
    if one.change is None:
        return ""
    found = one.change
    ends = "" if found.low is None or found.high is None else f" [{_signed(found.low)}, {_signed(found.high)}]"
    told = ""
    if one.lost is not None and one.won is not None:
        told = f", {len(one.lost)} lost, {len(one.won)} won of {one.pictures}"
    return f"{_signed(found.estimate)}{ends}{told}"


def accuracy_lines(overview: Overview, width: int) -> list[ScreenLine]:
    """The block below the table of times: a line for each file on each system."""
    rows = overview.accuracy
    if not rows:
        return []
    names = _names(rows)
    several = len({one.system for one in rows}) > 1
    cells = [_cells(one, names, several=several) for one in rows[:_MOST_LINES]]
    used = [k for k in range(len(cells[0])) if any(line[k] for line in cells)]
    widths = {k: max(len(line[k]) for line in cells) for k in used}
    lines = wrapped(_title(rows), width)
    for one, line in zip(rows, cells, strict=False):
        text = _GAP.join(line[k].ljust(widths[k]) for k in used).rstrip()
        if len(text) + 2 <= width:
            style = _STYLES.get(one.quality, "")
            name = line[used[0]].ljust(widths[used[0]])
            lines.append((Span(text=f"  {name}", style="bold"), Span(text=text[len(name) :], style=style)))
        else:
            lines.append((Span(text=f"  {line[used[0]]}", style="bold"),))
            lines += wrapped(f"    {_GAP.join(line[k] for k in used[1:] if line[k])}", width, indent="    ")
    if len(rows) > _MOST_LINES:
        lines += wrapped(f"  {count_of(len(rows) - _MOST_LINES, 'more line')}: --verbose", width)
    return lines


def _cells(one: AccuracyRow, names: dict[Row, str], *, several: bool) -> tuple[str, ...]:
    right = share_text(one.top1) if one.top1 else ""
    agrees = f"agrees {share_text(one.agreement)}" if one.agreement and not one.change else ""
    ratio = ratio_text(one.over_source, ends=False)
    return (
        names[one.row],
        one.system.name if several else "",
        right or agrees or ("the source" if one.is_source else ""),
        change_text(one) if right else "",
        f"{ratio} than float32" if one.over_source.shown in _SHOWN else ratio and f"time: {ratio}",
        QUALITY.get(one.quality, ""),
    )


def _title(rows: Sequence[AccuracyRow]) -> str:
    counts = sorted({one.pictures for one in rows if one.pictures})
    of = f" of {counts[0]:,} pictures" if len(counts) == 1 else ""
    if any(one.top1 for one in rows):
        change = "; change against float32 in points" if any(one.change for one in rows) else ""
        return f"top-1 accuracy{of}{change}"
    return f"agreement with float32{of}, by the first class"


def accuracy_tables(overview: Overview) -> list[Table]:
    """Every file on every system with its accuracy, and its time beside that; no table where nothing is known."""
    rows = overview.accuracy
    if not rows:
        return []
    found = Table(
        title="Accuracy, with 95 % intervals, and the time of one inference beside it",
        header=("model", "device", "top-1", "change in points", "agrees with the source", "time", "quality", "file"),
        rows=tuple(
            (
                text_cell(row_name(one.row), one.arithmetic if one.arithmetic != one.row.precision else ""),
                text_cell(one.system.name),
                _shares(one),
                _changes(one),
                _share_cell(one.agreement, "the source" if one.is_source else ""),
                _time(one),
                TableCell(lines=(CellLine(text=one.quality, kind=_KINDS.get(one.quality, "")),)),
                text_cell(f"{one.size_bytes / 1e3:,.0f} kB" if one.size_bytes else ""),
            )
            for one in rows
        ),
        notes=tuple(_notes(rows)),
    )
    return [found]


_KINDS = {"kept": "clean", "lost": "failed", "undecided": "suspect"}


def _shares(one: AccuracyRow) -> TableCell:
    lines = [share_text(one.top1)] if one.top1 else []
    lines += [f"top-5 {share_text(one.top5)}"] if one.top5 else []
    lines += [f"of {one.pictures:,} pictures"] if one.pictures and one.top1 else []
    return TableCell(
        lines=tuple(CellLine(text=text) for text in lines),
        sort=one.top1.estimate * _POINTS if one.top1 else None,
        unit="%",
    )


def _changes(one: AccuracyRow) -> TableCell:
    if one.change is None:
        return TableCell()
    chance = "" if one.p_value is None else f"McNemar p = {one.p_value:.2g}"
    lines = [text for text in (change_text(one), chance) if text]
    return TableCell(
        lines=tuple(CellLine(text=text) for text in lines), sort=one.change.estimate * _POINTS, unit="points"
    )


def _share_cell(found: Bounds | None, otherwise: str) -> TableCell:
    if found is None:
        return text_cell(otherwise)
    return TableCell(lines=(CellLine(text=share_text(found)),), sort=found.estimate * _POINTS, unit="%")


def _time(one: AccuracyRow) -> TableCell:
    """The ratio over float32 stands here alone: beside both accuracies."""
    if not one.figure.has_value:
        return text_cell("not timed")
    ratio = ratio_text(one.over_source)
    lines = [bare_figure_text(one.figure), f"{ratio} than float32" if one.over_source.shown in _SHOWN else ratio]
    estimate = one.figure.latency_ms.estimate if one.figure.latency_ms else None
    return TableCell(lines=tuple(CellLine(text=text) for text in lines if text), sort=estimate, unit="ms")


_SHOWN = ("more", "less")


def _notes(rows: Sequence[AccuracyRow]) -> Iterator[str]:
    if any(one.top1 for one in rows):
        yield "top-1: share of the pictures whose first class is right, with Wilson's interval."
    if any(one.change for one in rows):
        yield (
            "Change: against the float32 answers to the same pictures, with the paired interval of Bonett and Price."
            " lost: right in float32 and wrong now; won: the other way."
        )
    if any(one.quality for one in rows):
        yield "Quality: kept or lost where the whole interval is on one side of the drop that the suite allows."
    if any(one.quality == "undecided" for one in rows):
        yield "Undecided: more pictures would decide it."


@dataclass(frozen=True, kw_only=True)
class Flips:
    """The pictures that one file lost and won, by name."""

    name: str
    lost: tuple[str, ...]
    won: tuple[str, ...]
    more: str = ""


def flips_of(overview: Overview) -> list[Flips]:
    """For the page: the pictures that each step lost or won."""
    found = []
    for one in overview.accuracy:
        lost, won = one.lost or (), one.won or ()
        if lost or won:
            more = max(len(lost), len(won)) - _MOST_PICTURES
            found.append(
                Flips(
                    name=f"{row_name(one.row)} on {one.system.name}",
                    lost=lost[:_MOST_PICTURES],
                    won=won[:_MOST_PICTURES],
                    more="the rest is in the run folder's answers" if more > 0 else "",
                )
            )
    return found


def _names(rows: Sequence[AccuracyRow]) -> dict[Row, str]:
    return dict(short_row_names(tuple(dict.fromkeys(one.row for one in rows))))


def _percent(share: float) -> str:
    return f"{share * _POINTS:.1f}"


def _signed(share: float) -> str:
    text = f"{abs(share) * _POINTS:.1f}"
    if float(text) == 0:
        return "0.0"
    return f"{'+' if share > 0 else _MINUS}{text}"
