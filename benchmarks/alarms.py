"""How often does devbench see a difference where there is none, and how often the 2 % that there is?

    uv run python benchmarks/alarms.py MODEL.tflite --trials 100 --results alarms.jsonl
    uv run python benchmarks/alarms.py --results alarms.jsonl --only-table

A trial is one `devbench run` at a profile with three cases of one model on one core each: `a`, the same again as `b`,
and `slowed`, whose `invoke` goes on for 2 % of its own time after the runtime has returned. Their rounds are
interleaved as in any run. Counted are the ratios b/a whose interval leaves out 1 (false alarms), and the ratios
slowed/a whose interval lies above 1 (found). Two neighbouring trials make a `devbench compare` of two runs as well.
Trials are added to the file, so a benchmark that was cut short goes on; `--results` may name several. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from devbench.compare.runs import Side
from devbench.domain.run import CaseRecord
from devbench.stats import Interval, ratio_interval, undisturbed_ratio
from devbench.store.folder import RunFolder

PERCENT = 2
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
    parser.add_argument("--only-table", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_table:
        for _ in range(arguments.trials):
            found = trial(arguments.model.resolve(), arguments.measure, runs_of(arguments.results[0]))
            with arguments.results[0].open("a") as file:
                file.write(json.dumps(found) + "\n")
    done = [
        (RunFolder(runs_of(path) / one["run"]), one["seconds"])
        for path in arguments.results
        for one in map(json.loads, path.read_text().splitlines())
    ]
    print(table([side(folder) for folder, _ in done], sorted(seconds for _, seconds in done)))


def runs_of(results: Path) -> Path:
    return results.with_suffix(".runs").resolve()


def trial(model: Path, measure: str, runs: Path) -> dict:
    """Measure the three cases; their ratios and verdicts, and the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        entry = "{slowed-cpu: {twin: %s, percent: %s}}"
        devices = ", ".join(entry % pair for pair in (("a", 0), ("b", 0), ("slowed", PERCENT)))
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
        return {"run": out.name, "seconds": time.monotonic() - start}


def install(folder: Path) -> None:
    """A distribution with the plugin, found by its entry point as any other."""
    engine = Path(__file__).parents[1] / "plugins" / "devbench_desktop" / "tflite_engine.py"
    (folder / "slowed_plugin.py").write_text(PLUGIN)
    (folder / "slowed_engine.py").write_text(engine.read_text() + ENGINE)
    about = folder / "slowed-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slowed\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[devbench]\nslowed = slowed_plugin\n")


def table(sides: list[Side], seconds: list[float]) -> str:
    """What the trials show, within runs and from each run to the next, by the medians and by the fastest percent."""
    pairs = list(zip(sides[::2], sides[1::2], strict=False))
    within, across = [(one, one) for one in sides], pairs
    rows = [
        ("the same, in one run", [compared(*pair, "b") for pair in within], is_alarm),
        (f"{PERCENT} % slower, in one run", [compared(*pair, "slowed") for pair in within], is_found),
        ("the same, in two runs", [compared(*pair, "a") for pair in across], is_alarm),
        (f"{PERCENT} % slower, in two runs", [compared(*pair, "slowed") for pair in across], is_found),
    ]
    lines = ["| what was compared | comparisons | by | difference shown | median ratio | median half width |"]
    lines.append("|---|--:|---|--:|--:|--:|")
    for name, both, shown in rows:
        for by, ratios in zip(("medians", "fastest percent"), zip(*both, strict=True), strict=True):
            middle = sorted(one.estimate for one in ratios)[len(ratios) // 2]
            width = sorted(one.relative_half_width for one in ratios)[len(ratios) // 2]
            lines.append(f"| {name} | {len(both)} | {by} | {sum(map(shown, ratios))} | {middle:.4f} | {width:.2%} |")
        lines.append(f"| {name} | {len(both)} | either | {sum(any(map(shown, pair)) for pair in both)} | | |")
    lines.append(
        f"\nA run of three cases took {seconds[len(seconds) // 2]:.0f} s (median), at most {seconds[-1]:.0f} s."
    )
    return "\n".join(lines)


def is_alarm(ratio: Interval) -> bool:
    return not ratio.holds(1)


def is_found(ratio: Interval) -> bool:
    return ratio.low > 1


def compared(old: Side, new: Side, twin: str) -> tuple[Interval, Interval]:
    """Case `a` of one run and case `twin` of the other, which may be the same run: medians, and fastest percent."""
    below, above = old.rounds(case_of(old, "a")), new.rounds(case_of(new, twin))
    paired = old is new and len(below) == len(above)
    fastest = undisturbed_ratio(above, below, paired=paired)
    assert fastest is not None
    return ratio_interval(above, below, paired=paired), fastest


def side(folder: RunFolder) -> Side:
    run = folder.load()
    return Side(run=run, samples=lambda case: folder.samples(run, case), outputs=lambda case: folder.outputs(run, case))


def case_of(one: Side, twin: str) -> CaseRecord:
    return next(case for case in one.run.cases if case_twin(case) == twin)


def case_twin(case: CaseRecord) -> str:
    return str(case.options["twin"])


if __name__ == "__main__":
    main()
