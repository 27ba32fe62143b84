"""The report that fits on a screen: the answer first, one table, five notes, and where the rest is."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from devbench.compare.findings import Finding, Kind
from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.overview import Overview
from devbench.domain.figure import Figure
from devbench.domain.limits import Limit
from devbench.report.accuracy import accuracy_lines
from devbench.report.covered import AGAIN, covered, spread_between_runs
from devbench.report.notes import cases_text, remedy_of, sentence, text_of
from devbench.report.numbers import bare_figure_text, count_of, duration, listed, plus_minus
from devbench.report.screen import ScreenLine, Span, plain, wrapped
from devbench.report.words import answer_sentences, limit_word, near_text, ratio_text, short_row_names

NO_LIMITS: Mapping[Figure, Limit] = {}
_MOST_NOTES = 5
_MOST_CAUSES = 3
_MOST_SENTENCES = 3
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


def compact_lines(overview: Overview, width: int, where: str, *, causes: bool = True) -> list[ScreenLine]:
    """The report in lines of at most `width` columns. where: of everything else; "" if it is nowhere.

    causes: whether to say why cases have no figure.
    """
    lines = [*_title(overview, width), ()]
    for text in islice(answer_sentences(overview, most_published=1), _MOST_SENTENCES):
        lines += wrapped(text, width, style="bold" if len(lines) == 2 else "")  # noqa: PLR2004 - the first
    if overview.grid.cells:
        lines += [(), *table_lines(overview.grid, width, overview.limits)]
    if found := accuracy_lines(overview, width):
        lines += [(), *found]
    notes = _notes(overview, where, [make for make in _MAKERS if causes or make not in _CAUSES])
    if notes:
        lines.append(())
        for text in notes:
            lines += wrapped(text, width)
    return lines


def _title(overview: Overview, width: int) -> list[ScreenLine]:
    """What was measured on what: what all cases have in common; broken between its parts."""
    lines = [""]
    for part in _title_parts(overview):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return [line for text in lines for line in wrapped(text, width)]


def _title_parts(overview: Overview) -> list[str]:
    about = overview.about
    if about is None:
        published = "" if overview.runs else "published, not measured here"
        return [part for part in (overview.title, published) if part]
    batch = f"batch {about.batches[0]}" if len(about.batches) == 1 else ""
    told = about.threads[0] if len(about.threads) == 1 else ""  # an option of a plugin: it may be anything
    threads = count_of(int(told), "thread") if told.isdecimal() else told and f"threads: {told}"
    precision = about.precisions[0] if len(about.precisions) == 1 else ""
    weights = [one.values["weights"] for one in overview.findings if one.cause == "weights"]
    random = "random weights" if weights and all("random" in one for one in weights) else ""
    single = [names[0] for names in (about.cpus, about.runtimes) if len(names) == 1]
    took = duration(about.seconds) if about.seconds is not None else "not finished"
    work = ", ".join(part for part in (precision, batch, random) if part)
    machine = ", ".join(part for part in (*single, threads) if part)
    return [part for part in (overview.title, work, machine, took) if part]


def table_lines(grid: Grid, width: int, limits: Mapping[Figure, Limit] = NO_LIMITS) -> list[ScreenLine]:
    """The grid, with as many published columns as fit; with a line for each figure where not even ours do."""
    ours = [system for system in grid.systems if system.ours]
    if not ours and len(grid.cells) + len(grid.rows) <= _MOST_GROUP_LINES:
        ours = list(grid.systems)  # all there is, so none of it is left out
    own = set(ours)
    published = sorted(
        (system for system in grid.systems if system not in own),
        key=lambda system: -sum((row, system) in grid.cells for row in grid.rows),
    )
    for count, told in ((count, told) for count in range(len(published), -1, -1) for told in (limits, NO_LIMITS)):
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
    grid: Grid, systems: Sequence[System], left_out: int, width: int, limits: Mapping[Figure, Limit] = NO_LIMITS
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
    shown = {key: _cell(cell, NO_LIMITS) for key, cell in grid.cells.items()}
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
    return [*lines, *wrapped(f"    {_joined(shown.time, shown.mark, shown.ratio)}", width, indent="    ")]


def _notes(overview: Overview, where: str, makers: Sequence[_Maker]) -> list[str]:
    """One note for one cause, five at most, the gravest first; then where everything is."""
    findings = overview.findings
    notes = [note for make in makers if (note := make(overview, findings))]
    dropped = len(notes) - _MOST_NOTES
    kept = notes[:_MOST_NOTES]
    if dropped > 0:
        kept[-1] = f"{kept[-1]} {count_of(dropped + 0, 'more note')}: --verbose."
    if where:
        kept.append(f"Everything else: {where}")
    return kept


def _doubts(overview: Overview, findings: Sequence[Finding]) -> str:
    """All that makes figures suspect or contaminated, in one note."""
    doubts = [one for one in findings if one.kind in (Kind.CONTAMINATED, Kind.SUSPECT)]
    if not doubts:
        return ""
    counts = overview.answer.counts
    measured = sum(counts.get(one, 0) for one in ("clean", "suspect", "contaminated"))
    bad = len({case for one in doubts for case in one.cases})
    causes = "; ".join(text_of(one) for one in doubts[:_MOST_CAUSES])
    more = f"; {count_of(len(doubts) - _MOST_CAUSES, 'more reason')}" if len(doubts) > _MOST_CAUSES else ""
    are = "is" if bad == 1 else "are"
    return f"{bad} of {count_of(measured, 'figure')} {are} not clean: {causes}{more}. Try `devbench doctor`."


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _cases(overview: Overview, finding: Finding) -> str:
    """`a on coral-usb`, or `a on coral-usb and 3 more`."""
    names = short_row_names(overview.grid.rows)
    found = [
        (row, system) for (row, system), cell in overview.grid.cells.items() if cell.figure["case"] in finding.cases
    ]
    if not found:
        return cases_text(finding.cases)
    row, system = found[0]
    more = f" and {len(finding.cases) - 1} more" if len(finding.cases) > 1 else ""
    return f"{names[row]} on {system.name}{more}"


def _damage(_: Overview, findings: Sequence[Finding]) -> str:
    found = [text_of(one) for one in findings if one.kind is Kind.DAMAGED]
    more = f" {count_of(len(found) - 1, 'more problem')}: --verbose." if len(found) > 1 else ""
    return f"Do not trust these figures. {sentence(found[0])}{more}" if found else ""


def _failures(overview: Overview, findings: Sequence[Finding]) -> str:
    failed = [one for one in findings if one.kind is Kind.FAILED]
    if not failed:
        return ""
    count = sum(len(one.cases) for one in failed)
    first = f"{_cases(overview, failed[0])}: {text_of(failed[0])}"
    more = f"{count_of(len(failed) - 1, 'more cause')}: --verbose." if len(failed) > 1 else ""
    return _joined(f"{count_of(count, 'case')} failed.", sentence(first), remedy_of(failed[0]), more)


def _pending(overview: Overview, findings: Sequence[Finding]) -> str:
    pending = next((one for one in findings if one.kind is Kind.PENDING), None)
    if pending is None or overview.run is None:
        return ""
    run = overview.run
    done = sum(len(case.rounds) for case in run.cases)
    where = next((cell.figure.origin for cell in overview.grid.cells.values() if cell.figure.case), run.id)
    resume = f"Continue with: devbench run --resume {where}" if not run.in_turns else "To compare, measure both again."
    return f"Interrupted: {done} of {count_of(len(run.order), 'round')} done. {resume}"


def _no_ratios(overview: Overview, findings: Sequence[Finding]) -> str:
    found = [one for one in findings if one.kind in (Kind.NO_RATIO, Kind.UNCONFIRMED)]
    if not found:
        return ""
    word = "No ratio for" if found[0].kind is Kind.NO_RATIO else "Not confirmed:"
    more = f" {len(found) - 1} more: --verbose." if len(found) > 1 else ""
    return f"{word} {_cases(overview, found[0])}: {sentence(text_of(found[0]))}{more}"


def _remarks(overview: Overview, findings: Sequence[Finding]) -> str:
    found = [one for one in findings if one.kind is Kind.REMARK]
    if not found:
        return ""
    more = f" {count_of(len(found) - 1, 'more remark')}: --verbose." if len(found) > 1 else ""
    whose = f"{_cases(overview, found[0])}: " if found[0].cases else ""
    return _joined(f"{whose}{sentence(text_of(found[0]))}", remedy_of(found[0])) + more


def _skipped(_: Overview, findings: Sequence[Finding]) -> str:
    found = [one for one in findings if one.kind is Kind.SKIPPED]
    if not found:
        return ""
    count = sum(len(one.cases) for one in found)
    more = f"{count_of(len(found) - 1, 'more reason')}: --verbose." if len(found) > 1 else ""
    return _joined(f"{count_of(count, 'case')} skipped: {sentence(text_of(found[0]))}", remedy_of(found[0]), more)


def _absent(_: Overview, findings: Sequence[Finding]) -> str:
    names = [one.values["device"] for one in findings if one.kind is Kind.ABSENT]
    return f"Not here: {listed(list(dict.fromkeys(names)))}. See `devbench devices`." if names else ""


def _one_round(_: Overview, findings: Sequence[Finding]) -> str:
    found = next((one for one in findings if one.cause == "one round"), None)
    return f"{sentence(text_of(found))} {remedy_of(found)}" if found else ""


def _cost(_: Overview, findings: Sequence[Finding]) -> str:
    found = next((one for one in findings if one.cause == "cost of half"), None)
    wide = any(one.cause == "precision" for one in findings)
    return sentence(text_of(found)) if found and wide else ""


_Maker = Callable[[Overview, Sequence[Finding]], str]
_CAUSES: Sequence[_Maker] = (_failures, _skipped, _absent)
_MAKERS: Sequence[_Maker] = (
    _damage,
    _pending,
    _failures,
    _doubts,
    _no_ratios,
    _one_round,
    _remarks,
    _skipped,
    _absent,
    _cost,
)
