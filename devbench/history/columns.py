"""The columns of a history file, and the rows that a run has in it."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from devbench.domain.night import SeriesKey
from devbench.domain.outcome import Measured, Summary
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.stats.student import t_quantile

SCHEMA = 1
KEY = ("model", "precision", "runtime", "options", "device", "place")
VERSIONS = {
    "artifact_sha256": "artifact",
    "runtime_version": "runtime",
    "delegate": "delegate",
    "delegate_version": "delegate",
    "firmware": "firmware",
    "kernel": "kernel",
    "os": "operating system",
    "governor": "governor",
    "devbench_version": "devbench",
    "machine_id": "machine",
    "boot_id": "boot",
}
"""What may differ between two nights and explain a change: the column, and what messages call it."""

_REACH = 2.5758293035489004  # standard deviations that a 99 % interval of a normal reaches
_FIRMWARE = {"firmware": "", "jetpack": "JetPack ", "l4t": "L4T "}
_TEXT = pa.dictionary(pa.int32(), pa.string())
_NUMBER = pa.float32()  # seven digits: a figure has four that mean something


def _text(name: str, meaning: str) -> pa.Field:
    return pa.field(name, _TEXT, nullable=False, metadata={"meaning": meaning})


def _number(name: str, meaning: str) -> pa.Field:
    return pa.field(name, _NUMBER, metadata={"meaning": meaning})


COLUMNS = pa.schema(
    [
        pa.field("series", pa.int32(), nullable=False, metadata={"meaning": "index into the file's list of series"}),
        _text("night", "day on which the night began"),
        _text("model", "usual name of the network"),
        _text("precision", "type of its weights and activations"),
        _text("runtime", "software that executed it"),
        _text("options", "the runtime's options, `;` between them"),
        _text("device", "kind of device"),
        _text("place", "which one"),
        _text("run_key", "tells this run from every other, wherever its folder is"),
        _text("run", "id of the run"),
        _text("folder", "where the run folder was"),
        _text("suite", "its suite"),
        _text("case", "id of the case in it"),
        pa.field("started", pa.timestamp("s", "UTC"), metadata={"meaning": "when the first round began, by its host"}),
        _text("purpose", "`again`: measured again to see whether a change is real; `gold`; empty for the suites"),
        _text("status", "measured, failed or skipped"),
        _text("reason", "why there is no figure"),
        _number("fastest_ms", "time of an undisturbed inference"),
        _number("fastest_low_ms", "lower end of its 99 % interval, measured again on this machine"),
        _number("fastest_high_ms", "upper end of it"),
        _number("within_sd", "standard error of the logarithm of fastest_ms, as this run alone shows it"),
        _number("median_ms", "median time of an inference"),
        _number("low_ms", "lower end of its 95 % interval"),
        _number("high_ms", "upper end of it"),
        _text("covers", "what this interval covers: `machine` or `run`"),
        _text("verdict", "clean, suspect or contaminated"),
        _text("reasons", "why it is not clean, `;` between them"),
        pa.field("rounds", pa.int32(), metadata={"meaning": "fresh processes that measured the case"}),
        pa.field("samples", pa.int64(), metadata={"meaning": "timed inferences"}),
        _number("temperature_c", "hottest sensor after the last timed loop"),
        _text("artifact_sha256", "SHA-256 of the file that was executed"),
        _text("runtime_version", "version of the runtime"),
        _text("delegate", "library that drove the accelerator"),
        _text("delegate_version", "its version"),
        _text("firmware", "of the board, as far as it is known"),
        _text("kernel", "of the machine"),
        _text("os", "its operating system"),
        _text("governor", "what set the processor's clock"),
        _text("devbench_version", "version of devbench that measured"),
        _text("machine_id", "tells the machine from another of the same name"),
        _text("boot_id", "tells this boot of the machine from another"),
    ]
)


def run_key(run: Run) -> str:
    """What tells this run from every other: its folder may have any name, and be moved or resumed."""
    cases = sorted((case.id, case.device, case.place) for case in run.cases)
    about = [run.id, run.started_utc, run.seed, run.suite_sha256, sorted(run.host.items()), cases]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def rows_of(run: Run, night: str, purpose: str, folder: str) -> tuple[list[SeriesKey], list[dict[str, Any]]]:
    """The series of the run, and a row for each case that is done, by the columns; None is "unknown".

    night, purpose: which night it belongs to, and why it was measured. folder: where the run is.
    """
    done = [case for case in run.cases if not isinstance(case.outcome, Pending)]
    keys = keys_of(done)
    series = sorted(set(keys), key=as_tuple)
    index = {key: number for number, key in enumerate(series)}
    about = {
        "night": night,
        "run_key": run_key(run),
        "run": run.id,
        "folder": folder,
        "suite": run.suite,
        "purpose": purpose,
        "devbench_version": run.devbench_version,
    }
    rows = [
        {"series": index[key], **about, **dict(zip(KEY, as_tuple(key), strict=True)), **_row(case)}
        for key, case in zip(keys, done, strict=True)
    ]
    return series, rows


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table with every column."""
    arrays = []
    for field in COLUMNS:
        empty = "" if field.type == _TEXT else None
        values = [row.get(field.name, empty) for row in rows]
        arrays.append(pa.array(values, pa.string()).dictionary_encode() if field.type == _TEXT else values)
    columns = [
        array if isinstance(array, pa.Array) else pa.array(array, field.type)
        for array, field in zip(arrays, COLUMNS, strict=True)
    ]
    return pa.table(columns, COLUMNS)


def as_tuple(key: SeriesKey) -> tuple[str, ...]:
    """The key's fields in the order of `KEY`."""
    return key.model, key.precision, key.runtime, key.options, key.device, key.place


def key_of(parts: Sequence[str]) -> SeriesKey:
    """The inverse of `as_tuple`."""
    return SeriesKey(**dict(zip(KEY, parts, strict=True)))


def keys_of(cases: Sequence[CaseRecord]) -> list[SeriesKey]:
    """The series of each case. Two cases of a run that differ in nothing a series knows are told apart by their ids."""
    options = [";".join(f"{name}={value}" for name, value in sorted(case.options.items())) for case in cases]
    plain = [_key(case, text) for case, text in zip(cases, options, strict=True)]
    several = {key for key, count in Counter(plain).items() if count > 1}
    return [
        _key(case, f"{text};case={case.id}".lstrip(";")) if key in several else key
        for case, text, key in zip(cases, options, plain, strict=True)
    ]


def _key(case: CaseRecord, options: str) -> SeriesKey:
    return SeriesKey(
        model=case.model,
        precision=case.precision,
        runtime=case.runtime,
        options=options,
        device=case.device,
        place=case.place,
    )


def _row(case: CaseRecord) -> dict[str, Any]:
    outcome = case.outcome
    facts = case.rounds[0].facts if case.rounds else {}
    row: dict[str, Any] = {
        "case": case.id,
        "started": _seconds(case.rounds[0].started_utc) if case.rounds else None,
        "status": outcome.status,
        "reason": getattr(outcome, "reason", "") or getattr(outcome, "error", ""),
        "artifact_sha256": case.artifact.sha256 if case.artifact else "",
        "firmware": ", ".join(f"{word}{facts[name]}" for name, word in _FIRMWARE.items() if facts.get(name)),
        **{name: facts.get(name, "") for name in ("runtime_version", "delegate", "delegate_version")},
        **{name: facts.get(name, "") for name in ("kernel", "os", "governor", "machine_id", "boot_id")},
    }
    return {**row, **_figures(case, outcome)} if isinstance(outcome, Measured) else row


def _figures(case: CaseRecord, outcome: Measured) -> dict[str, Any]:
    summary = outcome.summary
    ends = [one.conditions.temperature_c_end for one in case.counting if one.conditions]
    known = [one for one in ends if one is not None]
    return {
        "fastest_ms": summary.fastest_ms,
        "fastest_low_ms": summary.fastest_low_ms,
        "fastest_high_ms": summary.fastest_high_ms,
        "within_sd": _within_sd(case, summary),
        "median_ms": summary.median_ms,
        "low_ms": summary.low_ms,
        "high_ms": summary.high_ms,
        "covers": summary.covers,
        "verdict": outcome.verdict.status,
        "reasons": ";".join(dict.fromkeys(reason.code for reason in outcome.verdict.reasons)),
        "rounds": summary.rounds,
        "samples": summary.samples,
        "temperature_c": known[-1] if known else None,
    }


def _within_sd(case: CaseRecord, summary: Summary) -> float | None:
    """The standard error within the run: the interval covers measuring again as well, and that part is taken out.

    The half width is the root of the sum of both squares (`undisturbed_time`).
    """
    if summary.fastest_ms is None or summary.fastest_high_ms is None:
        return None
    reach = math.log(summary.fastest_high_ms / summary.fastest_ms)
    between = 0.0
    if case.between_runs and summary.covers == "machine":
        degrees = max(case.between_runs.degrees_of_freedom, 0.5)
        between = t_quantile(0.995, degrees) * case.between_runs.fastest_sd
    return math.sqrt(max(reach**2 - between**2, 0.0)) / _REACH


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).astimezone(UTC).timestamp())
