"""What a reader wants to know first: which system is fastest, by how much, and how sure it is. Values, no words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devbench.compare.between import Between
from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.ratios import Outputs, mean_times, times_as_long, times_as_long_alike
from devbench.domain.figure import Figure
from devbench.stats import GeometricMean, Interval


@dataclass(frozen=True, kw_only=True)
class Fastest:
    """The fastest system of one row.

    tied: others that no difference from it is shown of. alone: no other system has a figure to trust there.
    """

    row: Row
    system: System
    figure: Figure
    tied: tuple[System, ...] = ()
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Contest:
    """How the systems compare over all rows in which two or more have a figure to trust.

    winner: fastest in most rows; None where that is a tie or nothing is shown. wins: rows in which it alone is fastest.
    over: the baseline or, if that is the winner, the fastest of the others. times: how many times faster than `over`
        the winner is: one ratio, or the geometric mean over `models` rows, smallest to largest.
    undecided: rows in which no difference is shown from the fastest.
    """

    rows: int
    wins: Mapping[System, int]
    undecided: int
    winner: System | None = None
    over: System | None = None
    times: Interval | None = None
    smallest: float = 1.0
    largest: float = 1.0
    models: int = 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """between: ratios of models that the suite asks for. contest: None where one system alone has figures.

    fastest: by row, where there is a figure to trust. counts: cases by verdict or status, those that there are.
    one_round: some measured figure is of one process alone.
    """

    between: tuple[Between, ...]
    contest: Contest | None
    fastest: tuple[Fastest, ...]
    counts: Mapping[str, int]
    one_round: bool

    def fastest_in(self, row: Row) -> Fastest | None:
        """The fastest of a row, if any figure there can be trusted."""
        return next((one for one in self.fastest if one.row == row), None)

    def wins(self, row: Row, system: System) -> bool:
        """Whether it is shown that this system is faster in a row than every other that competes."""
        one = self.fastest_in(row)
        return self.contest is not None and one is not None and one.system == system and not (one.tied or one.alone)


STATUSES = ("clean", "suspect", "contaminated", "failed", "skipped", "pending", "published")


def answer_of(grid: Grid, between: tuple[Between, ...], outputs: Outputs) -> Answer:
    """The answer that a grid gives. Contaminated figures and those of other work take no part in it."""
    competing = frozenset(one for one in grid.systems if one.ours) or frozenset(grid.systems)
    fastest = tuple(one for row in grid.rows if (one := _fastest(grid, row, competing, outputs)))
    counts = Counter(status_of(cell.figure) for cell in grid.cells.values())
    measured = [cell.figure for cell in grid.cells.values() if cell.figure.measured and cell.figure.latency_ms]
    return Answer(
        between=between,
        contest=_contest(grid, fastest) if len(competing) > 1 else None,
        fastest=fastest,
        counts={status: counts[status] for status in STATUSES if counts[status]},
        one_round=any(one.latency_ms is not None and not one.latency_ms.between_rounds for one in measured),
    )


def status_of(figure: Figure) -> str:
    """The verdict of a measured figure, the status of any other."""
    if figure.measured:
        return figure["verdict"] or "clean"
    return figure.case.outcome.status if figure.case else figure["status"]


def _fastest(grid: Grid, row: Row, competing: frozenset[System], outputs: Outputs) -> Fastest | None:
    cells = {system: cell for system, cell in grid.row(row).items() if system in competing and _is_trusted(cell)}
    if not cells:
        return None
    first = min(cells, key=lambda system: _rank_ms(cells[system].figure))
    tied = []
    for system, cell in cells.items():
        ratio = times_as_long_alike(cell.figure, cells[first].figure, outputs)
        if system != first and ratio.shown in ("no difference", "less"):
            tied.append(system)
    alone = len(cells) == 1 and len(competing) > 1
    return Fastest(row=row, system=first, figure=cells[first].figure, tied=tuple(tied), alone=alone)


def _is_trusted(cell: Cell) -> bool:
    return cell.figure.has_value and not cell.figure.contaminated and not cell.faster.refused


def _rank_ms(figure: Figure) -> float:
    """For ranking only: a rate is ranked as if it were of one stream."""
    if figure.latency_ms:
        return figure.latency_ms.estimate
    assert figure.throughput_per_s
    return 1000 / figure.throughput_per_s.estimate


def _contest(grid: Grid, fastest: Sequence[Fastest]) -> Contest:
    rows = [one for one in fastest if not one.alone]
    wins = Counter(one.system for one in rows if not one.tied)
    found = Contest(rows=len(rows), wins=dict(wins.most_common()), undecided=len(rows) - wins.total())
    if not wins:
        return found
    (winner, most), *others = wins.most_common()
    if others and others[0][1] == most:
        return found
    over = grid.baseline if winner != grid.baseline else _next_best(grid, rows, winner)
    pairs = _pairs(grid, winner, over)
    if over is None or not pairs:
        return Contest(rows=found.rows, wins=found.wins, undecided=found.undecided, winner=winner)
    mean = _times(pairs)
    return Contest(
        rows=found.rows,
        wins=found.wins,
        undecided=found.undecided,
        winner=winner,
        over=over,
        times=mean.interval,
        smallest=mean.smallest,
        largest=mean.largest,
        models=mean.models,
    )


def _next_best(grid: Grid, rows: Sequence[Fastest], winner: System) -> System | None:
    """Of the others the one with figures in most rows, the faster one where several have as many."""
    found: Counter[System] = Counter()
    for one in rows:
        found.update(system for system, cell in grid.row(one.row).items() if system != winner and _is_trusted(cell))
    return max(found, key=lambda system: found[system], default=None)


def _pairs(grid: Grid, winner: System, over: System | None) -> list[tuple[Figure, Figure]]:
    """Figures of both where both can be trusted, the slower system's first."""
    found = []
    for row in grid.rows:
        cells = [grid.cells.get((row, system)) for system in (over, winner) if system]
        if len(cells) == 2 and all(cell and _is_trusted(cell) for cell in cells):  # noqa: PLR2004
            slow, fast = (cell.figure for cell in cells if cell)
            if times_as_long(slow, fast).interval:
                found.append((slow, fast))
    return found


def _times(pairs: Sequence[tuple[Figure, Figure]]) -> GeometricMean:
    if len(pairs) > 1:
        return mean_times(pairs)
    interval = times_as_long(*pairs[0]).interval
    assert interval
    return GeometricMean(interval, interval.estimate, interval.estimate, 1)
