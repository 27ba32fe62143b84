"""Ratios as devbench itself computes them, as data frames: with intervals, what they show, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from devbench.compare.between import Between
from devbench.compare.grid import Cell, Grid, Row, System
from devbench.compare.overview import Overview
from devbench.compare.ratios import Ratio
from devbench.data.frames import UNITS, choices, numbers, text
from devbench.domain.figure import Figure
from devbench.stats import Interval

_SHOWN = ("faster", "slower", "no difference", "undecided")
_SHOWN_AS = {"more": "faster", "less": "slower", None: ""}
_LONGER = ("longer", "shorter", "no difference", "undecided")
_LONGER_AS = {"more": "longer", "less": "shorter", None: ""}


def ratios_frame(overview: Overview) -> pd.DataFrame:
    """A row for each figure of the grid, and one for each that is of other work than all others."""
    found = list(_cells(overview.grid))
    found += [(one.figure, one.figure.device, Ratio(), f"not of the same work: {one.reason}") for one in overview.apart]
    figures, ratios = [figure for figure, _, _, _ in found], [ratio for _, _, ratio, _ in found]
    baseline = overview.grid.baseline.name if overview.grid.baseline else ""
    frame = pd.DataFrame(
        {
            **_work(figures),
            "system": text(system for _, system, _, _ in found),
            "published": pd.Series([not figure.ours for figure in figures], dtype="bool"),
            **_values(figures),
            "baseline": text(baseline for _ in found),
            **_intervals("times_faster", [ratio.interval for ratio in ratios]),
            "shown": _shown(ratios),
            "by_fastest": pd.Series([one.by_fastest for one in ratios], dtype="bool"),
            "no_ratio": text(why for _, _, _, why in found),
            "unconfirmed": text(one.unconfirmed for one in ratios),
            "source": text(figure["source"] for figure in figures),
            "run": text(figure["run"] for figure in figures),
            "case": text(figure["case"] for figure in figures),
        }
    )
    frame.attrs["units"] = {name: unit for name, unit in UNITS.items() if name in frame}
    return frame


def means_frame(overview: Overview) -> pd.DataFrame:
    """A row for each system that has a geometric mean of two models or more."""
    grid = overview.grid
    found = [(system, grid.means[system]) for system in grid.systems if system in grid.means]
    return pd.DataFrame(
        {
            "system": text(system.name for system, _ in found),
            "baseline": text(grid.baseline.name if grid.baseline else "" for _ in found),
            "models": pd.Series([mean.models for _, mean in found], dtype="int64"),
            **_intervals("times_faster", [mean.ratio.interval for _, mean in found]),
            "shown": _shown([mean.ratio for _, mean in found]),
            "smallest": numbers(mean.smallest for _, mean in found),
            "largest": numbers(mean.largest for _, mean in found),
        }
    )


def between_frame(found: Sequence[Between]) -> pd.DataFrame:
    """A row for each system and pair of models."""
    rows = [(one.slow, one.fast, system, ratio) for one in found for system, ratio in one.ratios.items()]
    return pd.DataFrame(
        {
            "slow": text(slow.model for slow, _, _, _ in rows),
            "fast": text(fast.model for _, fast, _, _ in rows),
            "precision": text(slow.precision for slow, _, _, _ in rows),
            "system": text(system.name for _, _, system, _ in rows),
            "published": pd.Series([not system.ours for _, _, system, _ in rows], dtype="bool"),
            "source": text(system.source for _, _, system, _ in rows),
            **_intervals("times_as_long", [ratio.interval for _, _, _, ratio in rows]),
            "shown": choices([_LONGER_AS.get(one.shown, one.shown or "") for _, _, _, one in rows], _LONGER),
        }
    )


def _cells(grid: Grid) -> Iterator[tuple[Figure, str, Ratio, str]]:
    """Each figure with its system's name, its ratio, and why there is none."""
    for row in grid.rows:
        for system, cell in grid.row(row).items():
            yield cell.figure, system.name, cell.faster, "" if cell.faster.interval else _why(grid, row, system, cell)


def _why(grid: Grid, row: Row, system: System, cell: Cell) -> str:
    if not cell.figure.has_value:
        return _blank(cell.figure)
    if system == grid.baseline:
        return "this is the baseline"
    if cell.faster.refused:
        return cell.faster.refused
    if grid.baseline is None or (row, grid.baseline) not in grid.cells:
        return "the baseline has no figure of this work"
    reference = grid.cells[row, grid.baseline].figure
    if not reference.has_value:
        return f"the baseline has no figure: {_blank(reference)}"
    return "one figure is a time and the other a rate: they are never converted"


def _blank(figure: Figure) -> str:
    return figure["reason"] or f"{figure['status']}, without a reason given"


def _shown(ratios: Sequence[Ratio]) -> pd.Series[Any]:
    return choices([_SHOWN_AS.get(one.shown, one.shown or "") for one in ratios], _SHOWN)


def _work(figures: Sequence[Figure]) -> dict[str, pd.Series[Any]]:
    return {
        "model": text(figure["model"] for figure in figures),
        "precision": text(figure["precision"] for figure in figures),
        "input_size": text(figure.input_size for figure in figures),
        "batch": pd.Series([figure.batch for figure in figures], dtype="Int64"),
        "device": text(figure["device"] for figure in figures),
    }


def _values(figures: Sequence[Figure]) -> dict[str, pd.Series[Any]]:
    latencies = [figure.latency_ms for figure in figures]
    rates = [figure.throughput_per_s for figure in figures]
    return {
        "latency_ms": numbers(one.estimate if one else None for one in latencies),
        "low_ms": numbers(one.low if one else None for one in latencies),
        "high_ms": numbers(one.high if one else None for one in latencies),
        "throughput_per_s": numbers(one.estimate if one else None for one in rates),
        "verdict": choices(
            [figure["verdict"] for figure in figures], ("clean", "suspect", "contaminated"), ordered=True
        ),
    }


def _intervals(name: str, found: Sequence[Interval | None]) -> dict[str, pd.Series[Any]]:
    return {
        name: numbers(one.estimate if one else None for one in found),
        f"{name}_low": numbers(one.low if one else None for one in found),
        f"{name}_high": numbers(one.high if one else None for one in found),
        "level": numbers(one.level if one else None for one in found),
    }
