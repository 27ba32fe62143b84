"""Is a figure the same when it is measured again? Trials over hours, beside pyperf and litert-benchmark.

    uv run python benchmarks/again.py --work /tmp/again --pyperf /tmp/pyperf/bin/python --until 22:20
    uv run python benchmarks/again.py --work /tmp/again --trials 0 --comparisons 20
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
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from again_rows import (
    COMMIT,
    PAIR_COLUMNS,
    POWER_COLUMNS,
    ROUND_COLUMNS,
    RUN_COLUMNS,
    SIDE_COLUMNS,
    Row,
    append,
    devbench_rounds,
    devbench_row,
    figure,
    now,
    pair_rows,
    side_rows,
)
from again_tables import DEVBENCH, SLOWER_PERCENT, read, table
from alarms import install
from fidelity import artifact

from devbench.compare.figures import RunSource, figures_of
from devbench.sources.sources import run_source
from devbench.stats.student import t_quantile
from devbench.store.folder import RunFolder

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "inception_v1")
MEASURE = (
    "{profile: normal, rounds: 6, max_rounds: 6, precision: null, warmup_runs: 3, warmup_s: 0.2, warmup_cap_s: 0,"
    " min_runs: 5, min_s: 0.8, cap_s: 5}"
)
SIDE_BY_SIDE_S = 60
FOLDER = Path(__file__).parent / "again"
CLOSE_S = 1800
"""Runs further apart are not neighbours."""

PYPERF, PYPERF_MEDIAN = "pyperf", "pyperf (median)"
LITERT, LITERT_AVERAGE = "litert-benchmark (median)", "litert-benchmark (average)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the CSVs are")
    parser.add_argument("--work", type=Path, help="run folders, cache and history of the place")
    parser.add_argument("--pyperf", help="interpreter with pyperf, ai-edge-litert and numpy; without it, no pyperf")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--comparisons", type=int, default=0, help="comparisons side by side after the trials")
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
    for _ in range(arguments.comparisons):
        attempt(bench.side_by_side)


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
        name = list(self.files)[len(read(self.folder / "power.csv")) % len(self.files)]
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


if __name__ == "__main__":
    main()
