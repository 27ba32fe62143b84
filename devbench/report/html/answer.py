"""What a reader wants to know first: which device is fastest, by how much, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.comparison import Cell, Comparison
from devbench.domain.outcome import Measured, Summary
from devbench.report.figures import milliseconds, plus_minus, ratio, times
from devbench.stats import Interval

STATUSES = ("clean", "suspect", "contaminated", "failed", "skipped", "pending")


@dataclass(frozen=True, kw_only=True)
class Fastest:
    """The fastest device for one model.

    tied: others that no difference from it is shown of. alone: no other device has a figure to trust for it.
    """

    model: str
    device: str
    time: str
    faster: str
    status: str
    tied: tuple[str, ...]
    alone: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """headline: one sentence. sure: what it rests on. counts: cases by verdict or status, those that there are."""

    headline: str
    sure: str
    fastest: tuple[Fastest, ...]
    counts: tuple[tuple[str, int], ...]


def answer_of(comparison: Comparison) -> Answer:
    """The answer of a run: contaminated cases and those that did other work take no part in it."""
    counts = Counter(status_of(cell) for cell in comparison.cells.values())
    rows = [(row, _believed(comparison, row)) for row in comparison.rows]
    fastest = tuple(_fastest(comparison, row, cells) for row, cells in rows if cells)
    return Answer(
        headline=_headline(comparison, fastest, counts),
        sure=" ".join(filter(None, [_sure(comparison, counts), _unconfirmed(comparison)])),
        fastest=fastest,
        counts=tuple((status, counts[status]) for status in STATUSES if counts[status]),
    )


def status_of(cell: Cell) -> str:
    """The verdict of a measured case, the status of any other."""
    outcome = cell.case.outcome
    return outcome.verdict.status if isinstance(outcome, Measured) else outcome.status


def _believed(comparison: Comparison, row: str) -> Mapping[int, Cell]:
    found = {index: comparison.cells.get((row, index)) for index in range(len(comparison.columns))}
    return {
        index: cell
        for index, cell in found.items()
        if cell and isinstance(cell.case.outcome, Measured) and not cell.refused and status_of(cell) != "contaminated"
    }


def _fastest(comparison: Comparison, row: str, cells: Mapping[int, Cell]) -> Fastest:
    first = min(cells, key=lambda index: _summary(cells[index]).median_ms)
    cell, summary = cells[first], _summary(cells[first])
    over = cell.over_baseline if comparison.baseline in cells else None
    several = len(comparison.columns) > 1
    tied = [index for index in cells if index != first and _alike(comparison, cells, first, index)]
    return Fastest(
        model=row,
        device=comparison.columns[first].label,
        time=f"{milliseconds(summary.median_ms)} ms {plus_minus(summary)}",
        faster=ratio(over) if over else "baseline" if first == comparison.baseline and several else "",
        status=status_of(cell),
        tied=tuple(comparison.columns[index].label for index in tied),
        alone=len(cells) == 1 and several,
    )


def _alike(comparison: Comparison, cells: Mapping[int, Cell], one: int, other: int) -> bool:
    """Whether no difference is shown: by their ratio if one is the baseline, else because their intervals meet."""
    for index, against in ((one, other), (other, one)):
        over = cells[index].over_baseline
        if against == comparison.baseline and over:
            return over.holds(1.0)
    return _summary(cells[other]).low_ms <= _summary(cells[one]).high_ms


def _headline(comparison: Comparison, fastest: Sequence[Fastest], counts: Mapping[str, int]) -> str:
    if not fastest:
        measured = counts.get("contaminated", 0)
        if not measured:
            return "Nothing was measured."
        return f"No answer: {_all(measured, 'measured case')} {'is' if measured == 1 else 'are'} contaminated."
    if len(comparison.columns) == 1:
        return _one_device(comparison, fastest)
    contests = [one for one in fastest if not one.alone]
    if not contests:
        return "No comparison: for no model do two devices have a figure to trust."
    headline = _several_devices(comparison, contests)
    alone = len(fastest) - len(contests)
    return f"{headline}; for {alone} more only one device has a figure to trust." if alone else f"{headline}."


def _one_device(comparison: Comparison, fastest: Sequence[Fastest]) -> str:
    summaries = {row: _summary(comparison.cells[row, 0]).median_ms for row in (one.model for one in fastest)}
    device = comparison.columns[0].label
    quick, slow = min(summaries, key=summaries.__getitem__), max(summaries, key=summaries.__getitem__)
    if quick == slow:
        return f"{quick} takes {fastest[0].time} on {device}."
    return (
        f"On {device} one inference takes from {milliseconds(summaries[quick])} ms ({quick}) "
        f"to {milliseconds(summaries[slow])} ms ({slow})."
    )


def _several_devices(comparison: Comparison, fastest: Sequence[Fastest]) -> str:
    wins = Counter(one.device for one in fastest if not one.tied)
    undecided = len(fastest) - sum(wins.values())
    if len(wins) == 1 and not undecided:
        device = fastest[0].device
        return f"{device} is fastest for {_all(len(fastest), 'model')}{_by_how_much(comparison, device)}"
    if not wins:
        names = dict.fromkeys(name for one in fastest for name in (one.device, *one.tied))
        return f"No difference shown between {_and(list(names))} for {_all(len(fastest), 'model')}"
    parts = [f"{device} is fastest for {count} of {len(fastest)} models" for device, count in wins.most_common()]
    if undecided:
        parts.append(f"for {undecided} no difference is shown")
    return "; ".join(parts)


def _by_how_much(comparison: Comparison, device: str) -> str:
    """Over the baseline: one ratio with its interval, or from where to where they go and their geometric mean."""
    index = next(index for index, column in enumerate(comparison.columns) if column.label == device)
    if comparison.baseline is None or index == comparison.baseline:
        return ""
    found = [over for row in comparison.rows if (over := _over(comparison, row, index))]
    baseline = comparison.columns[comparison.baseline].label
    if not found:
        return ""
    if len(found) == 1:
        return f", {ratio(found[0])} over {baseline}"
    ends = sorted(over.estimate for over in found)
    mean = comparison.means[index]
    if mean is None or mean.models != len(found):  # it would be of contaminated cases too
        return f", {times(ends[0])} to {times(ends[-1])} over {baseline}"
    return f": {ratio(mean.interval)} over {baseline} by geometric mean, {times(ends[0])} to {times(ends[-1])} by model"


def _over(comparison: Comparison, row: str, index: int) -> Interval | None:
    cells = _believed(comparison, row)
    return cells[index].over_baseline if index in cells and comparison.baseline in cells else None


def _sure(comparison: Comparison, counts: Mapping[str, int]) -> str:
    measured = sum(counts.get(status, 0) for status in STATUSES[:3])
    if not measured:
        return "No case gave a figure."
    summaries = [_summary(cell) for cell in comparison.cells.values() if isinstance(cell.case.outcome, Measured)]
    text = "± and [ ] are 95 % intervals"
    text += (
        " over fresh processes."
        if all(one.between_rounds for one in summaries)
        else (", some or all of them from one process alone: another one may differ by more.")
    )
    if doubted := measured - counts.get("clean", 0):
        if counts.get("contaminated", 0) == measured:
            return f"{text} Contaminated figures are shown for what they are; what disturbed them stands below."
        doubt = f"{doubted} of {measured} measured cases {'is' if doubted == 1 else 'are'} not clean"
        left_out = "; contaminated ones take no part in this answer" if counts.get("contaminated") else ""
        return f"{text} {doubt}{left_out}."
    return f"{text} {_all(measured, 'measured case').capitalize()} {'is' if measured == 1 else 'are'} clean."


def _unconfirmed(comparison: Comparison) -> str:
    """A ratio of answers that show nothing may be that of a device that computes something else."""
    count = sum(bool(cell.unconfirmed) for cell in comparison.cells.values())
    if not count:
        return ""
    return f"The answers are not confirmed for {count} ratio{'' if count == 1 else 's'}."


def _summary(cell: Cell) -> Summary:
    assert isinstance(cell.case.outcome, Measured)
    return cell.case.outcome.summary


def _all(count: int, noun: str) -> str:
    return f"the one {noun}" if count == 1 else f"both {noun}s" if count == 2 else f"all {count} {noun}s"  # noqa: PLR2004


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
