"""The rows of a run that may be published: contaminated figures are left out, suspect ones get a footnote."""

from __future__ import annotations

from devbench.domain.columns import COLUMNS
from devbench.domain.measure import Measure, weaker_settings
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord, Run
from devbench.errors import DevbenchError
from devbench.store.results_rows import rows_of

_FIGURES = tuple(column.name for column in COLUMNS if column.unit)
_ABOUT_THE_FIGURE = ("statistic", "interval", "rounds", "samples", "verdict")


def published_rows(run: Run) -> list[dict[str, str]]:
    """The rows of results.csv; one that is contaminated keeps its reasons and none of its figures."""
    return [_withheld(row) if row["verdict"] == "contaminated" else row for row in rows_of(run)]


def footnotes(run: Run) -> list[str]:
    """What a reader must know: how it was measured, and which cases deserve doubt, with the reasons."""
    notes = [f"Measured by devbench {run.devbench_version}, profile {' and '.join(profiles(run))}."]
    for case in run.cases:
        if isinstance(case.outcome, Measured) and case.outcome.verdict.status != "clean":
            verdict = case.outcome.verdict
            left_out = " and left out" if verdict.status == "contaminated" else ""
            notes.append(f"{case.id} is {verdict.status}{left_out}: {'; '.join(one.text for one in verdict.reasons)}.")
    return notes


def profiles(run: Run) -> list[str]:
    """The profiles that its cases were measured with, with what a suite took from them; mostly one."""
    return sorted({", with ".join(_profile(case.measure)) for case in run.cases if case.measure})


def _profile(measure: Measure) -> list[str]:
    weaker = weaker_settings(measure)
    return [measure.profile, " and ".join(weaker)] if weaker else [measure.profile]


def check_publishable(run: Run, *, any_profile: bool) -> None:
    """Raise a DevbenchError unless the run is finished and worth publishing."""
    where = f"the run {run.id}"
    if run.doubts:
        hint = "Restore run.json from a copy: figures that were changed are not published."
        raise DevbenchError("\n".join(run.doubts), hint)
    if not run.finished_utc:
        raise DevbenchError(f"{where} is not finished", "Finish it: `devbench run --resume`.")
    measured = [case for case in run.cases if isinstance(case.outcome, Measured)]
    if not measured:
        raise DevbenchError(f"{where} measured nothing: all its cases were skipped or failed")
    if all(_verdict(case) == "contaminated" for case in measured):
        raise DevbenchError(
            f"{where} is contaminated in every case, so there is nothing to publish",
            "`devbench report` says what disturbed it. Make the machine quieter (`devbench doctor`) and measure again.",
        )
    if profiles(run) != ["publish"] and not any_profile:
        raise DevbenchError(
            f"{where} was measured with the profile {' and '.join(profiles(run))}, not with `publish`",
            "Measure again with `--profile publish`, or say --any-profile: the description of the CSV names it.",
        )


def _verdict(case: CaseRecord) -> str:
    return case.outcome.verdict.status if isinstance(case.outcome, Measured) else ""


def _withheld(row: dict[str, str]) -> dict[str, str]:
    reason = f"contaminated: {row['verdict_reasons'].replace(';', ', ')}"
    return {**row, **dict.fromkeys((*_FIGURES, *_ABOUT_THE_FIGURE), ""), "status": "skipped", "reason": reason}
