"""One run as a grid: a row per model, a column per device, and the ratios that its suite asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.alike import Agreement, agreement, quantizations, work_differs
from devbench.domain.outcome import Measured, Nanoseconds, OutputTensor
from devbench.domain.run import CaseRecord, Run
from devbench.errors import DevbenchError
from devbench.stats import (
    GeometricMean,
    Interval,
    RoundMedian,
    geometric_mean_ratio,
    ratio_interval,
    round_medians,
)

Samples = Callable[[str], Mapping[int, Nanoseconds]]  # steady samples by round, of the case with this id
Outputs = Callable[[str], Sequence[OutputTensor]]  # what that case gave for its input; empty if unknown


@dataclass(frozen=True, kw_only=True)
class Column:
    """One way to run models. label: the device's kind, with whatever else tells it from the other columns."""

    device: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A case in the grid.

    over_baseline: how many times faster than the baseline device it is. refused: why there is no such ratio.
    unconfirmed: why nothing shows that the two gave the same answers.
    """

    case: CaseRecord
    over_baseline: Interval | None = None
    refused: str = ""
    unconfirmed: str = ""


@dataclass(frozen=True, kw_only=True)
class Between:
    """How many times as long model `slow` takes as model `fast`, by column."""

    slow: str
    fast: str
    ratios: tuple[Interval | None, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The grid. cells: by row and column; a missing one was not planned.

    means: by column, of how many times faster than the baseline it is, where two models or more have that ratio
        and are not contaminated.
    """

    run: Run
    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, int], Cell]
    baseline: int | None
    between: tuple[Between, ...]
    means: tuple[GeometricMean | None, ...]


def compare_run(run: Run, samples: Samples, outputs: Outputs, baseline: str = "") -> Comparison:
    """The comparison that the run's suite asks for, over `baseline` instead of the suite's if that is given."""
    keys = list(dict.fromkeys(_column_key(case) for case in run.cases))
    columns = _columns(keys)
    wanted = baseline or run.compare.baseline
    base = next((index for index, column in enumerate(columns) if wanted in (column.device, column.label)), None)
    if baseline and base is None:
        names = [name for column in columns for name in (column.device, column.label)]
        raise DevbenchError(f"the run has no device '{baseline}'", f"It has: {', '.join(dict.fromkeys(names))}.")
    grid = {(_row(case), keys.index(_column_key(case))): case for case in run.cases}
    rows = tuple(dict.fromkeys(_row(case) for case in run.cases))
    ratio = _Ratios(samples, outputs)
    cells = {}
    for (row, index), case in grid.items():
        reference = grid.get((row, base)) if base is not None and index != base else None
        cells[row, index] = ratio.cell(case, reference)
    return Comparison(
        run=run,
        rows=rows,
        columns=columns,
        cells=cells,
        baseline=base,
        between=_between(run.compare.between_models, rows, grid, len(columns), ratio),
        means=tuple(_mean(rows, grid, cells, base, index, ratio) for index in range(len(columns))),
    )


class _Ratios:
    """Ratios of two cases of one run, whose rounds were interleaved."""

    def __init__(self, samples: Samples, outputs: Outputs) -> None:
        self._samples = samples
        self._outputs = outputs
        self._medians: dict[str, list[RoundMedian]] = {}

    def cell(self, case: CaseRecord, reference: CaseRecord | None) -> Cell:
        """The case with its ratio over `reference`, unless the two are not alike."""
        if reference is None or self.of(reference, case) is None:
            return Cell(case=case)
        found = self._agreement(reference, case)
        if refused := work_differs(reference, case) or found.differ:
            return Cell(case=case, refused=refused)
        return Cell(case=case, over_baseline=self.of(reference, case), unconfirmed=found.unconfirmed)

    def _agreement(self, reference: CaseRecord, case: CaseRecord) -> Agreement:
        if reference.input != case.input:
            return Agreement(unconfirmed=f"their inputs differ ({reference.input}, {case.input})")
        return agreement(self._outputs(reference.id), self._outputs(case.id), quantizations(reference, case))

    def mean(self, pairs: Sequence[tuple[CaseRecord, CaseRecord]]) -> GeometricMean:
        """The geometric mean of the ratios of these pairs; rounds are pairs if they are for every one of them."""
        sides = [(self._rounds(above), self._rounds(below)) for above, below in pairs]
        paired = all(_paired(*pair, *side) for pair, side in zip(pairs, sides, strict=True))
        return geometric_mean_ratio([above for above, _ in sides], [below for _, below in sides], paired=paired)

    def of(self, above: CaseRecord, below: CaseRecord) -> Interval | None:
        """How many times as long `above` takes as `below`; None unless both are measured."""
        if not (isinstance(above.outcome, Measured) and isinstance(below.outcome, Measured)):
            return None
        one, other = self._rounds(above), self._rounds(below)
        return ratio_interval(one, other, paired=_paired(above, below, one, other))

    def _rounds(self, case: CaseRecord) -> list[RoundMedian]:
        """The rounds that count, read once: a case is compared with many others."""
        if case.id not in self._medians:
            found = self._samples(case.id)
            left_out = {about.index for about in case.rounds if about.superseded}
            self._medians[case.id] = round_medians(
                [found[number] for number in sorted(found) if number not in left_out]
            )
        return self._medians[case.id]


def _paired(above: CaseRecord, below: CaseRecord, one: Sequence[RoundMedian], other: Sequence[RoundMedian]) -> bool:
    """Rounds are pairs where the same machine took turns and none was measured again or added later."""
    undisturbed = all(case.counting == case.rounds for case in (above, below))
    return above.place == below.place and len(one) == len(other) and undisturbed


def _mean(
    rows: Sequence[str],
    grid: Mapping[tuple[str, int], CaseRecord],
    cells: Mapping[tuple[str, int], Cell],
    base: int | None,
    column: int,
    ratio: _Ratios,
) -> GeometricMean | None:
    """Over the models of one column that have a ratio between two cases worth believing; None if fewer than two do."""
    if base is None:
        return None
    those = [row for row in rows if (row, column) in cells and cells[row, column].over_baseline]
    pairs = [(grid[row, base], grid[row, column]) for row in those]
    pairs = [pair for pair in pairs if not any(map(_contaminated, pair))]
    return ratio.mean(pairs) if len(pairs) > 1 else None


def _contaminated(case: CaseRecord) -> bool:
    return isinstance(case.outcome, Measured) and case.outcome.verdict.status == "contaminated"


def _between(
    models: Sequence[str],
    rows: Sequence[str],
    grid: Mapping[tuple[str, int], CaseRecord],
    columns: int,
    ratio: _Ratios,
) -> tuple[Between, ...]:
    """The first model over each of the others, at every precision that both have."""
    found = []
    for fast in models[1:]:
        for slow_row in [row for row in rows if _model(row) == models[0]]:
            fast_row = fast + slow_row.removeprefix(models[0])
            pairs = [(grid.get((slow_row, index)), grid.get((fast_row, index))) for index in range(columns)]
            ratios = tuple(ratio.of(slow, other) if slow and other else None for slow, other in pairs)
            if any(ratios):
                found.append(Between(slow=slow_row, fast=fast_row, ratios=ratios))
    return tuple(found)


def _row(case: CaseRecord) -> str:
    return f"{case.model} {case.precision}".strip()


def _model(row: str) -> str:
    return row.partition(" ")[0]


def _column_key(case: CaseRecord) -> tuple[str, ...]:
    options = tuple(f"{name}={value}" for name, value in sorted(case.options.items()) if value != "")
    return (case.device, case.place, case.runtime, *options)


def _columns(keys: Sequence[tuple[str, ...]]) -> tuple[Column, ...]:
    """Labels that say no more than it takes to tell the columns of one device apart."""
    columns = []
    for key in keys:
        same = [other for other in keys if other[0] == key[0]]
        shared = set.intersection(*(set(other[1:]) for other in same))
        own = [part for part in key[1:] if part not in shared]
        columns.append(Column(device=key[0], label=" ".join([key[0], *own])))
    return tuple(columns)
