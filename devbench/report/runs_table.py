"""The changes from one run to another as a table of text, and as plain data."""

from __future__ import annotations

from typing import Any

from devbench.compare.runs import CaseChange, RunChanges
from devbench.domain.intervals import Interval
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord, Run
from devbench.report.case_names import what_and_where
from devbench.report.covered import AGAIN
from devbench.report.numbers import milliseconds, percent
from devbench.report.table import Table, TableCell, text_cell

NOT_COMPARED = "not compared"


def runs_table(changes: RunChanges) -> Table:
    """A row per case; what must be known of it is a numbered note below, told once however many cases it is of."""
    texts = dict.fromkeys(text for change in changes.cases for text in _told(change))
    numbers = {text: number for number, text in enumerate(texts, 1)}
    rows = [_row(change, changes.threshold, numbers) for change in changes.cases]
    if changes.overall:
        overall = changes.overall
        spread = f"from {overall.smallest:.3f} to {overall.largest:.3f}"
        mean = (f"geometric mean of {overall.models}",)
        rows.append(_cells(mean, (), (), _ratio(overall.interval), (), (spread,)))
    limit = _percent(changes.threshold)
    return Table(
        title=f"{changes.new.suite}: time of one inference, NEW over OLD with 95 % interval {AGAIN}",
        header=("case", "OLD", "NEW", "NEW / OLD", "undisturbed", "verdict"),
        rows=tuple(rows),
        notes=(
            *(f"[{number}] {text}" for text, number in numbers.items()),
            *changes.notes,
            f"OLD is {_name(changes.old)}, NEW is {_name(changes.new)}; where a note names two things, OLD's is first.",
            "undisturbed: of the fastest percent of the samples, in the faster half of the rounds, with 99 % interval.",
            *_resolution(changes),
            f"slower, faster: the interval lies wholly on one side of 1, and the ratio is at least {limit} from it.",
        ),
    )


def runs_data(changes: RunChanges) -> dict[str, Any]:
    """The same as plain data; null is "there is none"."""
    overall = changes.overall
    return {
        "old": {"id": changes.old.id, "started_utc": changes.old.started_utc},
        "new": {"id": changes.new.id, "started_utc": changes.new.started_utc},
        "suite": changes.new.suite,
        "threshold": changes.threshold,
        "notes": list(changes.notes),
        "resolution": changes.resolution,
        "earlier_runs": changes.earlier_runs,
        "cases": [
            {
                "id": change.id,
                "old_ms": _median_ms(change.old),
                "new_ms": _median_ms(change.new),
                **_interval(change.ratio),
                "undisturbed": _interval(change.undisturbed) if change.undisturbed else None,
                "verdict": change.difference or NOT_COMPARED,
                "reason": change.reason or None,
                "notes": list(change.notes),
            }
            for change in changes.cases
        ],
        "geometric_mean": {
            **_interval(overall.interval),
            "smallest": overall.smallest,
            "largest": overall.largest,
            "cases": overall.models,
        }
        if overall
        else None,
    }


def _row(change: CaseChange, threshold: float, numbers: dict[str, int]) -> tuple[TableCell, ...]:
    if change.difference == "within the threshold":
        verdict = f"differs by less than {_percent(threshold)}"
    else:
        verdict = change.difference or NOT_COMPARED
    marks = " ".join(f"[{numbers[text]}]" for text in _told(change))
    case = change.new or change.old
    return _cells(
        what_and_where(case) if case else (change.id,),  # with spaces a narrow terminal wraps it and cuts nothing off
        (_median(change.old),),
        (_median(change.new),),
        _ratio(change.ratio),
        _ratio(change.undisturbed),
        (verdict, marks) if marks else (verdict,),
    )


def _cells(*cells: tuple[str, ...]) -> tuple[TableCell, ...]:
    return tuple(text_cell(*lines) for lines in cells)


def _resolution(changes: RunChanges) -> list[str]:
    """What these two runs can show at all, and what shows more."""
    return (
        [
            resolution_text(changes),
            "To see smaller ones, measure both side by side: `devbench compare --measure OLD NEW`.",
        ]
        if changes.resolution is not None
        else []
    )


def resolution_text(changes: RunChanges) -> str:
    """What these two runs can show at all, and how that is known; "" where nothing was compared."""
    if changes.resolution is None:
        return ""
    known = (
        f"the spread between runs is learned from {changes.earlier_runs} earlier runs"
        if changes.earlier_runs
        else "the spread between runs is assumed, as there are not two earlier runs here"
    )
    return f"Differences under {percent(changes.resolution)} cannot be shown between these two runs ({known})."


def _told(change: CaseChange) -> tuple[str, ...]:
    return (change.reason, *change.notes) if change.reason else change.notes


def _name(run: Run) -> str:
    return f"{run.id} ({run.started_utc})"


def _median_ms(case: CaseRecord | None) -> float | None:
    return case.outcome.summary.median_ms if case and isinstance(case.outcome, Measured) else None


def _median(case: CaseRecord | None) -> str:
    median_ms = _median_ms(case)
    if median_ms is not None:
        return f"{milliseconds(median_ms)} ms"
    return case.outcome.status if case else ""


def _ratio(interval: Interval | None) -> tuple[str, ...]:
    return (f"{interval.estimate:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]") if interval else ()


def _interval(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {"ratio": None, "low": None, "high": None, "between_rounds": None}
    return {
        "ratio": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "between_rounds": interval.between_rounds,
    }


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
