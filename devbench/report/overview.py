"""All tables of a report: of one run, of one file of figures, or of several of either side by side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from devbench.compare.beside import side_by_side
from devbench.compare.comparison import Comparison
from devbench.compare.grid import grid_of
from devbench.domain.figure import Figure
from devbench.report.figure_tables import beside_tables, grid_tables
from devbench.report.tables import Table, tables_of


@dataclass(frozen=True, kw_only=True)
class ResultsFile:
    """A CSV: its name, its rows, and what its description says that a reader must know."""

    name: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def overview(
    comparison: Comparison | None,
    runs: Sequence[Sequence[Figure]],
    files: Sequence[ResultsFile],
    baseline: str = "",
    reference: str = "",
) -> list[Table]:
    """The tables of a report.

    comparison: of the one run that the report is of; None if there are several or none.
    runs: the rows of each run. files: CSVs beside them.
    """
    tables = tables_of(comparison) if comparison else []
    if not runs:
        for file in files:
            tables += grid_tables(grid_of(file.figures, file.name, baseline, reference), file.notes)
    if len(runs) + len(files) > 1:
        figures = itertools.chain(*runs, *(file.figures for file in files))
        wanted = baseline or (comparison.run.compare.baseline if comparison else "")
        beside = beside_tables(side_by_side(list(figures), wanted))
        tables += _with_sources(beside, files) if runs else beside
    return tables


def _with_sources(tables: Sequence[Table], files: Sequence[ResultsFile]) -> list[Table]:
    """The last of the tables with what a reader must know of each file."""
    notes = tuple(f"{file.name}: {' '.join(file.notes)}" for file in files if file.notes)
    return [*tables[:-1], *(replace(table, notes=table.notes + notes) for table in tables[-1:])]
