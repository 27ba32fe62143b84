"""A comparison as tables of text, whatever they will be drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.compare.comparison import Cell, Comparison
from devbench.domain.outcome import Failed, Measured, Skipped
from devbench.domain.run import CaseRecord
from devbench.report.figures import milliseconds, plus_minus, ratio


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns; a cell is one or more lines. notes: below the table, one line each."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    notes: tuple[str, ...] = ()


def tables_of(comparison: Comparison) -> list[Table]:
    """The table of latencies, and the one of ratios between models where the suite asks for it."""
    tables = [_latencies(comparison)]
    if comparison.between:
        tables.append(_ratios(comparison))
    return tables


def _latencies(comparison: Comparison) -> Table:
    rows = []
    for row in comparison.rows:
        cells = [comparison.cells.get((row, index)) for index in range(len(comparison.columns))]
        rows.append((_model(row, cells), *(_cell(cell) for cell in cells)))
    return Table(
        title=f"{comparison.run.suite}: time of one inference, median with 95 % interval{_rounds(comparison)}",
        header=("model", *(column.label for column in comparison.columns)),
        rows=tuple(rows),
        notes=(*_weights(comparison), *_baseline(comparison), *_one_round(comparison), *_missing(comparison)),
    )


def _model(row: str, cells: list[Cell | None]) -> tuple[str, ...]:
    """Model and precision; below them the size of its input where the file says it."""
    artifact = next((cell.case.artifact for cell in cells if cell and cell.case.artifact), None)
    shapes = ", ".join("×".join(str(size) for size in spec.shape) for spec in artifact.inputs) if artifact else ""
    return (row, shapes) if shapes else (row,)


def _cell(cell: Cell | None) -> tuple[str, ...]:
    if cell is None:
        return ("",)
    outcome = cell.case.outcome
    if isinstance(outcome, Measured):
        summary = outcome.summary
        lines = [f"{milliseconds(summary.median_ms)} ms {plus_minus(summary)}"]
        if summary.p90_ms is not None:
            lines.append(f"p90 {milliseconds(summary.p90_ms)} ms")
        if cell.over_baseline:
            lines.append(ratio(cell.over_baseline))
        if outcome.prediction:
            lines.append(f"{outcome.prediction.label or outcome.prediction.index} {outcome.prediction.score:.2f}")
        return tuple(lines)
    return (outcome.status,)


def _ratios(comparison: Comparison) -> Table:
    rows = [
        ((f"{pair.slow} / {pair.fast}",), *((ratio(one) if one else "",) for one in pair.ratios))
        for pair in comparison.between
    ]
    return Table(
        title="How many times as long, with 95 % interval",
        header=("models", *(column.label for column in comparison.columns)),
        rows=tuple(rows),
    )


def _rounds(comparison: Comparison) -> str:
    rounds = {case.outcome.summary.rounds for case in comparison.run.cases if isinstance(case.outcome, Measured)}
    if not rounds:
        return ""
    counts = "–".join(str(count) for count in sorted({min(rounds), max(rounds)}))
    return f" ({counts} round{'' if counts == '1' else 's'})"


def _weights(comparison: Comparison) -> list[str]:
    """Random weights are called random weights."""
    found: dict[str, list[str]] = {}
    for case in comparison.run.cases:
        if case.artifact and case.model not in found.setdefault(case.artifact.weights, []):
            found[case.artifact.weights].append(case.model)
    return [f"Weights: {weights} ({', '.join(models)})." for weights, models in found.items()]


def _baseline(comparison: Comparison) -> list[str]:
    if comparison.baseline is None or len(comparison.columns) == 1:
        return []
    return [f"× is how many times faster than {comparison.columns[comparison.baseline].label}."]


def _one_round(comparison: Comparison) -> list[str]:
    measured = [case.outcome.summary for case in comparison.run.cases if isinstance(case.outcome, Measured)]
    if measured and not any(summary.between_rounds for summary in measured):
        return ["One round: the interval says nothing of how much another process would differ."]
    return []


def _missing(comparison: Comparison) -> list[str]:
    notes = [f"{one.device}: {one.reason}. {one.hint}".strip() for one in comparison.run.absent]
    for case in comparison.run.cases:
        if isinstance(case.outcome, Skipped):
            notes.append(f"{_name(case)} skipped: {case.outcome.reason}. {case.outcome.hint}".strip())
        elif isinstance(case.outcome, Failed):
            where = f" ({case.outcome.phase})" if case.outcome.phase else ""
            notes.append(f"{_name(case)} failed{where}: {case.outcome.error}. {case.outcome.hint}".strip())
    return notes


def _name(case: CaseRecord) -> str:
    return case.id
