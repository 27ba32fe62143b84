"""What again.py appends to its CSVs: their columns, and rows of a run, of its rounds, and of what is compared."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from again_tables import DEVBENCH

from devbench.compare.figures import RunSource
from devbench.compare.runs import compare_runs
from devbench.domain.figure import Figure
from devbench.stats.round_median import FASTEST_PERCENT as PERCENT
from devbench.store.folder import RunFolder

COMMIT = subprocess.run(
    ["git", "-C", Path(__file__).parent, "rev-parse", "--short", "HEAD"], capture_output=True, check=False, text=True
).stdout.strip()
Row = Mapping[str, object]
RUN_COLUMNS = (
    *("started_utc", "trial", "tool", "version", "settings", "network", "figure_ms", "low_ms", "high_ms"),
    *("run_low_ms", "run_high_ms", "undisturbed_ms", "verdict", "reasons", "earlier_runs", "seconds", "processes"),
    *("load_1min", "others_cores", "steal"),
)
ROUND_COLUMNS = (
    *("started_utc", "trial", "tool", "network", "place", "at_utc", "median_ms", "fastest_ms", "samples"),
    *("others_cores", "steal", "canary_before_ms", "canary_after_ms"),
)
PAIR_COLUMNS = (
    *("trial", "network", "gap_s", "ratio", "low", "high", "undisturbed", "undisturbed_low", "undisturbed_high"),
    *("verdict", "resolution", "earlier_runs", "old_verdict", "new_verdict"),
)
POWER_COLUMNS = (
    *("started_utc", "version", "network", "planted", "verdict", "ratio", "low", "high", "pairs", "left_out"),
    *("resolution", "undisturbed", "undisturbed_low", "undisturbed_high", "seconds", "load_1min", "others_cores"),
    "steal",
)
SIDE_COLUMNS = (
    *("started_utc", "network", "pair", "old_ms", "new_ms", "old_fastest_ms", "new_fastest_ms", "contaminated"),
)


def devbench_row(one: Figure) -> dict[str, object]:
    latency, row = one.latency_ms, one.row
    assert latency and one.case
    return {
        "started_utc": now(),
        "tool": DEVBENCH,
        "version": COMMIT,
        "network": one.case.model,
        **figure(latency.estimate, latency.low, latency.high),
        "run_low_ms": row["run_low_ms"],
        "run_high_ms": row["run_high_ms"],
        "undisturbed_ms": row["fastest_ms"],
        "verdict": row["verdict"],
        "reasons": row["verdict_reasons"],
        "earlier_runs": one.case.between_runs.runs if one.case.between_runs else 0,
        "processes": len(one.rounds),
    }


def devbench_rounds(one: Figure, source: RunSource) -> list[dict[str, object]]:
    assert one.case
    samples = source.samples(one.case.id)
    rows = []
    for about in one.case.rounds:
        seen, series = about.conditions, samples[about.index]
        rows.append(
            {
                "tool": DEVBENCH,
                "network": one.case.model,
                "place": about.index,
                "started_utc": source.run.started_utc,
                "at_utc": about.started_utc,
                "median_ms": f"{float(np.median(series)) / 1e6:.5f}",
                "fastest_ms": f"{float(np.percentile(series, 1)) / 1e6:.5f}",
                "samples": len(series),
                "others_cores": "" if seen is None or seen.others_cores is None else round(seen.others_cores, 3),
                "steal": "" if seen is None or seen.steal is None else round(seen.steal, 4),
                "canary_before_ms": "" if seen is None else round(seen.canary_ns[0] / 1e6, 4),
                "canary_after_ms": "" if seen is None else round(seen.canary_ns[1] / 1e6, 4),
            }
        )
    return rows


def pair_rows(old: RunSource, new: RunSource, gap_s: float) -> list[dict[str, object]]:
    """What `devbench compare` says of two runs."""
    changes = compare_runs(old, new, threshold=0.01)
    rows: list[dict[str, object]] = []
    for change in changes.cases:
        ratio, fastest = change.ratio, change.undisturbed
        rows.append(
            {
                "network": change.new.model if change.new else "",
                "gap_s": round(gap_s),
                **({"ratio": ratio.estimate, "low": ratio.low, "high": ratio.high} if ratio else {}),
                **(
                    {
                        "undisturbed": fastest.estimate,
                        "undisturbed_low": fastest.low,
                        "undisturbed_high": fastest.high,
                    }
                    if fastest
                    else {}
                ),
                "verdict": change.difference,
                "resolution": changes.resolution,
                "earlier_runs": changes.earlier_runs,
                **{
                    name: case.outcome.verdict.status if case and case.outcome.status == "measured" else ""
                    for name, case in (("old_verdict", change.old), ("new_verdict", change.new))
                },
            }
        )
    return rows


def side_rows(folder: RunFolder) -> list[dict[str, object]]:
    """Every pair of rounds of a side-by-side comparison, whether it counted or not."""
    run = folder.load()
    old, new = run.cases
    first, second = folder.samples(run, old.id), folder.samples(run, new.id)
    rows: list[dict[str, object]] = []
    for number, (one, other) in enumerate(zip(old.rounds, new.rounds, strict=False)):
        row: dict[str, object] = {"started_utc": run.started_utc, "network": old.model, "pair": number}
        for name, series in (("old", first[one.index]), ("new", second[other.index])):
            row[f"{name}_ms"] = f"{float(np.median(series)) / 1e6:.5f}"
            row[f"{name}_fastest_ms"] = f"{float(np.percentile(series, PERCENT)) / 1e6:.5f}"
        reasons = (*one.reasons, *other.reasons)
        rows.append({**row, "contaminated": int(any(reason.severity == "contaminated" for reason in reasons))})
    return rows


def figure(value_ms: float, low_ms: float | None = None, high_ms: float | None = None) -> dict[str, object]:
    ends = {"low_ms": low_ms, "high_ms": high_ms}
    return {"figure_ms": f"{value_ms:.5f}", **{name: "" if end is None else f"{end:.5f}" for name, end in ends.items()}}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def append(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    begins = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        if begins:
            writer.writeheader()
        writer.writerows({name: rounded(value) for name, value in row.items()} for row in rows)


def rounded(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
