"""The notes below the report that fits on a screen: one for one cause, a few at most, the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from devbench.compare.findings import Finding, Kind
from devbench.compare.overview import Overview
from devbench.report.notes import cases_text, remedy_of, sentence, text_of
from devbench.report.numbers import count_of, listed
from devbench.report.words import short_row_names

_MOST_NOTES = 5
_MOST_CAUSES = 3


def compact_notes(overview: Overview, where: str, *, causes: bool) -> list[str]:
    """One note for one cause, five at most, the gravest first; then where everything is.

    causes: whether to say why cases have no figure.
    """
    findings, makers = overview.findings, [make for make in _MAKERS if causes or make not in _CAUSES]
    notes = [note for make in makers if (note := make(overview, findings))]
    dropped = len(notes) - _MOST_NOTES
    kept = notes[:_MOST_NOTES]
    if dropped > 0:
        kept[-1] = f"{kept[-1]} {count_of(dropped, 'more note')}: --verbose."
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
