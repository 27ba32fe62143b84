"""What became of each case in one night, read from the runs that it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devbench.domain.night import Night, SeriesKey
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord
from devbench.errors import DevbenchError
from devbench.history.columns import keys_of
from devbench.store.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class NightCase:
    """One case on one place. status: "measured", "failed", "skipped" or "pending" (the night ended before).

    ms: the undisturbed figure; the median where there is none; 0 if it was not measured.
    why: what went wrong; what the machine did meanwhile where the figure is doubtful.
    """

    key: SeriesKey
    status: str
    ms: float = 0.0
    took_s: float = 0.0
    why: str = ""


def cases_of(night: Night, folder: Path) -> tuple[tuple[NightCase, ...], tuple[str, ...]]:
    """The cases of the runs of `night`, whose folder this is, and the runs that could not be read, each with why."""
    found: list[NightCase] = []
    problems = []
    for group in night.groups:
        for name in group.runs:
            try:
                cases = RunFolder(folder / name).load().cases
                found += map(night_case, cases, keys_of(cases))
            except DevbenchError as error:
                problems.append(error.message)
    return tuple(found), tuple(problems)


def night_case(case: CaseRecord, key: SeriesKey) -> NightCase:
    """One case of a run. key: what the history calls it."""
    outcome = case.outcome
    ms, why = 0.0, ""
    if isinstance(outcome, Measured):
        summary = outcome.summary
        ms = summary.fastest_ms or summary.median_ms
        why = "; ".join(f"{one.severity}: {one.text}" for one in outcome.verdict.reasons)
    elif isinstance(outcome, Failed):
        why = outcome.error
    elif isinstance(outcome, Skipped):
        why = outcome.reason
    return NightCase(
        key=key,
        status=outcome.status,
        ms=ms,
        took_s=sum(one.duration_s for one in case.rounds),
        why=why,
    )
