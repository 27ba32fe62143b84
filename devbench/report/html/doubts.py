"""What to distrust, and why: each reason once with its remedy and the cases it concerns, then what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from devbench.compare.comparison import Comparison
from devbench.domain.conditions import Reason
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord, Pending
from devbench.report.figures import duration

_WORST_FIRST = (
    "contaminated",
    "failed",
    "suspect",
    "no ratio",
    "not confirmed",
    "remark",
    "imprecise",
    "skipped",
    "pending",
    "absent",
)


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """kind: suspect, contaminated, failed, not confirmed, remark, skipped, absent... name: what tables call it.

    cases: ids of those it concerns. details: of each of them, or ().
    everywhere: it concerns every measured case.
    """

    kind: str
    name: str
    text: str
    remedy: str = ""
    cases: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    everywhere: bool = False


def doubts(comparison: Comparison) -> list[Doubt]:
    """The worst first."""
    cases = comparison.run.cases
    found = [*_one_round(cases), *_reasons(cases), *_failed(cases), *_refused(comparison), *_remarks(cases)]
    found += [*_unconfirmed(comparison), *_skipped(cases), *_pending(cases), *_absent(comparison), *_imprecise(cases)]
    measured = sum(isinstance(case.outcome, Measured) for case in cases)
    found = [replace(one, everywhere=_is_everywhere(one, measured)) for one in found]
    return sorted(found, key=lambda doubt: _WORST_FIRST.index(doubt.kind))


def _is_everywhere(doubt: Doubt, measured: int) -> bool:
    of_measured = doubt.kind in ("contaminated", "suspect", "imprecise") and not doubt.details
    return of_measured and len(doubt.cases) == measured > 1


def _reasons(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    found: dict[str, list[tuple[CaseRecord, Reason]]] = {}
    for case in cases:
        for reason in case.outcome.verdict.reasons if isinstance(case.outcome, Measured) else ():
            found.setdefault(reason.code, []).append((case, reason))
    doubts = []
    for code, pairs in found.items():
        worst = min((reason for _, reason in pairs), key=lambda reason: reason.severity)  # contaminated before suspect
        seen = f"{worst.text} (in one of {len(pairs)} cases)" if len(pairs) > 1 else worst.text
        ids = tuple(case.id for case, _ in pairs)
        doubts.append(Doubt(kind=worst.severity, name=code, text=seen, remedy=worst.remedy, cases=ids))
    return doubts


def _one_round(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    measured = [case for case in cases if isinstance(case.outcome, Measured)]
    alone = [case.id for case in measured if not _between_rounds(case)]
    if not alone:
        return []
    text = "the interval says nothing of how much another process would differ"
    return [
        Doubt(kind="imprecise", name="one round", text=text, remedy="Measure several rounds.", cases=tuple(alone)),
    ]


def _between_rounds(case: CaseRecord) -> bool:
    return isinstance(case.outcome, Measured) and case.outcome.summary.between_rounds


def _imprecise(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    """All cases in one, each with what it reached and what half of its interval would cost."""
    found: dict[str, str] = {}
    for case in cases:
        got = case.outcome.precision if isinstance(case.outcome, Measured) else None
        if got and got.wanted is not None and got.reached > got.wanted:
            cost = ""
            if got.rounds_to_halve and got.seconds_to_halve:
                rounds = f"{got.rounds_to_halve} more round{'' if got.rounds_to_halve == 1 else 's'}"
                cost = f"; {rounds} (about {duration(got.seconds_to_halve)}) would halve it"
            found[case.id] = f"± {got.reached * 100:.1f} % reached, ± {got.wanted * 100:.1f} % asked for{cost}"
    if not found:
        return []
    text = "intervals are wider than the suite asks for"
    return [Doubt(kind="imprecise", name="precision", text=text, cases=tuple(found), details=tuple(found.values()))]


def _failed(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for case in cases:
        if isinstance(case.outcome, Failed):
            found.setdefault((case.outcome.phase, case.outcome.error, case.outcome.hint), []).append(case.id)
    return [
        Doubt(kind="failed", name=f"while: {phase}" if phase else "", text=error, remedy=hint, cases=tuple(ids))
        for (phase, error, hint), ids in found.items()
    ]


def _skipped(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    found: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        if isinstance(case.outcome, Skipped):
            found.setdefault((case.outcome.reason, case.outcome.hint), []).append(case.id)
    return [
        Doubt(kind="skipped", name="", text=reason, remedy=hint, cases=tuple(ids))
        for (reason, hint), ids in found.items()
    ]


def _remarks(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    """What devices have to say of their own results."""
    texts = dict.fromkeys(remark for case in cases for remark in case.remarks)
    return [
        Doubt(kind="remark", name="", text=text, cases=tuple(case.id for case in cases if text in case.remarks))
        for text in texts
    ]


def _pending(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    ids = tuple(case.id for case in cases if isinstance(case.outcome, Pending))
    text, remedy = "the run ended before these were measured", "Go on with `devbench run --resume FOLDER`."
    return [Doubt(kind="pending", name="", text=text, remedy=remedy, cases=ids)] if ids else []


def _refused(comparison: Comparison) -> list[Doubt]:
    return [
        Doubt(kind="no ratio", name="not alike", text=f"no ratio, since {cell.refused}", cases=(cell.case.id,))
        for cell in comparison.cells.values()
        if cell.refused
    ]


def _unconfirmed(comparison: Comparison) -> list[Doubt]:
    found: dict[str, list[str]] = {}
    for cell in comparison.cells.values():
        if cell.unconfirmed:
            found.setdefault(cell.unconfirmed, []).append(cell.case.id)
    return [
        Doubt(kind="not confirmed", name="answers", text=f"answers not confirmed: {why}", cases=tuple(ids))
        for why, ids in found.items()
    ]


def _absent(comparison: Comparison) -> list[Doubt]:
    return [Doubt(kind="absent", name=one.device, text=one.reason, remedy=one.hint) for one in comparison.run.absent]
