"""Is a figure the same when it is measured again? Trials over hours, beside pyperf and litert-benchmark.

    uv run python benchmarks/again.py --work /tmp/again --pyperf /tmp/pyperf/bin/python --until 22:20
    uv run python benchmarks/again.py --table

A trial is one `devbench run` of three networks (int8, one thread), pyperf and litert-benchmark on the same files, in an
order drawn at random, at equal seconds: the peers get as many processes or inferences as fill the seconds that the run
of devbench took for each network, by what they took so far. Every run is compared with the one before it, as
`devbench compare` does. Every second trial measures a network side by side with itself slowed down by 2 %
(`devbench compare --measure`, the plant of benchmarks/alarms.py). History and cache are in the work folder: they grow
as a user's would. What was found is appended to the CSVs in --folder, so a benchmark that was cut short goes on.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import itertools
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from alarms import install
from fidelity import artifact

from devbench.compare.figures import RunSource, figures_of
from devbench.compare.runs import compare_runs
from devbench.domain.figure import Figure
from devbench.run.side_by_side import LogRatios, decided, paired_intervals
from devbench.sources.sources import run_source
from devbench.stats.paired import LOOKS
from devbench.stats.round_median import FASTEST_PERCENT as PERCENT
from devbench.stats.student import t_quantile
from devbench.store.folder import RunFolder

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "inception_v1")
MEASURE = (
    "{profile: normal, rounds: 6, max_rounds: 6, precision: null, warmup_runs: 3, warmup_s: 0.2, warmup_cap_s: 0,"
    " min_runs: 5, min_s: 0.8, cap_s: 5}"
)
SLOWER_PERCENT, SIDE_BY_SIDE_S = 2, 60
FOLDER = Path(__file__).parent / "again"
COMMIT = subprocess.run(
    ["git", "-C", Path(__file__).parent, "rev-parse", "--short", "HEAD"], capture_output=True, check=False, text=True
).stdout.strip()
CLOSE_S = 1800
"""Runs further apart are not neighbours."""

DEVBENCH, PYPERF, PYPERF_MEDIAN = "devbench", "pyperf", "pyperf (median)"
LITERT, LITERT_AVERAGE = "litert-benchmark (median)", "litert-benchmark (average)"

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
    *(
        "started_utc",
        "version",
        "network",
        "planted",
        "verdict",
        "ratio",
        "low",
        "high",
        "pairs",
        "left_out",
        "resolution",
    ),
    *("undisturbed", "undisturbed_low", "undisturbed_high", "seconds", "load_1min", "others_cores", "steal"),
)

SIDE_COLUMNS = (
    *("started_utc", "network", "pair", "old_ms", "new_ms", "old_fastest_ms", "new_fastest_ms", "contaminated"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the CSVs are")
    parser.add_argument("--work", type=Path, help="run folders, cache and history of the place")
    parser.add_argument("--pyperf", help="interpreter with pyperf, ai-edge-litert and numpy; without it, no pyperf")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--until", default="", help="HH:MM (UTC): no trial begins after it")
    parser.add_argument("--measure", default=MEASURE, help="settings of devbench, as in a suite")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--table", action="store_true", help="only print what the trials so far show")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.folder))
        return
    if not arguments.work:
        parser.error("--work is needed, or --table")
    collect(arguments)
    print(table(arguments.folder))


def collect(arguments: argparse.Namespace) -> None:
    work = arguments.work.resolve()
    os.environ["DEVBENCH_CACHE"] = str(work / "cache")
    bench = Bench(arguments.folder, work, arguments.pyperf, arguments.measure, arguments.networks)
    for _ in range(arguments.trials):
        if arguments.until and f"{datetime.now(UTC):%H:%M}" >= arguments.until:
            return
        bench.trial()


class Bench:
    """Makes trials, and appends what they find to the CSVs."""

    def __init__(self, folder: Path, work: Path, pyperf: str | None, measure: str, networks: Sequence[str]) -> None:
        self.folder, self.work, self.pyperf, self.measure = folder, work, pyperf, measure
        self.files = {Path(name).stem: artifact(name, "int8") for name in networks}
        self.rows = read(folder / "runs.csv")
        self.number = 1 + max((int(row["trial"]) for row in self.rows), default=0)
        self.before: tuple[float, RunSource] | None = None
        self.target_s = 12.0
        (work / "runs").mkdir(parents=True, exist_ok=True)

    def trial(self) -> None:
        rng = random.Random(self.number)
        tools = [self.with_devbench, self.with_litert, *([self.with_pyperf] if self.pyperf else [])]
        for tool in rng.sample(tools, len(tools)):
            attempt(tool)
        if self.number % 2 == 0:
            attempt(self.side_by_side)
        self.number += 1

    def with_devbench(self) -> None:
        suite = self.work / "again.yaml"
        models = ", ".join(f"{{name: {name}, source: {path}}}" for name, path in self.files.items())
        suite.write_text(
            f"name: again\nmodels: [{models}]\ndevices: [{{desktop-cpu: {{runtime: litert, threads: 1}}}}]\n"
            f"measure: {self.measure}\n"
        )
        out = self.work / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        began_s, load = time.monotonic(), Load()
        run_quietly([sys.executable, "-m", "devbench", "run", suite, "--out", out, "--seed", str(self.number)])
        about = load.seen()
        folder = RunFolder(out)
        source = run_source(folder, folder.load())
        figures = figures_of(source)
        self.target_s = about["seconds"] / len(figures)
        for one in figures:
            self.add_run(devbench_row(one) | about | {"seconds": round(self.target_s, 2)})
            append(self.folder / "rounds.csv", ROUND_COLUMNS, [self.named(row) for row in devbench_rounds(one, source)])
        if self.before and began_s - self.before[0] < CLOSE_S:
            pairs = pair_rows(self.before[1], source, began_s - self.before[0])
            append(self.folder / "pairs.csv", PAIR_COLUMNS, [{"trial": self.number, **row} for row in pairs])
        self.before = began_s, source

    def with_pyperf(self) -> None:
        script = Path(__file__).parent / "again" / "with_pyperf.py"
        for name, path in self.files.items():
            count = min(max(self.how_many(PYPERF, name, first=15), 3), 60)
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "result.json"
                load = Load()
                options = ["--model", path, "--processes", str(count), "-o", out, "--quiet"]
                run_quietly([self.pyperf, script, *options])
                about = load.seen() | {"started_utc": now(), "network": name, "processes": count}
                runs = json.loads(out.read_text())["benchmarks"][0]["runs"]
            values = [[1e3 * value for value in run["values"]] for run in runs if run.get("values")]
            means = [statistics.fmean(one) for one in values]
            mean = statistics.fmean(means)
            reach = t_quantile(0.975, len(means) - 1) * statistics.stdev(means) / math.sqrt(len(means))
            about |= {"version": runs[0].get("metadata", {}).get("perf_version", "")}
            assert self.pyperf
            self.add_run(about | {"tool": PYPERF} | figure(mean, mean - reach, mean + reach))
            self.add_run(about | {"tool": PYPERF_MEDIAN} | figure(statistics.median(itertools.chain(*values))))
            processes = [
                {"tool": PYPERF, "network": name, "place": place, "median_ms": f"{one:.5f}", **about}
                for place, one in enumerate(means)
            ]
            append(self.folder / "rounds.csv", ROUND_COLUMNS, [self.named(row) for row in processes])

    def with_litert(self) -> None:
        tool = Path(sys.executable).with_name("litert-benchmark")
        for name, path in self.files.items():
            count = max(self.how_many(LITERT, name, first=1000), 20)
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "result.json"
                load = Load()
                run_quietly(
                    [tool, "--model", path, "--num_runs", str(count), "--num_threads", "1", "--result_json", out]
                )
                about = load.seen() | {"started_utc": now(), "network": name, "processes": count}
                found = json.loads(out.read_text())["latency"]
            about |= {"version": importlib.metadata.version("ai-edge-litert")}
            reach = 1.96 * found["std_ms"] / math.sqrt(found["num_runs"])
            self.add_run(about | {"tool": LITERT} | figure(found["median_ms"]))
            average = figure(found["avg_ms"], found["avg_ms"] - reach, found["avg_ms"] + reach)
            self.add_run(about | {"tool": LITERT_AVERAGE} | average)

    def side_by_side(self) -> None:
        name = list(self.files)[self.number // 2 % len(self.files)]
        with tempfile.TemporaryDirectory() as folder:
            install(Path(folder))
            for twin, percent in (("a", 0), ("slowed", SLOWER_PERCENT)):
                (Path(folder) / f"{twin}.yaml").write_text(
                    f"name: power\nmodels: [{{name: {name}, source: {self.files[name]}}}]\n"
                    f"devices: [{{slowed-cpu: {{twin: {twin}, percent: {percent}, threads: 1}}}}]\n"
                )
            load, started = Load(), now()
            out = self.work / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-power"
            command = [sys.executable, "-m", "devbench", "compare", "--measure", "a.yaml", "slowed.yaml", "--json"]
            options = ["--budget", f"{SIDE_BY_SIDE_S} s", "--out", str(out)]
            environment = {**os.environ, "PYTHONPATH": folder}
            done = subprocess.run([*command, *options], cwd=folder, env=environment, capture_output=True, check=True)
            about = load.seen()
        found = json.loads(done.stdout)[0]
        fastest = found.pop("undisturbed") or {}
        found |= {
            f"undisturbed{end}": fastest.get(name) for end, name in (("", "ratio"), ("_low", "low"), ("_high", "high"))
        }
        row = {
            "started_utc": started,
            "version": COMMIT,
            "network": name,
            "planted": SLOWER_PERCENT / 100,
            **found,
            **about,
        }
        append(self.folder / "power.csv", POWER_COLUMNS, [row])
        append(self.folder / "side_by_side.csv", SIDE_COLUMNS, side_rows(RunFolder(out)))

    def how_many(self, tool: str, network: str, first: int) -> int:
        """Processes or inferences that fill the seconds, by what the last three trials took."""
        past = [row for row in self.rows if row["tool"] == tool and row["network"] == network][-3:]
        rates = [float(row["processes"]) / float(row["seconds"]) for row in past]
        return round(statistics.median(rates) * self.target_s) if rates else first

    def add_run(self, row: Row) -> None:
        whole = self.named(row)
        self.rows.append({name: str(value) for name, value in whole.items()})
        append(self.folder / "runs.csv", RUN_COLUMNS, [whole])

    def named(self, row: Row) -> dict[str, object]:
        return {"settings": self.measure if row.get("tool") == DEVBENCH else "", **row, "trial": self.number}


class Load:
    """What the machine did beside our own children from when it is made on."""

    def __init__(self) -> None:
        self.began_s, self.load_1min, self.counters, self.own_s = time.monotonic(), os.getloadavg()[0], ticks(), own_s()

    def seen(self) -> dict[str, float]:
        seconds = time.monotonic() - self.began_s
        busy_s, steal_s = (now - then for now, then in zip(ticks(), self.counters, strict=True))
        others = max(0.0, busy_s - (own_s() - self.own_s)) / seconds
        return {
            "seconds": round(seconds, 2),
            "load_1min": round(self.load_1min, 2),
            "others_cores": round(others, 3),
            "steal": round(steal_s / seconds / (os.cpu_count() or 1), 4),
        }


def ticks() -> tuple[float, float]:
    """Seconds that all cores were busy, and that the hypervisor took."""
    user, nice, system, _, _, irq, soft, steal, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    per_s = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft) / per_s, steal / per_s


def own_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


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


BUSY_CORES = 0.5
"""From here on other programs make a round contaminated (docs/measurement.md)."""


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


def table(folder: Path) -> str:
    """What the trials show: figures measured again, runs compared with the run before, a difference that is there."""
    runs, pairs, power = (read(folder / name) for name in ("runs.csv", "pairs.csv", "power.csv"))
    undisturbed = fastest_of(read(folder / "rounds.csv"))
    runs = [
        row | {"undisturbed_ms": undisturbed.get((row["trial"], row["network"]), "")}
        if row["tool"] == DEVBENCH
        else row
        for row in runs
    ]
    parts = [again_table(runs), together_table(runs), pairs_table(pairs), power_table(power)]
    parts.append(side_table(read(folder / "side_by_side.csv")))
    if runs:
        loads = [float(row["load_1min"]) for row in runs]
        parts.append(
            f"{max(int(row['trial']) for row in runs)} trials, {runs[0]['started_utc'][:16]} to"
            f" {runs[-1]['started_utc'][:16]}; load over a minute {min(loads):.1f} to {max(loads):.1f}, median"
            f" {statistics.median(loads):.1f}."
        )
    return "\n\n".join(part for part in parts if part)


def fastest_of(rounds: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """The undisturbed time of each run and network: a run states none where too many of its rounds are contaminated."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rounds:
        if row["tool"] == DEVBENCH:
            found.setdefault((row["trial"], row["network"]), []).append(math.log(float(row["fastest_ms"])))
    return {key: f"{math.exp(statistics.fmean(sorted(logs)[: len(logs) // 2 + 1])):.5f}" for key, logs in found.items()}


def again_table(runs: Sequence[Mapping[str, str]]) -> str:
    """Each tool and network: how much the figure varies from trial to trial, and how often its interval holds."""
    lines = [
        "| tool | figure | network | trials | standard deviation | trial to trial | interval holds | half width | s |"
    ]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|--:|")
    for tool in dict.fromkeys(row["tool"] for row in runs):
        for figure_name, ends in FIGURES.get(tool, (("figure_ms", ("low_ms", "high_ms")),)):
            for network in dict.fromkeys(row["network"] for row in runs):
                rows = [row for row in runs if (row["tool"], row["network"]) == (tool, network) and row[figure_name]]
                if rows:
                    lines.append(again_line(tool, figure_name, ends, network, rows))
    return "\n".join(lines)


FIGURES = {
    DEVBENCH: (
        ("figure_ms", ("low_ms", "high_ms")),
        ("figure_ms", ("run_low_ms", "run_high_ms")),
        ("undisturbed_ms", None),
    )
}
NAMES = {"low_ms": "measured again", "run_low_ms": "within the run"}


def again_line(
    tool: str, name: str, ends: tuple[str, str] | None, network: str, rows: Sequence[Mapping[str, str]]
) -> str:
    logs = [math.log(float(row[name])) for row in rows]
    enough = len(logs) > 2
    spread = f"{statistics.stdev(logs):.1%}" if enough else ""
    steps = [(one - other) ** 2 / 2 for one, other in itertools.pairwise(logs)]
    neighbours = f"{math.sqrt(statistics.fmean(steps)):.1%}" if enough else ""
    held = width = ""
    stated = [(one, row) for one, row in zip(logs, rows, strict=True) if ends and row[ends[0]]]
    if ends and stated and enough:
        bounds = [(math.log(float(row[ends[0]])), math.log(float(row[ends[1]]))) for _, row in stated]
        others = [(sum(logs) - one) / (len(logs) - 1) for one, _ in stated]
        count = sum(low <= other <= high for other, (low, high) in zip(others, bounds, strict=True))
        held = f"{count} of {len(stated)}"
        width = f"{statistics.median((high - low) / 2 for low, high in bounds):.1%}"
    what = "undisturbed" if name == "undisturbed_ms" else NAMES.get(ends[0], "") if tool == DEVBENCH and ends else ""
    seconds = f"{statistics.median(float(row['seconds']) for row in rows):.1f}"
    return f"| {tool} | {what} | {network} | {len(rows)} | {spread} | {neighbours} | {held} | {width} | {seconds} |"


def together_table(runs: Sequence[Mapping[str, str]]) -> str:
    """Each tool over all networks, for all trials and for those with little or much other work on the machine."""
    lines = ["| trials | tool | figures | standard deviation | trial to trial | interval holds |"]
    lines.append("|---|---|--:|--:|--:|--:|")
    groups: list[tuple[str, Callable[[Mapping[str, str]], bool]]] = [("all", lambda _: True)]
    versions = list(dict.fromkeys(row["version"] for row in runs if row["tool"] == DEVBENCH))
    for version in versions if len(versions) > 1 else []:
        trials = {row["trial"] for row in runs if row["version"] == version}
        groups.append((f"devbench at {version}", lambda row, trials=trials: row["trial"] in trials))  # type: ignore[misc]
    groups += [
        (f"others used less than {BUSY_CORES} cores", lambda row: float(row["others_cores"]) < BUSY_CORES),
        ("others used more", lambda row: float(row["others_cores"]) >= BUSY_CORES),
        ("devbench: not contaminated", lambda row: row["tool"] == DEVBENCH and row["verdict"] != "contaminated"),
    ]
    for title, belongs in groups:
        for tool in dict.fromkeys(row["tool"] for row in runs):
            rows = [row for row in runs if row["tool"] == tool and belongs(row)]
            names = ("figure_ms", "undisturbed_ms")
            lines += [together_line(title, tool, name, [row for row in rows if row[name]]) for name in names]
    return "\n".join(line for line in lines if line)


def together_line(title: str, tool: str, name: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Variances of the networks are pooled, each about its own mean."""
    squares = steps = 0.0
    degrees = counted = held = asked = 0
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        logs = [math.log(float(row[name])) for row in own]
        if len(logs) < 3:
            continue
        mean = statistics.fmean(logs)
        squares += sum((one - mean) ** 2 for one in logs)
        degrees += len(logs) - 1
        both = list(zip(logs, own, strict=True))
        for (one, row), (other, following) in itertools.pairwise(both):
            if int(following["trial"]) - int(row["trial"]) == 1:
                steps, counted = steps + (one - other) ** 2 / 2, counted + 1
        for one, row in both:
            if name == "figure_ms" and row["low_ms"]:
                other = (sum(logs) - one) / (len(logs) - 1)
                asked += 1
                held += math.log(float(row["low_ms"])) <= other <= math.log(float(row["high_ms"]))
    if not degrees:
        return ""
    shown = f"{tool}, undisturbed" if name == "undisturbed_ms" else tool
    neighbours = f"{math.sqrt(steps / counted):.1%}" if counted else ""
    share = f"{held} of {asked} ({100 * held / asked:.0f} %)" if asked else ""
    return f"| {title} | {shown} | {len(rows)} | {math.sqrt(squares / degrees):.1%} | {neighbours} | {share} |"


def pairs_table(pairs: Sequence[Mapping[str, str]]) -> str:
    """Neighbouring runs of the same work: every slower or faster is an alarm."""
    if not pairs:
        return ""
    lines = ["| runs compared | comparisons | slower or faster | undecided: contaminated | resolution stated, median |"]
    lines.append("|---|--:|--:|--:|--:|")
    clean = [row for row in pairs if "contaminated" not in (row["old_verdict"], row["new_verdict"])]
    for title, rows in (("all", pairs), ("neither contaminated", clean)):
        alarms = sum(row["verdict"] in ("slower", "faster") for row in rows)
        undecided = sum(row["verdict"].startswith("undecided") for row in rows)
        resolutions = [float(row["resolution"]) for row in rows if row["resolution"]]
        middle = f"{statistics.median(resolutions):.1%}" if resolutions else ""
        lines.append(f"| {title} | {len(rows)} | {alarms} | {undecided} | {middle} |")
    by_interval = sum(bool(row["ratio"]) and not float(row["low"]) <= 1 <= float(row["high"]) for row in pairs)
    lines.append(f"| all, by the interval of the medians alone | {len(pairs)} | {by_interval} | | |")
    return "\n".join(lines)


def power_table(power: Sequence[Mapping[str, str]]) -> str:
    """Side by side with 2 % planted."""
    if not power:
        return ""
    lines = [
        "| resolution stated | comparisons | slower | faster | within | none shown | undecided | pairs, median | s |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    kinds = ("slower", "faster", "within the threshold", "no difference shown", "undecided: contaminated")
    limits = ((0, 0.02), (0.02, 0.04), (0.04, math.inf))
    groups = [(f"{low:.0%} to {high:.0%}" if high < math.inf else f"over {low:.0%}", low, high) for low, high in limits]
    for title, low, high in [*groups, ("unknown", -1, -1), ("all", -2, math.inf)]:
        rows = [
            row for row in power if low <= float(row["resolution"] or -1) < high or (low, row["resolution"]) == (-1, "")
        ]
        if rows:
            counts = " | ".join(str(sum(row["verdict"] == kind for row in rows)) for kind in kinds)
            pairs = statistics.median(int(row["pairs"]) for row in rows)
            seconds = statistics.median(float(row["seconds"]) for row in rows)
            lines.append(f"| {title} | {len(rows)} | {counts} | {pairs:.0f} | {seconds:.0f} |")
    return "\n".join(lines)


def side_table(rows: Sequence[Mapping[str, str]]) -> str:
    """What all pairs would show if contaminated ones counted; and neighbouring rounds of one side: the same work."""
    if not rows:
        return ""
    sessions: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        sessions.setdefault(row["started_utc"], []).append(row)
    planted, same = [], []
    rng = random.Random(0)
    for pairs in sessions.values():
        planted.append(LogRatios(log_ratios(pairs, "ms"), log_ratios(pairs, "fastest_ms")))
        for side in ("old", "new"):
            signs = [rng.choice((-1, 1)) for _ in pairs]
            same.append(LogRatios(*(steps(pairs, f"{side}_{name}", signs) for name in ("ms", "fastest_ms"))))
    lines = ["| all pairs, contaminated ones too | comparisons | slower | faster | by the medians alone | half width |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for title, found in ((f"{SLOWER_PERCENT} % slower", planted), ("the same: rounds of one side", same)):
        enough = [one for one in found if len(one.medians) >= LOOKS[0]]
        shown = [looked_at(one) for one in enough]
        medians = sum(one in ("slower", "faster") for one in (looked_at(each, medians_only=True) for each in enough))
        last = [paired_intervals(one)[1] for one in enough]
        widths = [one.relative_half_width for one in last if one]
        width = f"{statistics.median(widths):.1%}" if widths else ""
        lines.append(
            f"| {title} | {len(enough)} | {shown.count('slower')} | {shown.count('faster')} | {medians} | {width} |"
        )
    return "\n".join(lines)


def looked_at(ratios: LogRatios, *, medians_only: bool = False) -> str:
    """What the looks at ever more pairs show, the last at all of them; threshold 0."""
    counts = [count for count in LOOKS if count < len(ratios.medians)] + [len(ratios.medians)]
    for count in counts:
        medians, fastest = paired_intervals(LogRatios(ratios.medians[:count], ratios.fastest[:count]))
        shown = decided(medians, None if medians_only else fastest, threshold=0.0)
        if shown in ("slower", "faster"):
            return shown
    return "no difference shown"


def log_ratios(pairs: Sequence[Mapping[str, str]], name: str) -> list[float]:
    return [math.log(float(one[f"new_{name}"]) / float(one[f"old_{name}"])) for one in pairs]


def steps(pairs: Sequence[Mapping[str, str]], name: str, signs: Sequence[int]) -> list[float]:
    """Logarithms of the ratios of one round and the next of the same side, two by two."""
    logs = [math.log(float(one[name])) for one in pairs]
    return [sign * (other - one) for one, other, sign in zip(logs[::2], logs[1::2], signs, strict=False)]


def figure(value_ms: float, low_ms: float | None = None, high_ms: float | None = None) -> dict[str, object]:
    ends = {"low_ms": low_ms, "high_ms": high_ms}
    return {"figure_ms": f"{value_ms:.5f}", **{name: "" if end is None else f"{end:.5f}" for name, end in ends.items()}}


def attempt(tool: Callable[[], None]) -> None:
    """One tool's failure costs its own figures only."""
    try:
        tool()
    except subprocess.CalledProcessError as error:
        print(
            f"{now()} {tool.__name__}: {error}\n{(error.stderr or b'').decode()[-2000:]}", file=sys.stderr, flush=True
        )


def run_quietly(command: Iterable[object]) -> None:
    subprocess.run(list(map(str, command)), capture_output=True, check=True)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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


if __name__ == "__main__":
    main()
