"""Which row and system a figure belongs to: joined where the work is the same, else set apart with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from devbench.compare.figures import FileSource
from devbench.compare.grid import Placed, Row, System, system_of, with_short_names
from devbench.domain.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A figure of a model that others have too, and why it is not compared with theirs."""

    figure: Figure
    reason: str


@dataclass(frozen=True, kw_only=True)
class Placing:
    """Where figures belong. other_models: by source, how many of its models no other source has."""

    placed: tuple[Placed, ...]
    apart: tuple[Apart, ...] = ()
    other_models: Mapping[str, int]


def place_in_file(source: FileSource) -> Placing:
    """One file alone: its own rows and columns, whatever it leaves unsaid."""
    systems = _systems(source.figures)
    placed, apart = _once_each([(_row_in_file(one), systems[id(one)], one) for one in source.figures])
    return Placing(placed=placed, apart=apart, other_models={})


def place_side_by_side(figures: Sequence[Figure]) -> Placing:
    """Figures of several sources: rows are what devbench measured, or what two sources or more have."""
    ours = [one for one in figures if one.ours]
    others = [one for one in figures if not one.ours and one.has_value]
    rows = _rows_of_ours(ours) if ours else _rows_in_several(others)
    systems = _systems(figures)
    models = {row.model for row in rows}
    placed: list[Placed] = [(_own_row(one, rows), systems[id(one)], one) for one in ours]
    apart = []
    for one in others:
        if one["model"] not in models:
            continue
        if home := _home(one, rows):
            placed.append((home, systems[id(one)], one))
        else:
            apart.append(Apart(figure=one, reason=_why_apart(one, rows)))
    kept, again = _once_each(placed)
    left = Counter(source for source, model in {(one["source"], one["model"]) for one in others} if model not in models)
    return Placing(placed=kept, apart=(*apart, *again), other_models=dict(sorted(left.items())))


def _systems(figures: Sequence[Figure]) -> dict[int, System]:
    """The system of each figure, by the figure's identity."""
    full = {id(one): system_of(one, one["run"] or one.origin if one.ours else one["source"]) for one in figures}
    short = with_short_names(list(dict.fromkeys(full.values())))
    return {key: short[system] for key, system in full.items()}


def _once_each(placed: Sequence[Placed]) -> tuple[tuple[Placed, ...], tuple[Apart, ...]]:
    """One figure for each row and system: the first that has a value; others of the same place are set apart."""
    taken: dict[tuple[Row, System], Placed] = {}
    apart = []
    for one in placed:
        held = taken.setdefault(one[:2], one)
        if held is one:
            continue
        if one[2].has_value and not held[2].has_value:
            taken[one[:2]] = one
        elif one[2].has_value:
            apart.append(Apart(figure=one[2], reason="another figure of the same source and system is shown instead"))
    return tuple(taken.values()), tuple(apart)


def _row_in_file(figure: Figure) -> Row:
    """Measured rows of one model differ by precision too; what others publish of one model stands in one row."""
    precision = figure["precision"] if figure.ours else ""
    return Row(model=figure["model"], precision=precision, size=figure["input_shape"])


def _rows_of_ours(ours: Sequence[Figure]) -> tuple[Row, ...]:
    """A row for each network that was asked for; of one that could not be opened, what is known of it."""
    known = dict.fromkeys(_row(one) for one in ours)
    full = {(row.model, row.precision) for row in known if row.size}
    return tuple(row for row in known if row.size or (row.model, row.precision) not in full)


def _own_row(figure: Figure, rows: Sequence[Row]) -> Row:
    own = _row(figure)
    alike = [row for row in rows if (row.model, row.precision) == (own.model, own.precision)]
    return own if own in rows else alike[0]


def _row(figure: Figure) -> Row:
    return Row(model=figure["model"], precision=figure["precision"], size=figure.input_size, batch=figure.batch)


def _rows_in_several(figures: Sequence[Figure]) -> tuple[Row, ...]:
    """The work that two sources or more have figures of, as far as they state it."""
    found = dict.fromkeys(_row(one) for one in figures if one.input_size and one["precision"])
    stated = {replace(row, batch=None) for row in found if row.batch is not None}
    rows = tuple(row for row in found if row not in stated)
    sources = {row: {one["source"] for one in figures if _home(one, rows) == row} for row in rows}
    return tuple(row for row in rows if len(sources[row]) > 1)


def _home(figure: Figure, rows: Sequence[Row]) -> Row | None:
    """The row that the figure is of. A batch that is not stated agrees with any: a finding says so."""
    if not figure.input_size or not figure["precision"]:
        return None
    own = _row(figure)
    alike = [row for row in rows if (row.model, row.size, row.precision) == (own.model, own.size, own.precision)]
    exact = [row for row in alike if row.batch == own.batch]
    loose = [row for row in alike if None in (row.batch, own.batch)]
    return next(iter(exact or loose), None)


def _why_apart(figure: Figure, rows: Sequence[Row]) -> str:
    same_model = [row for row in rows if row.model == figure["model"]]
    if not any(row.size and row.precision for row in same_model):
        return "no other source has it at the same input size and precision, both stated"
    reasons = []
    if not figure.input_size:
        reasons.append("input size not stated")
    elif figure.input_size not in (sizes := {row.size for row in same_model if row.size}):
        reasons.append(f"input {figure.input_size}, not {' or '.join(sorted(sizes))}")
    if not figure["precision"]:
        reasons.append("precision not stated")
    elif figure["precision"] not in (precisions := {row.precision for row in same_model}):
        reasons.append(f"{figure['precision']}, not {' or '.join(sorted(precisions))}")
    return "; ".join(reasons) or "batch differs"
