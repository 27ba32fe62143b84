"""What to distrust, as the page shows it: a finding in words, with its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devbench.compare.findings import Finding, Kind
from devbench.report.notes import each_of, note_of, remedy_of, sentence, text_of
from devbench.report.numbers import count_of


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A finding in words. badge: what marks it. cases, each: whom it concerns, and what was seen of each of them."""

    badge: str
    name: str
    text: str
    remedy: str
    cases: tuple[str, ...]
    each: tuple[str, ...]
    everywhere: bool


def alerts_of(findings: Sequence[Finding]) -> list[str]:
    """What a reader must know before the answer: that the files do not hold, or that the run is not finished."""
    damage = [sentence(text_of(one)) for one in findings if one.kind is Kind.DAMAGED]
    pending = next((one for one in findings if one.kind is Kind.PENDING), None)
    found = [f"Do not trust these figures. {' '.join(damage)}"] if damage else []
    if pending:
        found.append(f"Interrupted: {count_of(len(pending.cases), 'case')} not measured yet. {remedy_of(pending)}")
    return found


def doubts_of(findings: Sequence[Finding]) -> list[Doubt]:
    """All but what sources say of themselves."""
    return [_doubt(one) for one in findings if one.cause != "source"]


def sources_of(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """What must be known of each published source: its name, and the words of its description."""
    return [(str(one.values["name"]), one.text) for one in findings if one.cause == "source"]


def _doubt(finding: Finding) -> Doubt:
    cause = finding.cause if finding.kind in (Kind.CONTAMINATED, Kind.SUSPECT) else ""
    phase = f"while: {finding.values['phase']}" if finding.values.get("phase") else ""
    note = finding.kind is Kind.NOTE and not finding.cases
    return Doubt(
        badge=finding.kind.name.lower().replace("_", " "),
        name=cause or phase or str(finding.values.get("device", "")),
        text=note_of(finding) if note else sentence(text_of(finding)),
        remedy="" if note else remedy_of(finding),
        cases=finding.cases,
        each=each_of(finding),
        everywhere=finding.everywhere and not finding.each,
    )
