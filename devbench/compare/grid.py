"""Figures in rows and columns: what was computed, on which system, and how many times faster than the baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from devbench.compare.ratios import Outputs, Ratio, mean_times, shown, times_as_long_alike
from devbench.domain.figure import Figure
from devbench.errors import DevbenchError
from devbench.stats import GeometricMean


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was computed. precision, size, batch: "" and None where they are not stated, or told by the figures."""

    model: str
    precision: str = ""
    size: str = ""
    batch: int | None = None


@dataclass(frozen=True, kw_only=True)
class System:
    """What computed it: one column.

    device: its kind. place: which one, as the source calls it. details: what else tells it from the other systems
        of its kind: its place, its runtime, its options.
    source: the file or run that it is of, where there are several.
    """

    device: str
    place: str = ""
    details: tuple[str, ...] = ()
    source: str = ""
    ours: bool = True

    @property
    def name(self) -> str:
        """What heads its column."""
        return " ".join([self.device, *self.details]) if self.ours else self.place or self.device

    def is_called(self, name: str) -> bool:
        """Whether the command line or a suite means it by `name`."""
        return name in (self.device, self.place, self.name)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A figure in the grid. faster: how many times faster than the baseline's; empty for the baseline itself."""

    figure: Figure
    faster: Ratio = field(default_factory=Ratio)


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The geometric mean of ratios over so many models, and the smallest and the largest of them."""

    ratio: Ratio
    smallest: float
    largest: float
    models: int


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cells by row and system; a missing one was not asked for, or not published.

    means: of how many times faster a system is, over the rows where that is decided; where there are two or more.
    """

    rows: tuple[Row, ...]
    systems: tuple[System, ...]
    cells: Mapping[tuple[Row, System], Cell]
    baseline: System | None
    means: Mapping[System, Mean]

    def row(self, row: Row) -> Mapping[System, Cell]:
        """The cells of a row."""
        return {system: cell for system in self.systems if (cell := self.cells.get((row, system)))}


Placed = tuple[Row, System, Figure]


def grid_of(placed: Sequence[Placed], outputs: Outputs, baseline: Callable[[System], bool]) -> Grid:
    """The grid of these figures. baseline: whether ratios are to be over a system; the first that is, is taken."""
    rows = tuple(dict.fromkeys(row for row, _, _ in placed))
    systems = tuple(dict.fromkeys(system for _, system, _ in placed))
    figures = {(row, system): figure for row, system, figure in placed}
    base = next(filter(baseline, systems), None)
    cells = {}
    for (row, system), figure in figures.items():
        reference = figures.get((row, base)) if base and system != base else None
        faster = times_as_long_alike(reference, figure, outputs) if reference else Ratio()
        cells[row, system] = Cell(figure=figure, faster=faster)
    return Grid(rows=rows, systems=systems, cells=cells, baseline=base, means=_means(cells, base, systems))


def named(name: str, systems: Sequence[System], where: str) -> Callable[[System], bool]:
    """A choice of baseline by name; a `DevbenchError` if there is no such system."""
    if not any(one.is_called(name) for one in systems):
        known = dict.fromkeys(text for one in systems for text in (one.device, one.name))
        raise DevbenchError(f"{where} has no device '{name}'", f"It has: {', '.join(known)}.")
    return lambda one: one.is_called(name)


def system_of(figure: Figure, source: str = "") -> System:
    """The system of a figure, with all that may tell it from others. source: where there are several."""
    if not figure.ours:
        return System(device=figure["device"], place=figure["place"], source=source, ours=False)
    threads = [f"threads={figure['threads']}"] if figure["threads"] else []
    options = [one for one in figure["options"].split(";") if one]
    details = (figure["place"], figure["runtime"], *sorted([*options, *threads]))
    return System(device=figure["device"], place=figure["place"], details=details, source=source)


def with_short_names(systems: Sequence[System]) -> dict[System, System]:
    """Each system with no more details than it takes to tell it from the others of its device."""
    shared: dict[str, set[str]] = {}
    for one in systems:
        if one.ours:
            shared[one.device] = shared.get(one.device, set(one.details)) & set(one.details)
    runs = {one.source for one in systems if one.ours}
    found = {}
    for one in systems:
        details = tuple(part for part in one.details if part and part not in shared.get(one.device, ()))
        details += (one.source,) if one.ours and len(runs) > 1 else ()
        found[one] = System(device=one.device, place=one.place, details=details, source=one.source, ours=one.ours)
    return found


def _means(
    cells: Mapping[tuple[Row, System], Cell], base: System | None, systems: Sequence[System]
) -> dict[System, Mean]:
    """Contaminated figures take no part; neither do those that are not alike."""
    pairs: dict[System, list[tuple[Figure, Figure]]] = {system: [] for system in systems}
    for (row, system), cell in cells.items():
        reference = cells.get((row, base)) if base else None
        if reference and _is_decided(cell, reference):
            pairs[system].append((reference.figure, cell.figure))
    return {system: _mean(mean_times(found)) for system, found in pairs.items() if len(found) > 1}


def _mean(mean: GeometricMean) -> Mean:
    ratio = Ratio(interval=mean.interval, shown=shown(mean.interval))
    return Mean(ratio=ratio, smallest=mean.smallest, largest=mean.largest, models=mean.models)


def _is_decided(cell: Cell, reference: Cell | None) -> bool:
    if reference is None or cell.faster.interval is None:
        return False
    return not (cell.figure.contaminated or reference.figure.contaminated)
