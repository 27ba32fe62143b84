"""How often does devbench see a difference where there is none, and how often the 2 % that there is?

    uv run python benchmarks/alarms.py MODEL.tflite --trials 100 --results alarms.jsonl
    uv run python benchmarks/alarms.py --results alarms.jsonl --only-table

A trial is one `devbench run` at a profile with three cases of one model on one core each: `a`, the same again as `b`,
and `slowed`, whose `invoke` goes on for 2 % of its own time after the runtime has returned. Their rounds are
interleaved as in any run. Counted are the ratios b/a whose interval leaves out 1 (false alarms), and the ratios
slowed/a whose interval lies above 1 (found); intervals of the medians at 95 %, of the fastest percent at 99 %. Two
neighbouring trials make a `devbench compare` of two runs as well.
Trials are added to the file, so a benchmark that was cut short goes on; `--results` may name several. Prints Markdown.
The trials behind docs/trust.md stand in benchmarks/alarms/.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from devbench.compare.figures import RunSource
from devbench.domain.run import CaseRecord
from devbench.sources.sources import run_source
from devbench.stats import ratio_interval, undisturbed_ratio
from devbench.stats.round_median import FASTEST_PERCENT as PERCENT
from devbench.store.folder import RunFolder

SLOWER_PERCENT = 2
PLUGIN = """
from pathlib import Path
from devbench import hookimpl
from devbench_desktop.cpu import DesktopCpu
from devbench_desktop.tflite import LiteRt


class SlowedCpu(DesktopCpu):
    kind = "slowed-cpu"
    runtimes = ("slowed",)


class Slowed(LiteRt):
    name = "slowed"
    engine = Path(__file__).with_name("slowed_engine.py")
    options = {**LiteRt.options, "twin": "a", "percent": 0}


@hookimpl
def devbench_devices():
    return [SlowedCpu]


@hookimpl
def devbench_runtimes():
    return [Slowed]
"""
ENGINE = """

class Slowed(Engine):
    def __init__(self, runtime):
        super().__init__("litert")

    def load(self, path, options):
        super().load(path, options)
        runtimes_own, share = self.invoke, float(options["percent"]) / 100
        if not share:
            return
        from time import perf_counter_ns

        def invoke():
            start = perf_counter_ns()
            runtimes_own()
            now = perf_counter_ns()
            end = now + (now - start) * share
            while perf_counter_ns() < end:
                pass

        self.invoke = invoke


Engine = Slowed
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--measure", default="normal", help="a profile, or settings as in a suite")
    parser.add_argument("--results", type=Path, required=True, nargs="+", help="the first is the one that is added to")
    parser.add_argument("--only-slowed", action="store_true", help="without case `b`, which is a third of the time")
    parser.add_argument("--only-table", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_table:
        with tempfile.TemporaryDirectory() as folder:
            before = None
            for _ in range(arguments.trials):
                slowed = {"a": 0, "slowed": SLOWER_PERCENT}
                cases = slowed if arguments.only_slowed else {"b": 0, **slowed}
                found, before = trial(arguments.model.resolve(), cases, arguments.measure, Path(folder), before)
                with arguments.results[0].open("a") as file:
                    file.write(json.dumps(found) + "\n")
    print(table([json.loads(line) for path in arguments.results for line in path.read_text().splitlines()]))


def trial(
    model: Path, cases: dict[str, int], measure: str, runs: Path, before: RunSource | None
) -> tuple[dict, RunSource | None]:
    """Measure the cases, slowed by so many percent: what they show, beside the trial `before` too; and the next's."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        entry = "{slowed-cpu: {twin: %s, percent: %s}}"
        devices = ", ".join(entry % pair for pair in cases.items())
        suite = Path(folder) / "suite.yaml"
        suite.write_text(
            f"name: alarms\nmodels: [{{name: model, source: {model}}}]\ndevices: [{devices}]\nmeasure: {measure}\n"
        )
        out = runs / str(time.time_ns())
        start = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "devbench", "run", suite, "--out", out, "--seed", str(time.time_ns() % 2**31)],
            env={**os.environ, "PYTHONPATH": folder},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        seconds = time.monotonic() - start
    new = side(RunFolder(out))
    return shown(new, before) | {"seconds": round(seconds, 1), "measure": measure}, None if before else new


def shown(new: RunSource, before: RunSource | None) -> dict:
    """The ratios of a run, and those beside the run before it: estimate, low, high; medians and fastest percent.

    And the fastest percent of each round, for who wants to make another interval of them.
    """
    twins = [case_twin(case) for case in new.run.cases]
    found = {
        "started_utc": new.run.started_utc,
        "fastest percent, us": {twin: fastest_us(new, twin) for twin in twins},
        "one run": {twin: compared(new, new, twin) for twin in twins if twin != "a"},
    }
    if before:
        found["two runs"] = {twin: compared(before, new, twin) for twin in ("a", "slowed")}
    return found


def install(folder: Path) -> None:
    """A distribution with the plugin, found by its entry point as any other."""
    engine = Path(__file__).parents[1] / "plugins" / "devbench_desktop" / "tflite_engine.py"
    (folder / "slowed_plugin.py").write_text(PLUGIN)
    (folder / "slowed_engine.py").write_text(engine.read_text() + ENGINE)
    about = folder / "slowed-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slowed\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[devbench]\nslowed = slowed_plugin\n")


def table(trials: list[dict]) -> str:
    """What the trials show, within runs and from each run to the next, by the medians and by the fastest percent."""
    lines = ["| what was compared | comparisons | by | difference shown | median ratio | median half width |"]
    lines.append("|---|--:|---|--:|--:|--:|")
    for where, same in (("one run", "b"), ("two runs", "a")):
        for name, twin, is_shown in (("the same", same, is_alarm), (f"{SLOWER_PERCENT} % slower", "slowed", is_found)):
            both = [one[where][twin] for one in trials if twin in one.get(where, {})]
            if not both:
                continue
            for by in ("medians", "fastest percent"):
                ratios = [one[by] for one in both]
                middle = statistics.median(ratio[0] for ratio in ratios)
                width = statistics.median((high - low) / 2 / estimate for estimate, low, high in ratios)
                count = sum(map(is_shown, ratios))
                lines.append(f"| {name}, in {where} | {len(both)} | {by} | {count} | {middle:.4f} | {width:.2%} |")
            either = sum(any(map(is_shown, one.values())) for one in both)
            lines.append(f"| {name}, in {where} | {len(both)} | either | {either} | | |")
    lines.append("")
    for cases in sorted({len(one["fastest percent, us"]) for one in trials}):
        seconds = sorted(one["seconds"] for one in trials if len(one["fastest percent, us"]) == cases)
        lines.append(
            f"A run of {cases} cases took {statistics.median(seconds):.0f} s (median), at most {seconds[-1]:.0f} s."
        )
    return "\n".join(lines)


def is_alarm(ratio: list[float]) -> bool:
    return not ratio[1] <= 1 <= ratio[2]


def is_found(ratio: list[float]) -> bool:
    return ratio[1] > 1


def compared(old: RunSource, new: RunSource, twin: str) -> dict[str, list[float]]:
    """Case `a` of one run and case `twin` of the other, which may be the same run."""
    below, above = rounds_of(old, "a"), rounds_of(new, twin)
    paired = old is new and len(below) == len(above)
    fastest = undisturbed_ratio(above, below)
    assert fastest is not None
    ratios = {"medians": ratio_interval(above, below, paired=paired), "fastest percent": fastest}
    return {by: [round(value, 6) for value in (one.estimate, one.low, one.high)] for by, one in ratios.items()}


def fastest_us(one: RunSource, twin: str) -> list[float]:
    """Of each round that counts: what `undisturbed_ratio` starts from."""
    return [round(float(np.percentile(samples, PERCENT)) / 1e3, 2) for samples in rounds_of(one, twin)]


def side(folder: RunFolder) -> RunSource:
    run = folder.load()
    return run_source(folder, run)


def rounds_of(one: RunSource, twin: str) -> list[np.ndarray]:
    """The samples of each round that counts."""
    case = case_of(one, twin)
    samples = one.samples(case.id)
    return [samples[about.index] for about in case.counting]


def case_of(one: RunSource, twin: str) -> CaseRecord:
    return next(case for case in one.run.cases if case_twin(case) == twin)


def case_twin(case: CaseRecord) -> str:
    return str(case.options["twin"])


if __name__ == "__main__":
    main()
