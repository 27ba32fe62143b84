"""Everything known of one case, in groups of named facts, and its rounds side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from statistics import median

from devbench.compare.answer import status_of
from devbench.compare.grid import Cell
from devbench.domain.conditions import Conditions
from devbench.domain.model import TensorSpec
from devbench.domain.outcome import Failed, Measured, RoundFacts, Skipped, Summary
from devbench.domain.run import ArtifactRecord, CaseRecord
from devbench.report.covered import AGAIN, WITHIN, spread_text
from devbench.report.numbers import figure_text, milliseconds
from devbench.report.plots import CaseTrace
from devbench.report.table import Table, text_cell

Facts = tuple[tuple[str, str], ...]

UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class CaseBlock:
    """A case on the page.

    groups: titled facts. rounds: a row per fact and a column per round. log: the end of what a failed worker said.
    told: what became of it where nothing was measured, in sentences.
    """

    id: str
    model: str
    device: str
    status: str
    figure: str
    told: tuple[str, ...]
    log: str
    groups: tuple[tuple[str, Facts], ...]
    rounds: Table | None


def case_block(cell: Cell, model: str, device: str, trace: CaseTrace | None) -> CaseBlock:
    """All of a case. model, device: what the tables call them."""
    case = cell.figure.case
    assert case
    outcome = case.outcome
    groups = [("Setting", _setting(case)), ("Model file", _artifact(case.artifact) if case.artifact else ())]
    figure = ""
    if isinstance(outcome, Measured):
        figure = figure_text(cell.figure)
        groups.insert(0, ("Figures", _figures(case, outcome.summary)))
    if case.rounds:
        groups.append(("Machine and software", _seen(case)))
    return CaseBlock(
        id=case.id,
        model=model,
        device=device,
        status=status_of(cell.figure),
        figure=figure,
        told=_told(cell, case),
        log=outcome.log_tail if isinstance(outcome, Failed) else "",
        groups=tuple((title, facts) for title, facts in groups if facts),
        rounds=_rounds(case, trace) if case.rounds else None,
    )


def _told(cell: Cell, case: CaseRecord) -> tuple[str, ...]:
    outcome, remarks = case.outcome, case.remarks
    if isinstance(outcome, Failed):
        where = f" (while: {outcome.phase})" if outcome.phase else ""
        return tuple(text for text in (f"Failed{where}: {outcome.error}", outcome.hint) if text)
    if isinstance(outcome, Skipped):
        return tuple(text for text in (f"Skipped: {outcome.reason}", outcome.hint) if text)
    if isinstance(outcome, Measured):
        reasons = [f"{one.code}: {one.text}. {one.remedy}" for one in outcome.verdict.reasons]
        refused = [f"No ratio, since {cell.faster.refused}."] if cell.faster.refused else []
        unconfirmed = [f"Answers not confirmed: {cell.faster.unconfirmed}."] if cell.faster.unconfirmed else []
        return (*reasons, *remarks, *refused, *unconfirmed)
    return ("Its rounds are not all done.",)


def _figures(case: CaseRecord, summary: Summary) -> Facts:
    counting = case.counting
    few = "too few samples"
    facts = [
        ("median", f"{_ms(summary.median_ms)} {_ends(summary.low_ms, summary.high_ms)}"),
        *_intervals(case, summary),
        ("mean", _ms(summary.mean_ms)),
        ("smallest, largest", f"{_ms(summary.min_ms)}, {_ms(summary.max_ms)}"),
        ("standard deviation", _ms(summary.stdev_ms, few)),
        ("p90, its upper bound", f"{_ms(summary.p90_ms, few)}, {_ms(summary.p90_bound_ms, few)}"),
        ("p99, its upper bound", f"{_ms(summary.p99_ms, few)}, {_ms(summary.p99_bound_ms, few)}"),
        ("samples", f"{summary.samples:,} in {summary.rounds} round{'' if summary.rounds == 1 else 's'}"),
        ("far outliers", f"{summary.outliers:,} of them, all kept"),
    ]
    if counting:
        facts.append(("load", _ms(median(one.load_ns for one in counting) / 1e6)))
        facts.append(("first inference", _ms(median(one.first_ns for one in counting) / 1e6)))
    prediction = case.outcome.prediction if isinstance(case.outcome, Measured) else None
    if prediction:
        facts.append(("recognised", str(prediction)))
    return tuple(facts)


def _intervals(case: CaseRecord, summary: Summary) -> Facts:
    """What the interval of the median covers, and the others; a run from before they were made has the first alone."""
    known = case.between_runs
    if summary.covers == "run":
        return (("interval of the median", f"95 %, {WITHIN}"),)
    facts = [
        ("interval of the median", f"95 %, {AGAIN}"),
        (WITHIN, _ends(summary.run_low_ms, summary.run_high_ms)),
        ("between runs", spread_text([(known.median_sd, known.runs)]) if known else UNKNOWN),
    ]
    if summary.fastest_ms is not None:
        ends = _ends(summary.fastest_low_ms, summary.fastest_high_ms)
        facts.append(("undisturbed (fastest percent), 99 % interval", f"{_ms(summary.fastest_ms)} {ends}"))
    return tuple(facts)


def _ends(low_ms: float | None, high_ms: float | None) -> str:
    return f"[{_ms(low_ms)}, {_ms(high_ms)}]"


def _setting(case: CaseRecord) -> Facts:
    facts = [("case", case.id), ("device, place", f"{case.device}, {case.place or UNKNOWN}")]
    facts += [("runtime", case.runtime or UNKNOWN), *((name, str(value)) for name, value in case.options.items())]
    facts += [("precision", case.precision or UNKNOWN), ("timed region", case.region or UNKNOWN)]
    facts.append(("input", case.input or UNKNOWN))
    return tuple(facts)


def _artifact(artifact: ArtifactRecord) -> Facts:
    return (
        ("sha256", artifact.sha256),
        ("source", artifact.source),
        ("weights", artifact.weights),
        ("format, size", f"{artifact.format}, {artifact.size_bytes:,} bytes"),
        ("inputs", "; ".join(_tensor(spec) for spec in artifact.inputs) or UNKNOWN),
        ("outputs", "; ".join(_tensor(spec) for spec in artifact.outputs) or UNKNOWN),
        *((name.replace("_", " "), value) for name, value in artifact.facts.items()),
    )


def _tensor(spec: TensorSpec) -> str:
    shape = "×".join(str(size) for size in spec.shape)
    quantized = f", scale {spec.scale:g}, zero {spec.zero_point}" if spec.scale else ""
    return f"{spec.name}: {spec.dtype} {shape}{quantized}"


def _seen(case: CaseRecord) -> Facts:
    """What the worker saw; where rounds saw different things, each of them."""
    names = dict.fromkeys(name for one in case.rounds for name in one.facts)
    facts = []
    for name in names:
        values = dict.fromkeys(one.facts.get(name, UNKNOWN) for one in case.rounds)
        text = next(iter(values)) if len(values) == 1 else f"differs between rounds: {'; '.join(values)}"
        facts.append((name.replace("_", " "), text))
    return tuple(facts)


_ROUND_ROWS: Mapping[str, Callable[[RoundFacts], str]] = {
    "began (UTC)": lambda one: one.started_utc.replace("T", " ").removesuffix("+00:00"),
    "load": lambda one: _ms(one.load_ns / 1e6),
    "first inference": lambda one: _ms(one.first_ns / 1e6),
    "warm-up samples": lambda one: f"{one.warmup_samples:,}{'' if one.settled else ', not steady'}",
    "samples": lambda one: f"{one.samples:,}",
    "inferences per sample": lambda one: str(one.inferences_per_sample),
    "stopped by": lambda one: one.stopped_by,
    "CPU time per inference": lambda one: _ms(one.cpu_ns_per_inference / 1e6),
    "peak memory": lambda one: f"{one.peak_memory_bytes / 2**20:.1f} MiB",
    "took": lambda one: f"{one.duration_s:.1f} s",
    "counted": lambda one: "no: measured again" if one.superseded else "yes",
    "reasons to doubt": lambda one: ", ".join(reason.code for reason in one.reasons) or "none",
}
_CONDITION_ROWS: Mapping[str, tuple[str, Callable[[Conditions], str]]] = {
    "others_cores": ("other programs", lambda seen: f"{seen.others_cores:.2f} cores"),
    "busiest": ("busiest", lambda seen: seen.busiest or "none"),
    "load_1min": ("load, 1 minute", lambda seen: f"{seen.load_1min:.2f}"),
    "steal": ("stolen by the hypervisor", lambda seen: _share(seen.steal)),
    "quota": ("stopped by a CPU quota", lambda seen: _share(seen.quota)),
    "stall_cpu": ("stalled for a core", lambda seen: _share(seen.stall_cpu)),
    "stall_memory": ("stalled for memory", lambda seen: _share(seen.stall_memory)),
    "stall_io": ("stalled for a disk", lambda seen: _share(seen.stall_io)),
    "preempted_per_s": ("preempted", lambda seen: f"{seen.preempted_per_s:.1f} per s"),
    "throttles": ("thermal throttles", lambda seen: str(seen.throttles)),
    "frequency_mhz": ("clock", lambda seen: f"{seen.frequency_mhz:.0f} MHz"),
    "frequency_drop": ("clock lower at the end", lambda seen: _share(seen.frequency_drop)),
    "temperature_c_start": ("temperature before", lambda seen: f"{seen.temperature_c_start:.1f} °C"),
    "temperature_c_end": ("temperature after", lambda seen: f"{seen.temperature_c_end:.1f} °C"),
    "canary_ns": ("canary before, after", lambda seen: ", ".join(_ms(ns / 1e6) for ns in seen.canary_ns)),
}


def _rounds(case: CaseRecord, trace: CaseTrace | None) -> Table:
    """A row per fact, a column per round; what no round could see is named below instead."""
    medians = {one.index: _ms(one.median_ms) for one in trace.rounds} if trace else {}
    rows = [("median", [medians.get(one.index, UNKNOWN) for one in case.rounds])]
    rows += [(name, [tell(one) for one in case.rounds]) for name, tell in _ROUND_ROWS.items()]
    blind = []
    for field in fields(Conditions):
        if field.name in _CONDITION_ROWS:
            name, told = _CONDITION_ROWS[field.name]
            if all(one.conditions is None or getattr(one.conditions, field.name) is None for one in case.rounds):
                blind.append(name)
            else:
                rows.append((name, [_condition(one.conditions, field.name, told) for one in case.rounds]))
    return Table(
        title="Rounds",
        header=("", *(f"round {one.index + 1}" for one in case.rounds)),
        rows=tuple((text_cell(name), *(text_cell(value) for value in values)) for name, values in rows),
        notes=(f"Could not be read here: {', '.join(blind)}.",) if blind else (),
    )


def _condition(seen: Conditions | None, name: str, told: Callable[[Conditions], str]) -> str:
    return UNKNOWN if seen is None or getattr(seen, name) is None else told(seen)


def _ms(value: float | None, otherwise: str = UNKNOWN) -> str:
    return otherwise if value is None else f"{milliseconds(value)} ms"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value * 100:.1f} %"
