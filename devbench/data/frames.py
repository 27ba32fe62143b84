"""Rows of results, rounds and samples as data frames with types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from devbench.compare.findings import Finding
from devbench.domain.columns import COLUMNS, Column
from devbench.domain.run import CaseRecord, Run
from devbench.report.notes import note_of
from devbench.store.folder import RunFolder

UNITS: Mapping[str, str] = {column.name: column.unit for column in COLUMNS if column.unit}
_TIME = "datetime64[us, UTC]"
_PHASES = pd.CategoricalDtype(["warmup", "steady", "compute"], ordered=True)
_ORDERED = ("verdict",)  # clean, suspect, contaminated
_TYPES = {"text": "str", "sha256": "str", "count": "Int64", "positive": "float64", "number": "float64"}


def results_frame(rows: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Rows of a results CSV, every column with its type; an empty cell is a missing value."""
    frame = pd.DataFrame({column.name: _typed(column, [row[column.name] for row in rows]) for column in COLUMNS})
    frame.attrs["units"] = dict(UNITS)
    return frame


def columns_frame() -> pd.DataFrame:
    """What each column of a results CSV is."""
    empty = results_frame([])
    named = {
        "unit": pd.Series([column.unit for column in COLUMNS], dtype="str"),
        "type": text([str(empty[column.name].dtype) for column in COLUMNS]),
        "meaning": text([column.meaning for column in COLUMNS]),
        "since_schema": pd.array([column.since for column in COLUMNS], dtype="int64"),
    }
    return pd.DataFrame(named).set_axis(pd.Index([column.name for column in COLUMNS], name="column"))


def text(cells: Iterable[str]) -> pd.Series[Any]:
    """Texts as a column; an empty one is missing."""
    return pd.Series([cell or None for cell in cells], dtype="str")


def numbers(cells: Iterable[float | None]) -> pd.Series[Any]:
    """Numbers as a column; None is missing."""
    return pd.Series([np.nan if cell is None else cell for cell in cells], dtype="float64")


def choices(cells: Iterable[str], known: Sequence[str], *, ordered: bool = False) -> pd.Series[Any]:
    """Words of a known few as a column; an empty one is missing."""
    return pd.Series([cell or None for cell in cells], dtype=pd.CategoricalDtype(list(known), ordered=ordered))


def times(cells: Iterable[str]) -> pd.Series[Any]:
    """ISO 8601 dates and times as a column in UTC; one without an offset is taken for UTC."""
    return pd.Series([_utc(cell) for cell in cells], dtype=_TIME)


def runs_frame(runs: Sequence[tuple[str, Run]]) -> pd.DataFrame:
    """A row for each run, with the folder that it is in."""
    each = [run for _, run in runs]
    return pd.DataFrame(
        {
            "run": text(run.id for run in each),
            "suite": text(run.suite for run in each),
            "started_utc": times(run.started_utc for run in each),
            "finished_utc": times(run.finished_utc for run in each),
            "cases": pd.Series([len(run.cases) for run in each], dtype="int64"),
            "seed": pd.Series([run.seed for run in each], dtype="int64"),
            "devbench_version": text(run.devbench_version for run in each),
            "folder": text(folder for folder, _ in runs),
        }
    )


def rounds_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row for each round that was measured."""
    found = [(run, case, about) for run in runs for case in run.cases for about in case.rounds]
    abouts = [about for _, _, about in found]
    seen = [about.conditions for about in abouts]
    frame = pd.DataFrame(
        {
            **_identity([(run, case) for run, case, _ in found]),
            "round": pd.Series([about.index for about in abouts], dtype="int16"),
            "started_utc": times(about.started_utc for about in abouts),
            "duration_s": numbers(about.duration_s for about in abouts),
            "counts": pd.Series([not about.superseded for about in abouts], dtype="bool"),
            "reasons": text(";".join(reason.code for reason in about.reasons) for about in abouts),
            "warmup_samples": pd.Series([about.warmup_samples for about in abouts], dtype="int64"),
            "samples": pd.Series([about.samples for about in abouts], dtype="int64"),
            "inferences_per_sample": pd.Series([about.inferences_per_sample for about in abouts], dtype="int64"),
            "settled": pd.Series([about.settled for about in abouts], dtype="bool"),
            "stopped_by": text(about.stopped_by for about in abouts),
            "load_ms": numbers(about.load_ns / 1e6 for about in abouts),
            "first_ms": numbers(about.first_ns / 1e6 for about in abouts),
            "host_cpu_ms": numbers(about.cpu_ns_per_inference / 1e6 for about in abouts),
            "peak_memory_mib": numbers(about.peak_memory_bytes / 2**20 for about in abouts),
            "energy_mj": numbers(about.energy_mj for about in abouts),
            "others_cores": numbers(one.others_cores if one else None for one in seen),
            "stolen_share": numbers(one.steal if one else None for one in seen),
            "temperature_c_start": numbers(one.temperature_c_start if one else None for one in seen),
            "temperature_c_end": numbers(one.temperature_c_end if one else None for one in seen),
        }
    )
    frame.attrs["units"] = {"duration_s": "s", **{name: unit for name, unit in UNITS.items() if name in frame}}
    return frame


def facts_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row for each fact of each round."""
    found = [
        (run.id, case.id, about.index, name, value)
        for run in runs
        for case in run.cases
        for about in case.rounds
        for name, value in about.facts.items()
    ]
    return pd.DataFrame(
        {
            "run": text(one[0] for one in found),
            "case": text(one[1] for one in found),
            "round": pd.Series([one[2] for one in found], dtype="int16"),
            "name": text(one[3] for one in found),
            "value": text(one[4] for one in found),
        }
    )


def notes_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """A row for each finding, in words."""
    return pd.DataFrame(
        {
            "kind": text(one.kind.name.lower().replace("_", " ") for one in findings),
            "cause": text(one.cause for one in findings),
            "text": text(note_of(one) for one in findings),
            "cases": pd.Series([one.cases for one in findings], dtype="object"),
        }
    )


def samples_frame(runs: Sequence[tuple[RunFolder, Run]], wanted: set[str], phases: Sequence[str]) -> pd.DataFrame:
    """The samples of these cases, or of all if none is named; each file checked before it is read."""
    parts = [
        _round_samples(run, case, about_index, phase, ns)
        for folder, run in runs
        for case in run.cases
        if case.rounds and (not wanted or case.id in wanted)
        for phase in phases
        for about_index, ns in folder.samples(run, case.id, phase).items()
    ]
    every = [_no_samples(), *parts]
    frame = pd.concat(every, ignore_index=True)
    ids = {
        "run": dict.fromkeys(run.id for _, run in runs),
        "case": dict.fromkeys(c.id for _, r in runs for c in r.cases),
    }
    frame = frame.astype({name: pd.CategoricalDtype(list(known)) for name, known in ids.items()})
    frame.attrs["units"] = {"ns": "ns"}
    return frame


def _round_samples(run: Run, case: CaseRecord, number: int, phase: str, ns: np.ndarray[Any, Any]) -> pd.DataFrame:
    about = next(one for one in case.rounds if one.index == number)
    frame = pd.DataFrame({"index": np.arange(len(ns), dtype=np.int32), "ns": ns})
    frame.insert(0, "run", run.id)
    frame.insert(1, "case", case.id)
    frame.insert(2, "round", np.int16(number))
    frame.insert(3, "phase", pd.Series([phase] * len(ns), dtype=_PHASES))
    frame["counts"] = not about.superseded
    frame["started_utc"] = pd.Series([_utc(about.started_utc)] * len(ns), dtype=_TIME)
    return frame


def _no_samples() -> pd.DataFrame:
    types = {"run": "str", "case": "str", "round": "int16", "phase": _PHASES, "index": "int32", "ns": "int64"}
    every: dict[str, Any] = {**types, "counts": "bool", "started_utc": _TIME}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in every.items()})


def _identity(cases: Sequence[tuple[Run, CaseRecord]]) -> dict[str, pd.Series[Any]]:
    return {
        "run": text(run.id for run, _ in cases),
        "case": text(case.id for _, case in cases),
        "model": text(case.model for _, case in cases),
        "precision": text(case.precision for _, case in cases),
        "device": text(case.device for _, case in cases),
        "place": text(case.place for _, case in cases),
        "runtime": text(case.runtime for _, case in cases),
    }


def _typed(column: Column, cells: list[str]) -> pd.Series[Any]:
    if column.kind == "choice":
        return choices(cells, column.choices, ordered=column.name in _ORDERED)
    if column.kind == "time":
        return times(cells)
    if column.kind == "count":
        return pd.Series([int(cell) if cell else None for cell in cells], dtype="Int64")
    if _TYPES[column.kind] == "float64":
        return numbers(float(cell) if cell else None for cell in cells)
    return text(cells)


def _utc(cell: str) -> datetime | None:
    """None where there is none, or where it is too near to the first or the last year for UTC."""
    if not cell:
        return None
    time = datetime.fromisoformat(cell)
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        return None
