"""How often each file answers rightly, beside how long it takes: of runs and of rows of a CSV alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from devbench.compare.findings import Finding, Kind
from devbench.compare.grid import Grid, Row, System
from devbench.compare.ratios import Ratio, times_as_long
from devbench.domain.accuracy import ChangeOf, ShareOf
from devbench.domain.figure import Figure
from devbench.domain.run import CaseRecord

_SOURCE_PRECISION = "float32"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """A share, or a change of one, with its 95 % interval: 0.98 is 98 %. The ends are None where nobody states them."""

    estimate: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class AccuracyRow:
    """What one system answered with one file.

    pictures: how many it answered; None where that is not stated. top1, top5, agreement: None where they are not known.
    change: of top1 against the source. lost, won: pictures; None where a CSV does not name them. p_value: McNemar's.
    is_source: its answers are those that the others are held against. quality: "" where the suite asks for none.
    over_source: how many times faster than the source on the same system; empty unless both accuracies are known.
    size_bytes, arithmetic: of the file; 0 and "" where they are not known.
    """

    row: Row
    system: System
    figure: Figure
    pictures: int | None
    top1: Bounds | None
    top5: Bounds | None
    agreement: Bounds | None
    change: Bounds | None
    lost: tuple[str, ...] | None = None
    won: tuple[str, ...] | None = None
    p_value: float | None = None
    is_source: bool = False
    quality: str = ""
    over_source: Ratio = field(default_factory=Ratio)
    size_bytes: int = 0
    arithmetic: str = ""

    @property
    def known(self) -> bool:
        """Whether anything is known of its answers."""
        return self.top1 is not None or self.agreement is not None or self.is_source


def accuracy_rows(grid: Grid) -> tuple[AccuracyRow, ...]:
    """A row for each figure of the grid that has an accuracy."""
    rows = [_row(row, system, grid) for row in grid.rows for system in grid.row(row)]
    return tuple(one for one in rows if one.known)


def _row(row: Row, system: System, grid: Grid) -> AccuracyRow:
    figure = grid.cells[row, system].figure
    case = figure.case
    found = case.accuracy if case and case.accuracy and not case.accuracy.problem else None
    change = found.change if found else None
    return AccuracyRow(
        row=row,
        system=system,
        figure=figure,
        pictures=found.pictures if found else _count(figure["pictures"]),
        top1=_of(found.top1) if found else _cells(figure, "top1"),
        top5=_of(found.top5) if found else None,
        agreement=_of(found.agreement) if found else _cells(figure, "agreement"),
        change=_of(change) if found else _cells(figure, "top1_change"),
        lost=change.lost if change else None,
        won=change.won if change else None,
        p_value=change.p_value if change else None,
        is_source=bool(found and not found.reference and figure["precision"] == _SOURCE_PRECISION),
        quality=figure["quality"],
        over_source=_over_source(row, system, grid),
        size_bytes=case.artifact.size_bytes if case and case.artifact else 0,
        arithmetic=case.artifact.facts.get("arithmetic", "") if case and case.artifact else "",
    )


def _over_source(row: Row, system: System, grid: Grid) -> Ratio:
    """How many times faster than the float32 of the model on the system, where both say how accurate they are."""
    if row.precision == _SOURCE_PRECISION:
        return Ratio()
    mine = grid.cells[row, system].figure
    sources = [
        cell.figure
        for (other, where), cell in grid.cells.items()
        if where == system and other.model == row.model and other.precision == _SOURCE_PRECISION
    ]
    if not sources or not all(_says_how_accurate(one) for one in (sources[0], mine)):
        return Ratio()
    return times_as_long(sources[0], mine)


def _says_how_accurate(figure: Figure) -> bool:
    accuracy = figure.case.accuracy if figure.case else None
    return bool(figure["top1"] or figure["agreement"] or (accuracy and not accuracy.problem))


def findings_of_answers(cases: Sequence[CaseRecord]) -> Iterator[Finding]:
    """What a reader must know of the answers, each cause once."""
    yield from _each(cases, "no accuracy", lambda one: one.problem, lambda one: one.hint)
    yield from _each(cases, "one class", lambda one: one.one_class)
    yield from _each(cases, "chance", lambda one: one.chance and not one.one_class)
    yield from _each(cases, "quality lost", lambda one: one.quality == "lost")
    yield from _each(cases, "pictures left out", lambda one: one.left_out and one.left_out[0])


def _each(cases: Sequence[CaseRecord], cause: str, text: object, remedy: object = None) -> Iterator[Finding]:
    """A finding for each text that `text` gives of an accuracy, with the cases that it is of."""
    assert callable(text)
    found: dict[tuple[str, str], list[CaseRecord]] = {}
    for case in cases:
        if case.accuracy and (said := text(case.accuracy)):
            hint = remedy(case.accuracy) if callable(remedy) else ""
            found.setdefault((said if isinstance(said, str) else "", hint), []).append(case)
    for (said, hint), those in found.items():
        values = {"pictures": those[0].accuracy.pictures, "drop": those[0].accuracy.drop} if those[0].accuracy else {}
        yield Finding(
            kind=Kind.REMARK,
            cause=cause,
            text=said,
            remedy=hint,
            cases=tuple(one.id for one in those),
            values=values,
        )


def _of(found: ShareOf | ChangeOf | None) -> Bounds | None:
    return Bounds(estimate=found.estimate, low=found.low, high=found.high) if found else None


def _cells(figure: Figure, column: str) -> Bounds | None:
    """What the cells of a CSV say; whoever publishes may leave the ends out."""
    value, low, high = (_number(figure.row.get(name, "")) for name in (column, f"{column}_low", f"{column}_high"))
    return None if value is None else Bounds(estimate=value, low=low, high=high)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _count(text: str) -> int | None:
    return int(text) if text else None
