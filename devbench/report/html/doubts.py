"""What to distrust, and why: each reason once with its remedy and the cases it concerns, then what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.compare.comparison import Comparison
from devbench.domain.conditions import Reason
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord, Pending
from devbench.report.figures import duration


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """kind: suspect, contaminated, failed, skipped, absent or imprecise. name: what it is called in tables.

    cases: ids of those it concerns.
    """

    kind: str
    name: str
    text: str
    remedy: str = ""
    cases: tuple[str, ...] = ()


def doubts(comparison: Comparison) -> list[Doubt]:
    """The worst first."""
    cases = comparison.run.cases
    found = [*_one_round(cases), *_reasons(cases), *_failed(cases), *_refused(comparison), *_skipped(cases)]
    found += [*_pending(cases), *_absent(comparison), *_imprecise(cases)]
    order = ("contaminated", "failed", "suspect", "no ratio", "imprecise", "skipped", "pending", "absent")
    return sorted(found, key=lambda doubt: order.index(doubt.kind))


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
    doubts = []
    for case in cases:
        found = case.outcome.precision if isinstance(case.outcome, Measured) else None
        if found is None or found.wanted is None or found.reached <= found.wanted:
            continue
        remedy = ""
        if found.rounds_to_halve and found.seconds_to_halve:
            rounds = f"{found.rounds_to_halve} more round{'' if found.rounds_to_halve == 1 else 's'}"
            remedy = f"{rounds} (about {duration(found.seconds_to_halve)}) would halve the interval."
        text = f"± {found.reached * 100:.1f} % reached, ± {found.wanted * 100:.1f} % asked for"
        doubts.append(Doubt(kind="imprecise", name="imprecise", text=text, remedy=remedy, cases=(case.id,)))
    return doubts


def _failed(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    return [
        Doubt(
            kind="failed",
            name=f"failed: {case.outcome.phase}" if case.outcome.phase else "failed",
            text=case.outcome.error,
            remedy=case.outcome.hint,
            cases=(case.id,),
        )
        for case in cases
        if isinstance(case.outcome, Failed)
    ]


def _skipped(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    found: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        if isinstance(case.outcome, Skipped):
            found.setdefault((case.outcome.reason, case.outcome.hint), []).append(case.id)
    return [
        Doubt(kind="skipped", name="skipped", text=reason, remedy=hint, cases=tuple(ids))
        for (reason, hint), ids in found.items()
    ]


def _pending(cases: tuple[CaseRecord, ...]) -> list[Doubt]:
    ids = tuple(case.id for case in cases if isinstance(case.outcome, Pending))
    text, remedy = "the run ended before these were measured", "Go on with `devbench run --resume FOLDER`."
    return [Doubt(kind="pending", name="pending", text=text, remedy=remedy, cases=ids)] if ids else []


def _refused(comparison: Comparison) -> list[Doubt]:
    return [
        Doubt(kind="no ratio", name="not alike", text=f"no ratio, since {cell.refused}", cases=(cell.case.id,))
        for cell in comparison.cells.values()
        if cell.refused
    ]


def _absent(comparison: Comparison) -> list[Doubt]:
    return [Doubt(kind="absent", name=one.device, text=one.reason, remedy=one.hint) for one in comparison.run.absent]
