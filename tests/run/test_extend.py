"""Disturbed rounds are measured again within `max_rounds`, and the first ones are kept beside them."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from devbench.domain.measure import PROFILES
from devbench.run.extend import without_more_rounds
from tests.conftest import Bench
from tests.report.runs import BUSY, STEAL, case_of, run_of, samples_of

# Every second sample of a round runs beside a busy loop that the engine itself starts: "hog" is a plugin's wrapper.
HOG = """
import subprocess, sys, pathlib
from devbench import hookimpl

@hookimpl(wrapper=True)
def devbench_run_round(case, place):
    count = pathlib.Path("rounds.txt")
    number = len(count.read_text()) if count.exists() else 0
    count.write_text("x" * (number + 1))
    if number not in HOGGED:
        return (yield)
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return (yield)
    finally:
        hog.kill()
        hog.wait()
"""
# A device that is gone before the third round.
UNPLUGGED = """
from devbench import Device, Place, RoundError

class Cabled(Device):
    kind = "cabled"
    runtimes = ("fake",)
    def discover(self):
        return [Place(name="local", device=self.kind)]
    def settle(self, place):
        count = pathlib.Path("rounds.txt")
        if count.exists() and len(count.read_text()) == 2:
            raise RoundError("the cable was pulled out")

@hookimpl
def devbench_devices():
    return [Cabled]
"""
MEASURE = "{profile: quick, rounds: 2, max_rounds: 4, warmup_runs: 10, warmup_s: 0.1, warmup_cap_s: 0.2, min_runs: 50, min_s: 0.5}"


def test_a_disturbed_round_is_measured_again_and_kept(bench: Bench) -> None:
    bench.plugin("hog", HOG.replace("HOGGED", "(1,)"))
    bench.fake("a", invoke_us=500)
    measure = MEASURE.replace("rounds: 2, max_rounds: 4", "rounds: 3, max_rounds: 6")
    done = bench("run", bench.fake_suite("a", measure=measure), "--out", "out")
    assert done.returncode == 0, done.stderr
    case = bench.run_file()["cases"][0]
    second = case["rounds"][1]
    assert second["superseded"]
    assert "busy" in {reason["code"] for reason in second["reasons"]}
    assert any("most of all" in reason["text"] for reason in second["reasons"])
    assert len(case["rounds"]) >= 4
    counting = [about["index"] for about in case["rounds"] if not about["superseded"]]
    assert case["outcome"]["summary"]["rounds"] == len(counting)
    kept = pq.read_table(bench.folder / "out" / "samples.parquet")["round"].to_pylist()
    assert set(kept) == set(range(len(case["rounds"]))), "the samples of a superseded round are kept"


def test_a_machine_that_stays_disturbed_gives_a_verdict_and_no_endless_run(bench: Bench) -> None:
    bench.plugin("hog", HOG.replace("HOGGED", "range(100)"))
    bench.fake("a", invoke_us=500)
    done = bench("run", bench.fake_suite("a", measure=MEASURE), "--out", "out")
    assert done.returncode == 0, done.stderr
    case = bench.run_file()["cases"][0]
    assert len(case["rounds"]) == 3, "half of its rounds, once"
    assert case["outcome"]["verdict"]["status"] == "contaminated"
    assert "No answer: the one measured figure is contaminated." in done.stdout
    assert "other programs kept" in done.stdout
    assert "End them, or measure when the machine is idle." in bench("report", "out", "--verbose").stdout
    assert ",contaminated,busy" in bench("report", "out", "--format", "csv").stdout


def test_what_was_measured_counts_when_only_a_round_that_was_added_fails(bench: Bench) -> None:
    bench.plugin("hog", HOG.replace("HOGGED", "(1,)") + UNPLUGGED)
    bench.fake("a", invoke_us=500)
    models = "[{name: a, source: a.fake}]"
    suite = f"name: s\nmodels: {models}\ndevices: [cabled]\nmeasure: {MEASURE}\n"
    done = bench("run", bench.write("suite.yaml", suite), "--out", "out")
    assert done.returncode == 0, done.stderr
    run = bench.run_file()
    case = run["cases"][0]
    assert case["outcome"]["status"] == "measured"
    assert case["outcome"]["summary"]["rounds"] == len(case["rounds"]) == len(run["order"]) == 2
    assert not any(about["superseded"] for about in case["rounds"])
    assert case["outcome"]["verdict"]["status"] != "clean"
    assert "one more round was wanted, and failed: the cable was pulled out" in done.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("superseded", "rounds", "left_out"),
    [
        ((1,), 4, {1}),  # replaced before the next one failed
        ((1,), 3, set()),
        ((0, 1), 4, {0}),  # one of the two has a replacement: the better of them counts again
    ],
)
def test_only_what_nothing_has_replaced_counts_again(
    superseded: tuple[int, ...], rounds: int, left_out: set[int]
) -> None:
    series = [samples_of(2_000_000, seed) for seed in range(rounds)]
    case = case_of("ant", "cpu", series)
    case = replace(case, measure=replace(PROFILES["normal"], rounds=3))
    reasons = {0: (BUSY,), 1: (STEAL,)}
    doubtful = {index: replace(case.rounds[index], superseded=True, reasons=reasons[index]) for index in superseded}
    case = replace(case, rounds=tuple(doubtful.get(about.index, about) for about in case.rounds))
    run = replace(run_of(case), order=("x", *[case.id] * 5, "y", case.id))
    found = without_more_rounds(run, case, "gone")
    assert {about.index for about in found.cases[0].rounds if about.superseded} == left_out
    assert found.order == ("x", *[case.id] * rounds, "y")
    assert found.cases[0].remarks == ("one more round was wanted, and failed: gone",)
