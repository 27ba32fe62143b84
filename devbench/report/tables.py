"""A comparison as tables of text, whatever they will be drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.compare.comparison import Cell, Comparison
from devbench.domain.conditions import Reason
from devbench.domain.outcome import Failed, Measured, Skipped, Summary
from devbench.domain.run import CaseRecord
from devbench.printable import one_line
from devbench.report.figures import duration, milliseconds, plus_minus, ratio, times
from devbench.stats import GeometricMean, minimum_samples
from devbench.stats.steady import FEWEST_SAMPLES


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns; a cell is one or more lines. notes: below the table, one line each.

    Names, reasons and answers come from boards and files: whatever makes a table of them, it holds only what can be
    shown, and each line is one. grouped: rows whose first cell is empty belong to the row above.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]
    notes: tuple[str, ...] = ()
    grouped: bool = False

    def __post_init__(self) -> None:
        """Spell out what must not reach a terminal, or a cell's neighbours."""
        fit = {
            "title": one_line(self.title),
            "header": tuple(map(one_line, self.header)),
            "rows": tuple(tuple(tuple(map(one_line, lines)) for lines in row) for row in self.rows),
            "notes": tuple(map(one_line, self.notes)),
        }
        for name, value in fit.items():
            object.__setattr__(self, name, value)


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
    if any(comparison.means):
        rows.append((("geometric mean",), *(mean_lines(mean) for mean in comparison.means)))
    return Table(
        title=f"{comparison.run.suite}: time of one inference, median with 95 % interval{_rounds(comparison)}",
        header=("model", *(column.label for column in comparison.columns)),
        rows=tuple(rows),
        notes=(
            *_weights(comparison),
            *_baseline(comparison),
            *doubts_of(comparison),
        ),
    )


def doubts_of(comparison: Comparison) -> tuple[str, ...]:
    """The notes that say what to distrust and what is missing."""
    return (
        *(f"{doubt}." for doubt in comparison.run.doubts),
        *_one_round(comparison),
        *_measured_again(comparison),
        *_doubts(comparison),
        *_remarks(comparison),
        *_too_few(comparison),
        *_precision(comparison),
        *_missing(comparison),
    )


def mean_lines(mean: GeometricMean | None) -> tuple[str, ...]:
    """How many times faster over several models, and from where to where the models go."""
    if mean is None:
        return ("",)
    return (ratio(mean.interval), f"{mean.models} models", f"{times(mean.smallest)} to {times(mean.largest)}")


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
        lines += [f"{name} {milliseconds(value_ms)} ms" for name, value_ms in _percentiles(cell.case, summary)]
        if outcome.compute:
            lines.append(f"compute {milliseconds(outcome.compute.median_ms)} ms")
        if (energy_mj := cell.case.energy_mj) is not None:
            lines.append(f"{energy_mj:.3g} mJ")
        if cell.over_baseline:
            lines.append(ratio(cell.over_baseline))
        if cell.unconfirmed:
            lines.append("answers not confirmed")
        if cell.refused:
            lines.append("no ratio: not alike")
        if outcome.prediction:
            lines.append(f"{outcome.prediction.label or outcome.prediction.index} {outcome.prediction.score:.2f}")
        if outcome.verdict.status != "clean":
            lines.append(f"{outcome.verdict.status}: {', '.join(reason.code for reason in outcome.verdict.reasons)}")
        return tuple(lines)
    return (outcome.status,)


def _percentiles(case: CaseRecord, summary: Summary) -> list[tuple[str, float]]:
    """p90 always, others where the suite asks for them; those it asks for with the bound it asks for."""
    asked = case.measure.percentiles if case.measure else ()
    figures = {90: (summary.p90_ms, summary.p90_bound_ms), 99: (summary.p99_ms, summary.p99_bound_ms)}
    found = []
    for percent, (value_ms, bound_ms) in figures.items():
        if value_ms is not None and (percent == 90 or percent in asked):  # noqa: PLR2004
            found.append((f"p{percent}", value_ms))
        if bound_ms is not None and percent in asked:
            found.append((f"p{percent} at most", bound_ms))
    return found


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
    return f" ({_rounds_of(*sorted({min(rounds), max(rounds)}))})"


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
        text = "One round: the interval says nothing of how much another process would differ."
        return [f"{text} Measure several: `--profile normal`, or `rounds: 3`."]
    return []


def _measured_again(comparison: Comparison) -> list[str]:
    count = sum(about.superseded for case in comparison.run.cases for about in case.rounds)
    if not count:
        return []
    return [
        f"{_rounds_of(count)} {'was' if count == 1 else 'were'} doubtful and measured again: kept, but in no figure."
    ]


def _too_few(comparison: Comparison) -> list[str]:
    """Which statistic is not there because its samples are too few."""
    notes, untested = [], []
    for case in comparison.run.cases:
        if isinstance(case.outcome, Measured) and case.measure:
            bounds = {90: case.outcome.summary.p90_bound_ms, 99: case.outcome.summary.p99_bound_ms}
            samples = case.outcome.summary.samples
            for percent in case.measure.percentiles:
                if bounds[percent] is None:
                    needed = f"no bound of p{percent}, which needs {minimum_samples(percent)} samples"
                    notes.append(f"{case.id}: {needed}: there are {samples}. Raise `min_runs` or `cap_s`.")
            if any(about.samples < FEWEST_SAMPLES for about in case.counting):
                untested.append(case.id)
    if untested:
        more = f" and {len(untested) - 1} more" if untested[1:] else ""
        notes.append(
            f"{untested[0]}{more}: a round of under {FEWEST_SAMPLES} samples cannot tell whether it was steady. "
            "Raise `min_runs` or `cap_s`."
        )
    return notes


def _doubts(comparison: Comparison) -> list[str]:
    """Each kind of reason once, with the worst of what was seen and the remedy."""
    found: dict[str, list[Reason]] = {}
    for case in comparison.run.cases:
        if isinstance(case.outcome, Measured):
            for reason in case.outcome.verdict.reasons:
                found.setdefault(reason.code, []).append(reason)
    notes = []
    for code, reasons in found.items():
        worst = min(reasons, key=lambda reason: reason.severity)  # "contaminated" comes before "suspect"
        cases = f" ({len(reasons)} cases, one of them:)" if len(reasons) > 1 else ":"
        notes.append(f"{code}{cases} {worst.text}. {worst.remedy}")
    return notes


def _remarks(comparison: Comparison) -> list[str]:
    """What devices have to say, once for all the cases it is said of."""
    found: dict[str, list[str]] = {}
    for case in comparison.run.cases:
        for remark in case.remarks:
            found.setdefault(remark, []).append(case.id)
    return [f"{ids[0]}{f' and {len(ids) - 1} more' if ids[1:] else ''}: {remark}" for remark, ids in found.items()]


def _precision(comparison: Comparison) -> list[str]:
    """Where less precision was reached than asked for, and what half the interval would cost: there, and of all."""
    notes, rounds, seconds = [], [], 0.0
    for case in comparison.run.cases:
        found = case.outcome.precision if isinstance(case.outcome, Measured) else None
        if found is None:
            continue
        cost = ""
        if found.rounds_to_halve and found.seconds_to_halve:
            rounds.append(found.rounds_to_halve)
            seconds += found.seconds_to_halve
            cost = f"; {_rounds_of(rounds[-1])} more (about {duration(found.seconds_to_halve)}) would halve it"
        if found.wanted is not None and found.reached > found.wanted:
            notes.append(f"{case.id}: ± {found.reached:.1%} reached, ± {found.wanted:.1%} asked for{cost}.")
    if rounds:
        each = _rounds_of(*sorted({min(rounds), max(rounds)}))
        notes.append(f"To halve every interval: {each} more of each case, about {duration(seconds)} in all.")
    return notes


def _rounds_of(*counts: int) -> str:
    """`1 round`, `3 rounds`, `3–5 rounds`."""
    return f"{'–'.join(map(str, counts))} round{'' if counts == (1,) else 's'}"


def _missing(comparison: Comparison) -> list[str]:
    notes = [f"{one.device}: {one.reason}. {one.hint}".strip() for one in comparison.run.absent]
    notes += [f"{cell.case.id}: no ratio, since {cell.refused}." for cell in comparison.cells.values() if cell.refused]
    notes += _unconfirmed(comparison)
    for case in comparison.run.cases:
        if isinstance(case.outcome, Skipped):
            notes.append(f"{_name(case)} skipped: {case.outcome.reason}. {case.outcome.hint}".strip())
        elif isinstance(case.outcome, Failed):
            where = f" ({case.outcome.phase})" if case.outcome.phase else ""
            notes.append(f"{_name(case)} failed{where}: {case.outcome.error}. {case.outcome.hint}".strip())
    return notes


def _unconfirmed(comparison: Comparison) -> list[str]:
    """Each reason once, with the first of the cases that it is of."""
    found: dict[str, list[str]] = {}
    for cell in comparison.cells.values():
        if cell.unconfirmed:
            found.setdefault(cell.unconfirmed, []).append(cell.case.id)
    return [
        f"{ids[0]}{f' and {len(ids) - 1} more' if ids[1:] else ''}: answers not confirmed: {why}."
        for why, ids in found.items()
    ]


def _name(case: CaseRecord) -> str:
    return case.id
