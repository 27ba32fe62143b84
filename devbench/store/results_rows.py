"""The cases of a run as rows of results.csv: an empty cell for what is unknown, never 0 for a failure."""

from __future__ import annotations

from devbench.domain.columns import NAMES, SCHEMA
from devbench.domain.outcome import Measured
from devbench.domain.run import CaseRecord, Pending, Run


def rows_of(run: Run) -> list[dict[str, str]]:
    """One row a case, with every column, in the order of the run."""
    return [row_of(run, case) for case in run.cases]


def row_of(run: Run, case: CaseRecord) -> dict[str, str]:
    """The row of one case, with every column."""
    return {**dict.fromkeys(NAMES, ""), **_identity(run, case), **_setting(case), **_outcome(case), **_accuracy(case)}


def _identity(run: Run, case: CaseRecord) -> dict[str, str]:
    artifact = case.artifact
    shapes = [spec.shape for spec in artifact.inputs] if artifact else []
    return {
        "schema": str(SCHEMA),
        "source": "devbench",
        "run": run.id,
        "suite": run.suite,
        "case": case.id,
        "model": case.model,
        "model_sha256": artifact.sha256 if artifact else "",
        "weights": artifact.weights if artifact else "",
        "precision": case.precision,
        "input_shape": ";".join("x".join(str(size) for size in shape) for shape in shapes),
        "batch": str(shapes[0][0]) if shapes and shapes[0] and shapes[0][0] > 0 else "",
        "devbench_version": run.devbench_version,
    }


def _setting(case: CaseRecord) -> dict[str, str]:
    facts = case.rounds[0].facts if case.rounds else {}
    of_file = case.artifact.facts if case.artifact else {}
    others = {name: value for name, value in case.options.items() if name != "threads" and value != ""}
    return {
        "device": case.device,
        "place": case.place,
        "host": facts.get("board", ""),
        "accelerator": facts.get("accelerator", ""),
        "link": facts.get("link", ""),
        "os": facts.get("os", ""),
        "cpu": facts.get("cpu", ""),
        "governor": facts.get("governor", ""),
        "runtime": case.runtime,
        "runtime_version": facts.get("runtime_version", ""),
        "delegate": facts.get("delegate", ""),
        "delegate_version": facts.get("delegate_version", ""),
        "delegate_build": facts.get("delegate_build", ""),
        "cpu_operations": of_file.get("cpu_operations", "").partition(" ")[0],
        "streamed_bytes": of_file.get("streamed_parameter_bytes", ""),
        "threads": str(case.options.get("threads", "")),
        "options": ";".join(f"{name}={value}" for name, value in sorted(others.items())),
        "region": case.region,
        "scenario": "burst",
        "started_utc": case.rounds[0].started_utc if case.rounds else "",
    }


def _outcome(case: CaseRecord) -> dict[str, str]:
    outcome = case.outcome
    if isinstance(outcome, Measured):
        return {"status": outcome.status, **_figures(case, outcome), **_verdict(case, outcome)}
    if isinstance(outcome, Pending):
        return {"status": "skipped", "reason": "the run was interrupted"}
    return {
        "status": outcome.status,
        "reason": getattr(outcome, "reason", "") or getattr(outcome, "error", ""),
    }


def _figures(case: CaseRecord, outcome: Measured) -> dict[str, str]:
    summary = outcome.summary
    per_round = case.counting
    return {
        "rounds": str(len(per_round)),
        "samples": str(summary.samples),
        "statistic": "median",
        "latency_ms": _ms(summary.median_ms),
        "low_ms": _ms(summary.low_ms),
        "high_ms": _ms(summary.high_ms),
        "interval": "ci95",
        "interval_covers": summary.covers,
        "run_low_ms": _ms(summary.run_low_ms),
        "run_high_ms": _ms(summary.run_high_ms),
        "between_runs_sd": f"{case.between_runs.median_sd:.6g}" if case.between_runs else "",
        "between_runs": str(case.between_runs.runs) if case.between_runs else "",
        "fastest_ms": _ms(summary.fastest_ms),
        "fastest_low_ms": _ms(summary.fastest_low_ms),
        "fastest_high_ms": _ms(summary.fastest_high_ms),
        "mean_ms": _ms(summary.mean_ms),
        "min_ms": _ms(summary.min_ms),
        "max_ms": _ms(summary.max_ms),
        "stdev_ms": _ms(summary.stdev_ms),
        "p90_ms": _ms(summary.p90_ms),
        "p90_bound_ms": _ms(summary.p90_bound_ms),
        "p99_ms": _ms(summary.p99_ms),
        "p99_bound_ms": _ms(summary.p99_bound_ms),
        "compute_ms": _ms(outcome.compute.median_ms if outcome.compute else None),
        "compute_low_ms": _ms(outcome.compute.low_ms if outcome.compute else None),
        "compute_high_ms": _ms(outcome.compute.high_ms if outcome.compute else None),
        "load_ms": _ms(_middle([one.load_ns for one in per_round]) / 1e6),
        "first_ms": _ms(_middle([one.first_ns for one in per_round]) / 1e6),
        "throughput_per_s": f"{1000 / summary.mean_ms:.6g}",
        "energy_mj": "" if case.energy_mj is None else f"{case.energy_mj:.6g}",
        "host_cpu_ms": _ms(_middle([one.cpu_ns_per_inference for one in per_round]) / 1e6),
        "peak_memory_mib": f"{max(one.peak_memory_bytes for one in per_round) / 2**20:.1f}",
    }


def _accuracy(case: CaseRecord) -> dict[str, str]:
    found = case.accuracy
    if found is None or found.problem:
        return {}
    top1, change = found.top1, found.change
    return {
        "pictures": str(found.pictures),
        "top1": _share(top1.estimate if top1 else None),
        "top1_low": _share(top1.low if top1 else None),
        "top1_high": _share(top1.high if top1 else None),
        "top1_change": _share(change.estimate if change else None),
        "top1_change_low": _share(change.low if change else None),
        "top1_change_high": _share(change.high if change else None),
        "agreement": _share(found.agreement.estimate if found.agreement else None),
        "quality": found.quality,
    }


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _verdict(case: CaseRecord, outcome: Measured) -> dict[str, str]:
    seen = [about.conditions for about in case.counting if about.conditions]
    starts = [one.temperature_c_start for one in seen if one.temperature_c_start is not None]
    ends = [one.temperature_c_end for one in seen if one.temperature_c_end is not None]
    return {
        "verdict": outcome.verdict.status,
        "verdict_reasons": ";".join(reason.code for reason in outcome.verdict.reasons),
        "verdict_remedies": ";".join(reason.remedy.replace(";", ",") for reason in outcome.verdict.reasons),
        "temperature_c_start": f"{starts[0]:.1f}" if starts else "",
        "temperature_c_end": f"{ends[-1]:.1f}" if ends else "",
    }


def _middle(values: list[int]) -> float:
    return float(sorted(values)[len(values) // 2])


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
