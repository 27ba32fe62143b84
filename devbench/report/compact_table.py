"""The one table of the report that fits on a screen: as many columns as fit, or a line for each figure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.grid import Cell, Grid, Row, System
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.report.covered import AGAIN, covered, spread_between_runs
from devbench.report.numbers import bare_figure_text, count_of, plus_minus
from devbench.report.screen import ScreenLine, Span, plain, wrapped
from devbench.report.words import limit_word, near_text, ratio_text, short_row_names

_NO_LIMITS: Mapping[Figure, Limit] = {}
_MOST_GROUP_LINES = 40
_GAP = "   "
_MARKS = {"suspect": "!", "contaminated": "✕"}
_TO_COME = "…"
_LEGEND = {
    "*": "published, not measured here",
    "!": "suspect",
    "✕": "contaminated: no verdict",
    _TO_COME: "some rounds are still to be run",
}
_STYLES = {"!": "yellow", "✕": "red", "more": "green", "less": "magenta"}


def table_lines(grid: Grid, width: int, limits: Mapping[Figure, Limit] = _NO_LIMITS) -> list[ScreenLine]:
    """The grid, with as many published columns as fit; with a line for each figure where not even ours do."""
    ours = [system for system in grid.systems if system.ours]
    if not ours and len(grid.cells) + len(grid.rows) <= _MOST_GROUP_LINES:
        ours = list(grid.systems)  # all there is, so none of it is left out
    own = set(ours)
    published = sorted(
        (system for system in grid.systems if system not in own),
        key=lambda system: -sum((row, system) in grid.cells for row in grid.rows),
    )
    for count, told in ((count, told) for count in range(len(published), -1, -1) for told in (limits, _NO_LIMITS)):
        systems = [*ours, *published[:count]]
        columns = [_Column.of(grid, system, told) for system in systems]
        names = short_row_names(grid.rows)
        first = max(len(name) for name in names.values()) + 2
        total = first + sum(len(_GAP) + column.width for column in columns)
        if columns and total <= width:
            return [*_drawn(grid, columns, first), *_legend(grid, systems, len(published) - count, width, told)]
    return _as_groups(grid, ours or list(grid.systems), width)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A cell in pieces. style: of the ratio."""

    time: str = ""
    mark: str = ""
    ratio: str = ""
    style: str = ""

    @property
    def time_width(self) -> int:
        return len(self.time) + (1 + len(self.mark) if self.mark else 0)

    def spans(self, time_width: int, width: int) -> list[Span]:
        """Time and mark, the ratio from a column on, and blanks up to `width`."""
        mark = f" {self.mark}" if self.mark else ""
        rest = f" {self.ratio}" if self.ratio else ""
        return [
            Span(text=self.time),
            Span(text=mark, style=_STYLES.get(self.mark[:1], "")),
            Span(text=" " * (time_width - self.time_width)),
            Span(text=rest, style=self.style),
            Span(text=" " * (width - time_width - len(rest))),
        ]


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A system's column: its heading, and each row's time and remark, with the width that each takes."""

    heading: tuple[str, ...]
    cells: dict[Row, _Shown]
    time_width: int
    width: int

    @classmethod
    def of(cls, grid: Grid, system: System, limits: Mapping[Figure, Limit]) -> _Column:
        cells = {row: _cell(cell, limits) for row in grid.rows if (cell := grid.cells.get((row, system)))}
        time = max((one.time_width for one in cells.values()), default=0)
        rest = max((len(one.ratio) for one in cells.values()), default=0)
        body = time + (1 + rest if rest else 0)
        name = system.name if system.ours else f"{system.name}*"
        longest = max(len(word) for word in name.split())
        width = max(body, longest)
        heading = tuple(textwrap.wrap(name, width, break_long_words=False, break_on_hyphens=False))
        return cls(heading=heading, cells=cells, time_width=time, width=max(width, *map(len, heading)))


def _cell(cell: Cell, limits: Mapping[Figure, Limit]) -> _Shown:
    figure = cell.figure
    if not figure.has_value:
        return _Shown(time=figure.case.outcome.status if figure.case else figure["status"])
    shown = ratio_text(cell.faster, ends=False)
    return _Shown(
        time=_time(figure),
        mark=_MARKS.get(figure["verdict"], "") + (_TO_COME if figure.partial else ""),
        ratio=", ".join(text for text in (shown, limit_word(limits.get(figure))) if text),
        style=_STYLES.get(cell.faster.shown or "", ""),
    )


def _time(figure: Figure) -> str:
    """With half its interval where that is worth telling; a contaminated figure's would promise too much."""
    text = bare_figure_text(figure)
    if figure.measured and figure.latency_ms and not figure.contaminated:
        text += f" {plus_minus(figure.latency_ms, space='')}"
    return text


def _drawn(grid: Grid, columns: Sequence[_Column], first: int) -> Iterator[ScreenLine]:
    height = max(len(column.heading) for column in columns)
    for line in range(height):
        spans = [Span(text=("time of one inference" if line == height - 1 else "").ljust(first)[:first])]
        if first < len("time of one inference"):
            spans = [Span(text=("time" if line == height - 1 else "").ljust(first))]
        for column in columns:
            at = line - (height - len(column.heading))
            spans.append(Span(text=_GAP + (column.heading[at] if at >= 0 else "").ljust(column.width)))
        yield _stripped(spans)
    names = short_row_names(grid.rows)
    for row in grid.rows:
        spans = [Span(text=f"  {names[row]}".ljust(first), style="bold")]
        for column in columns:
            shown = column.cells.get(row, _Shown())
            spans += [Span(text=_GAP), *shown.spans(column.time_width, column.width)]
        yield _stripped(spans)


def _stripped(spans: Sequence[Span]) -> ScreenLine:
    """Without blanks at the end of the line."""
    kept = list(spans)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if kept:
        kept[-1] = Span(text=kept[-1].text.rstrip(), style=kept[-1].style)
    return tuple(one for one in kept if one.text)


def _legend(
    grid: Grid, systems: Sequence[System], left_out: int, width: int, limits: Mapping[Figure, Limit] = _NO_LIMITS
) -> list[ScreenLine]:
    """What the marks mean that are there; what a physical limit is where that takes no further line."""
    there = set(systems)
    shown = [cell.figure for (_, at), cell in grid.cells.items() if at in there]
    marks = {_MARKS.get(one["verdict"], "") for one in shown}
    marks |= {_TO_COME} if any(one.partial for one in shown) else set()
    marks |= {"*"} if any(not system.ours for system in systems) and any(system.ours for system in systems) else set()
    text = "   ".join(f"{mark} {meaning}" for mark, meaning in _LEGEND.items() if mark in marks)
    if left_out:
        text += f"{'   ' if text else ''}{count_of(left_out, 'more published column')}: --verbose"
    near = next((limits[one] for one in shown if limit_word(limits.get(one)) and not limits[one].below), None)
    if near:
        longer = f"{text}{'   ' if text else ''}{limit_word(near)}: {near_text(near)}"
        text = longer if not text or len(longer) + 2 <= width else text
    told = [f"  {one}" for one in (text, _again(shown)) if one]
    return [line for one in told for line in wrapped(one, width)]


def _again(shown: Sequence[Figure]) -> str:
    """What ± covers, where it is more than this run."""
    told = [one for one in shown if one.measured and one.latency_ms and not one.contaminated]
    return f"± {AGAIN}: {spread_between_runs(told)}" if covered(told) == AGAIN else ""


def _as_groups(grid: Grid, systems: Sequence[System], width: int) -> list[ScreenLine]:
    """Models become groups and systems rows, where columns would be too wide."""
    names = short_row_names(grid.rows)
    label = max(len(system.name) for system in systems)
    shown = {key: _cell(cell, _NO_LIMITS) for key, cell in grid.cells.items()}
    there = set(systems)
    time = max((one.time_width for (_, system), one in shown.items() if system in there), default=0)
    lines: list[ScreenLine] = []
    for row in grid.rows:
        lines.append((Span(text=names[row], style="bold"),))
        for system in systems:
            if (row, system) in shown:
                lines += _group_line(system.name, shown[row, system], label, time, width)
    return [*lines, *_legend(grid, systems, len(grid.systems) - len(systems), width)]


def _group_line(name: str, shown: _Shown, label: int, time_width: int, width: int) -> list[ScreenLine]:
    head = f"  {name.ljust(label)}  "
    whole = _stripped([Span(text=head), *shown.spans(time_width, time_width + 1 + len(shown.ratio))])
    if len(plain(whole)) <= width:
        return [whole]
    lines = [(Span(text=f"  {name}"),)]
    text = " ".join(part for part in (shown.time, shown.mark, shown.ratio) if part)
    return [*lines, *wrapped(f"    {text}", width, indent="    ")]
