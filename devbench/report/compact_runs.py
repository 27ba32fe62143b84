"""What became faster or slower from one run to another, on one screen: the answer, a line per case, few notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from devbench.compare.runs import CaseChange, RunChanges
from devbench.domain.intervals import Interval
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord
from devbench.report.case_names import short_case_names
from devbench.report.notes import sentence
from devbench.report.numbers import count_of, factor, factor_and_ends, inverse, listed, milliseconds, percent
from devbench.report.runs_table import resolution_text
from devbench.report.screen import ScreenLine, aligned, wrapped

_MOST_NOTES = 5
_MOST_ROWS = 16
_NOT_COMPARED = "not compared"
_ORDER = ("slower", "faster", "no difference shown", "within the threshold", "undecided: contaminated")
_STYLES = {"slower": "magenta", "faster": "green"}


def compact_changes(changes: RunChanges, width: int) -> Iterator[ScreenLine]:
    """The comparison in lines of at most `width` columns."""
    old, new = changes.old, changes.new
    yield from wrapped(f"{new.suite} · NEW {new.id} against OLD {old.id}", width)
    yield ()
    for number, text in enumerate(_answer(changes)):
        yield from wrapped(text, width, "" if number else "bold")
    yield from _table(changes, width)
    yield ()
    for text in _notes(changes):
        yield from wrapped(text, width)


def _answer(changes: RunChanges) -> Iterator[str]:
    """How many cases became what, and the mean over all that are decided."""
    counts = Counter(_kind(change) for change in changes.cases)
    words = {"within the threshold": f"differ by less than {percent(changes.threshold)}"}
    kinds = [kind for kind in (*_ORDER, _NOT_COMPARED) if kind in counts]
    if len(kinds) == 1:
        one, count = changes.cases[0], len(changes.cases)
        result = one.reason if one.ratio is None else _result(one)
        yield f"{one.id}: {result}." if count == 1 else f"All {count} cases: {words.get(kinds[0], kinds[0])}."
    elif kinds:
        parts = [f"{counts[kind]} {words.get(kind, kind)}" for kind in kinds]
        yield f"{listed(parts)}, of {count_of(len(changes.cases), 'case')}."
    else:
        yield "There is nothing to compare."
    if changes.overall:
        mean = changes.overall
        yield (
            f"Geometric mean of {mean.models}: {_change(mean.interval)}, "
            f"from {_factor(mean.smallest)} to {_factor(mean.largest)}."
        )


def _kind(change: CaseChange) -> str:
    return change.difference or _NOT_COMPARED


def _table(changes: RunChanges, width: int) -> Iterator[ScreenLine]:
    """The cases that are compared: all of them if they are few, else those with a difference."""
    records = {change.id: change.new or change.old for change in changes.cases}
    names = short_case_names([case for case in records.values() if case])
    compared = [one for one in changes.cases if one.difference]
    wanted = compared if len(compared) <= _MOST_ROWS else [one for one in compared if one.difference in _STYLES]
    rows = [(names[one.id], f"{_median(one.old)} → {_median(one.new)}", _result(one)) for one in wanted]
    if not rows:
        return
    styles = {row[-1]: _STYLES.get(str(one.difference), "") for row, one in zip(rows, wanted, strict=True)}
    yield ()
    yield from aligned(("case", "OLD → NEW", "NEW against OLD"), rows, width, styles=styles)


def _result(change: CaseChange) -> str:
    assert change.ratio
    if change.difference == "undecided: contaminated":
        return change.difference
    if change.difference in ("slower", "faster"):
        shown = change.ratio if _shows(change.ratio, change.difference) else change.undisturbed or change.ratio
        return _change(shown)
    _, ends = factor_and_ends(change.ratio, 3)
    words = "no difference shown" if change.difference == "no difference shown" else "within the threshold"
    return f"{words} {ends}"


def _shows(ratio: Interval, difference: str) -> bool:
    return ratio.low > 1 if difference == "slower" else ratio.high < 1


def _change(ratio: Interval) -> str:
    """`1.20× slower [1.15, 1.25]`, `no difference shown [0.98, 1.03]`; never a factor below 1."""
    if ratio.holds(1.0):
        return f"no difference shown {factor_and_ends(ratio, 3)[1]}"
    value, ends = factor_and_ends(ratio if ratio.estimate > 1 else inverse(ratio))
    return f"{value} {'slower' if ratio.estimate > 1 else 'faster'} {ends}"


def _factor(ratio: float) -> str:
    return f"{factor(ratio)} slower" if ratio >= 1 else f"{factor(1 / ratio)} faster"


def _median(case: CaseRecord | None) -> str:
    assert case
    assert isinstance(case.outcome, Measured)
    return f"{milliseconds(case.outcome.summary.median_ms)} ms"


def _notes(changes: RunChanges) -> Iterator[str]:
    """One for each cause, five at most; then what these two runs cannot show."""
    texts = [f"{count_of(count, 'case')} not compared: {reason}." for reason, count in _reasons(changes).items()]
    contaminated = [one for one in changes.cases if one.difference and _is_contaminated(one)]
    if contaminated:
        texts.append(f"{count_of(len(contaminated), 'case')} contaminated in OLD or NEW. Try `devbench doctor`.")
    compared = sum(one.difference is not None for one in changes.cases)
    if compared > _MOST_ROWS:
        texts.append(f"Not in the table: {compared} compared cases, but for those with a difference: --verbose.")
    texts += [f"{sentence(text)}" for text in changes.notes]
    counts = Counter(text for one in changes.cases for text in one.notes if text not in one.doubts)
    texts += [f"{text}{f' ({count} cases)' if count > 1 else ''}." for text, count in counts.items()]
    left = len(texts) - _MOST_NOTES
    yield from map(_begun, texts[:_MOST_NOTES])
    if left > 0:
        yield f"{count_of(left, 'more note')}: --verbose."
    if changes.resolution is not None:
        yield f"{resolution_text(changes)} For smaller ones: devbench compare --measure OLD NEW"
    yield "Everything else: --verbose"


def _begun(text: str) -> str:
    """With a capital, unless it begins with a path: that is another file then."""
    return text if "/" in text.split(maxsplit=1)[0] else f"{text[0].upper()}{text[1:]}"


def _reasons(changes: RunChanges) -> Mapping[str, int]:
    return Counter(one.reason for one in changes.cases if one.reason)


def _is_contaminated(change: CaseChange) -> bool:
    sides = [case.outcome for case in (change.old, change.new) if case]
    return any(isinstance(one, Measured) and one.verdict.status == "contaminated" for one in sides)
