"""The planner on simulated places: which rounds it adds, when it stops, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from devbench.cli.console import LineProgress
from devbench.domain.case import PlannedCase
from devbench.domain.measure import PROFILES, Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Failed, Nanoseconds, RoundFacts
from devbench.domain.run import CaseRecord, Pending, Run
from devbench.run.estimate import Pace
from devbench.run.left import Left, Open, unplanned
from devbench.run.order import interleaved
from devbench.run.planning import Done, Planner
from devbench.run.stopping import stopped_by
from devbench.stats import median_interval, round_medians
from tests.conftest import Bench
from tests.report.runs import case_of, run_of, samples_of

NORMAL = replace(PROFILES["normal"], max_rounds=40)
Level = Callable[[float, int], float]
"""Milliseconds of a round's median, by the time at which it begins and its number."""


@dataclass
class Place:
    """Runs the rounds that a planner asks for. clock_s: simulated; start_s: what a round costs beside its loop.

    lanes: the lane of each level that is not in the common one; those of a lap go on side by side.
    """

    measure: Measure
    levels: Mapping[str, Level]
    budget_s: float | None = None
    start_s: float = 0.7
    seed: int = 1
    clock_s: float = 0.0
    lanes: Mapping[str, str] = field(default_factory=dict)
    samples: dict[str, dict[int, Nanoseconds]] = field(default_factory=dict)
    said: list[tuple[float, float]] = field(default_factory=list)

    def run(self, before_round: Callable[[str], float] = lambda _: 0.0) -> Run:
        """A whole run; before_round: seconds by which the clock jumps in a round."""
        random, planner = np.random.default_rng(self.seed), Planner(self.budget_s)
        cases = [
            replace(
                case_of(name, "cpu", [samples_of(1_000_000, 0)]), outcome=Pending(), measure=self.measure, rounds=()
            )
            for name in self.levels
        ]
        names = {case.id: name for case, name in zip(cases, self.levels, strict=True)}
        planned = {case.id: _planned(case, self.measure) for case in cases}
        planner.lane_of = lambda one: self.lanes.get(names[one.id], "")
        run = replace(run_of(*cases), order=interleaved({case.id: self.measure.rounds for case in cases}, 7))
        self.samples = {case.id: {} for case in cases}
        longer: Run | None = run
        while longer:
            run, done = longer, sum(len(case.rounds) for case in run.cases)
            todo = list(run.order)
            for case in run.cases:
                for _ in case.rounds:
                    todo.remove(case.id)
            begin_s, ends_s = self.clock_s, []
            for lane in dict.fromkeys(planner.lane_of(planned[one]) for one in todo):
                self.clock_s = begin_s
                for case_id in [one for one in todo if planner.lane_of(planned[one]) == lane]:
                    if planner.fits(planned[case_id]):
                        self.said.append((self.clock_s, planner.left(run, [planned[one] for one in todo]).seconds))
                        run = self._round(
                            run, case_id, names[case_id], planner, planned[case_id], random, before_round(case_id)
                        )
                    todo.remove(case_id)
                ends_s.append(self.clock_s)
            self.clock_s = max(ends_s)
            longer = planner.more(run, lambda name: self.samples[name])
            assert sum(len(case.rounds) for case in run.cases) > done or not longer
        return run

    def _round(
        self,
        run: Run,
        case_id: str,
        name: str,
        planner: Planner,
        planned: PlannedCase,
        random: np.random.Generator,
        jump_s: float,
    ) -> Run:
        measure, case = planner.measure_of(planned), run.case(case_id)
        index = len(case.rounds)
        level_ms = self.levels[name](self.clock_s, index)
        count = max(int(measure.min_s * 1e3 / level_ms), measure.min_runs)
        samples = (1e6 * level_ms * (1 + 0.02 * random.normal(size=count))).astype(np.int64)
        took_s = self.start_s + samples.sum() / 1e9
        self.clock_s += took_s
        self.samples[case_id][index] = samples
        about = replace(_facts(), index=index, samples=count, duration_s=took_s)
        planner.learn(planned, measure, Done.of(about, samples, took_s + jump_s))
        return run.with_case(replace(case, rounds=(*case.rounds, about)))

    def why(self, case: CaseRecord) -> str:
        medians = round_medians([self.samples[case.id][about.index] for about in case.counting])
        return stopped_by(case, medians, budgeted=self.budget_s is not None)

    def half_width(self, case: CaseRecord) -> float:
        return median_interval([self.samples[case.id][about.index] for about in case.counting]).relative_half_width


def _planned(case: CaseRecord, measure: Measure) -> PlannedCase:
    variant = Variant(precision="int8", format="tflite", source="x.tflite", weights="random")
    return PlannedCase(
        id=case.id, model=case.model, variant=variant, device="cpu", place="local", runtime="litert", options={}, measure=measure, seed=0
    )  # fmt: skip


def _facts() -> RoundFacts:
    return replace(case_of("x", "cpu", [samples_of(1_000_000, 0)]).rounds[0], conditions=None, reasons=())


def varying(level_ms: float, spread: float, seed: int) -> Level:
    random = np.random.default_rng(seed)
    return lambda _at_s, _number: level_ms * math.exp(spread * random.normal())


def test_each_case_stops_when_it_is_there_and_the_wide_one_gets_the_rounds() -> None:
    place = Place(NORMAL, {"calm": varying(2, 0.003, 1), "wild": varying(2, 0.015, 2)})
    calm, wild = place.run().cases
    assert place.why(calm) == place.why(wild) == "precision"
    assert place.half_width(wild) <= 0.01
    assert 5 <= len(calm.rounds) <= 7
    assert 8 <= len(wild.rounds) < 40


def test_a_precision_out_of_reach_ends_at_the_most_rounds_and_says_so() -> None:
    place = Place(replace(NORMAL, max_rounds=12), {"wild": varying(2, 0.08, 4)})
    (wild,) = place.run().cases
    assert len(wild.rounds) == 12
    assert place.why(wild) == "max_rounds"


def test_a_level_that_drifts_ends_when_more_rounds_do_not_help() -> None:
    place = Place(NORMAL, {"heating": lambda at_s, _: 2 + 0.05 * at_s})
    (case,) = place.run().cases
    assert place.why(case) == "plateau"
    assert len(case.rounds) < 40


def test_a_case_that_waited_for_others_is_measured_once_more_and_shows_a_drift() -> None:
    place = Place(NORMAL, {"waits": lambda at_s, _: 2 if at_s < 14 else 2.2, "wild": varying(2, 0.018, 2)})
    run = place.run()
    waits = run.cases[0]
    assert len(waits.rounds) > 5
    last = max(number for number, one in enumerate(run.order) if one == waits.id)
    assert last > 0.75 * len(run.order)
    assert max(np.median(samples) for samples in place.samples[waits.id].values()) > 2.1e6


def test_a_budget_is_used_and_not_exceeded_by_more_than_a_round() -> None:
    for budget_s in (12.0, 120.0):
        measure = replace(PROFILES["normal"], precision=None, max_rounds=1000)
        place = Place(measure, {"calm": varying(2, 0.003, 1), "wild": varying(2, 0.03, 2)}, budget_s)
        calm, wild = place.run().cases
        assert 0.85 * budget_s < place.clock_s < budget_s + 2
        if budget_s == 120:
            assert len(wild.rounds) > 2 * len(calm.rounds)


def test_lanes_side_by_side_have_each_the_whole_budget_and_wait_for_each_other_after_a_lap() -> None:
    measure = replace(PROFILES["normal"], precision=None, max_rounds=1000)
    levels = {"alone": varying(2, 0.02, 1), "slow": varying(30, 0.02, 2), "b": varying(2, 0.02, 3)}
    place = Place(measure, levels, 120.0, lanes={"alone": "one"})
    run = place.run()
    assert 0.85 * 120 < place.clock_s < 120 + 5
    rounds_s = {case.model: sum(one.duration_s for one in case.rounds) for case in run.cases}
    assert rounds_s["alone"] > 0.85 * 120
    assert rounds_s["slow"] + rounds_s["b"] > 0.85 * 120


def test_cooling_before_a_round_counts_in_full_and_a_clock_that_jumps_does_not() -> None:
    pace, measure = Pace(), replace(PROFILES["quick"], time_limit_s=30.0)
    pace.learn("a", 500.0, 2.0, measure, "x", waited_s=490.0)
    assert pace.spent_s == 500.0
    assert pace.round_s("a", measure) > 490
    pace.learn("b", 1e9, 2.0, measure, "y")
    assert (pace.spent_in_s("y"), pace.spent_s) == (30.0, 500.0)
    pace.end_lap()
    assert pace.spent_in_s("y") == 500.0, "it waited for the other lane"


def test_the_pace_of_a_slow_case_is_that_of_most_of_its_rounds() -> None:
    pace, measure = Pace(), replace(PROFILES["normal"], min_s=0.5)
    assert pace.round_s("slow", measure) == pytest.approx(0.8 + 0.3 + 0.5)
    pace.learn("slow", took_s=5.0, loop_s=2.0, measure=measure)
    assert pace.round_s("next", measure) == pytest.approx(3.0 + 0.5), (
        "as the only start that was seen, warm-up included"
    )
    pace.learn("slow", took_s=3.0, loop_s=2.0, measure=measure)
    assert pace.round_s("slow", measure) == pytest.approx(1.0 + 2.0), "the first start was a cold one"
    for loop_s in (2.1, 9.0, 2.0):
        pace.learn("slow", took_s=1.0 + loop_s, loop_s=loop_s, measure=measure)
    assert pace.round_s("slow", measure) == pytest.approx(1.0 + 2.0), "one loop that was disturbed decides nothing"
    assert pace.round_s("slow", replace(measure, min_s=4.0)) == pytest.approx(1.0 + 4.0)


def test_the_pace_follows_a_machine_that_becomes_busier_for_all_cases() -> None:
    pace, measure = Pace(), PROFILES["normal"]
    for start_s in (1.0, 1.0, 1.0, 1.6, 1.6):
        for case_id in ("a", "b", "c", "d"):
            pace.learn(case_id, start_s + 0.5, 0.5, measure)
    assert pace.start_s("a") == 1.0
    assert pace.round_s("a", measure) == pytest.approx(1.6 + 0.5)
    pace.learn("a", 90.5, 0.5, measure)
    assert pace.round_s("a", measure) == pytest.approx(1.6 * 1.6 + 0.5, abs=0.5), "one round that stood still is one"


def test_a_case_a_hundred_times_slower_neither_starves_others_nor_ends_without_a_figure() -> None:
    measure = replace(PROFILES["normal"], precision=None, max_rounds=1000, min_runs=5)
    place = Place(measure, {"quick": varying(2, 0.02, 1), "slow": varying(2000, 0.02, 2)}, 120.0)
    quick, slow = place.run().cases
    assert len(slow.rounds) >= 1
    assert len(quick.rounds) >= 10
    assert place.clock_s < 120 + 11


@pytest.mark.parametrize("jump_s", [1e9, -1e9])
def test_a_clock_that_jumps_costs_one_round_of_the_budget_at_most(jump_s: float) -> None:
    measure = replace(PROFILES["normal"], precision=None, max_rounds=200, time_limit_s=30.0)
    jumps = iter([0.0, 0.0, jump_s])
    place = Place(measure, {"a": varying(2, 0.02, 1)}, 100.0)
    (case,) = place.run(lambda _: next(jumps, 0.0)).cases
    assert 40 < len(case.rounds) <= 200


def test_after_the_first_rounds_the_time_left_is_known_within_a_fifth() -> None:
    errors = []
    for seed in range(3):
        measure = replace(PROFILES["normal"], precision=None, max_rounds=1000)
        place = Place(measure, {"a": varying(2, 0.02, seed), "b": varying(9, 0.01, seed + 50)}, 60.0, seed=seed)
        place.run()
        errors += [abs(left_s / (place.clock_s - at_s) - 1) for at_s, left_s in place.said if at_s < 45]
    assert np.quantile(errors, 0.95) < 0.2


@pytest.mark.parametrize("spread", [0.01, 0.025])
def test_once_all_rounds_but_the_first_are_planned_the_time_left_is_known_within_a_fifth(spread: float) -> None:
    near = []
    for seed in range(4):
        levels = {name: varying(level, spread, 10 * seed + k) for k, (name, level) in enumerate(_NETWORKS.items())}
        place = Place(PROFILES["normal"], levels, seed=seed)
        run = place.run()
        first = sum(case.measure.rounds for case in run.cases if case.measure)
        near += [abs(left_s / (place.clock_s - at_s) - 1) < 0.2 for at_s, left_s in place.said[first - 1 : -2]]
    assert sum(near) >= 0.9 * len(near)
    assert len(near) > 10


_NETWORKS = {"a": 2.0, "b": 1.7, "c": 4.6, "d": 44.0}


def test_what_earlier_runs_and_other_cases_varied_by_counts_before_a_case_shows_it() -> None:
    def left_s(earlier: float | None, *others: list[float]) -> float:
        case = Open(logs=[0.0, 0.01], look_at=5, most=10, wanted=0.01, round_s=2.0, earlier_variance=earlier)
        return unplanned([case], [case.logs, *others]).seconds

    assert (left_s(1e-6), left_s(1e-3)) == (0.0, 10.0)
    calm, wild = [0.0, 0.0001] * 4, [0.0, 0.05] * 4
    assert left_s(None, calm, calm) == left_s(None, calm, calm, wild) == 0.0, "one wild case says nothing of the others"
    assert left_s(None, wild, wild) == 10.0


def test_a_user_sees_a_range_until_one_figure_is_right_within_a_fifth(capsys: pytest.CaptureFixture[str]) -> None:
    opened = [Open(logs=[0.0, 0.011, 0.003], look_at=5, most=10, wanted=0.01, round_s=2.0)]
    early = unplanned(opened, [opened[0].logs]).longer_by(4.0)
    late = unplanned([replace(opened[0], look_at=10)], [opened[0].logs]).longer_by(14.0)
    assert early.least_s < early.most_s
    assert (early.known, late.known) == (False, True)
    assert late.at_most(3.0) == Left.exactly(3.0)
    for left in (Left(30.0, 20.0, 44.0), Left.exactly(14.0)):
        LineProgress().round_started("a@cpu", 3, 20, left)
    said = capsys.readouterr().err.splitlines()
    assert said == ["round 3 of 20: a@cpu (20 s to 44 s left)", "round 3 of 20: a@cpu (about 14 s left)"]


def test_the_time_left_of_lanes_is_that_of_the_longest_and_what_then_comes_for_all() -> None:
    levels = {name: varying(2, 0.03, seed) for seed, name in enumerate("abcd")}
    beside = Place(PROFILES["normal"], levels, lanes={"a": "one", "b": "one", "c": "two", "d": "two"})
    beside.run()
    in_turns = Place(PROFILES["normal"], levels)
    in_turns.run()
    assert beside.said[0][1] == pytest.approx(in_turns.said[0][1] / 2, rel=0.2)
    middle_s, left_s = beside.said[len(beside.said) // 2]
    assert left_s == pytest.approx(beside.clock_s - middle_s, rel=0.3)


def test_a_case_that_failed_a_doubtful_round_and_one_that_stopped_are_not_in_the_time_left() -> None:
    planner = Planner(None)
    names = ("fails", "goes-on")
    cases = [
        replace(case_of(one, "cpu", [samples_of(1_000_000, 0)]), outcome=Pending(), measure=NORMAL, rounds=())
        for one in names
    ]
    planned = [_planned(case, NORMAL) for case in cases]
    for number, median_ns in enumerate((1e6, 1.2e6, 1e6, 1.001e6, 1e6, 1.001e6)):
        about = replace(_facts(), index=number, superseded=number == 1)
        for place, one in enumerate(planned):
            planner.learn(one, NORMAL, Done(median_ns=median_ns, loop_s=0.5, took_s=1.0))
            cases[place] = replace(cases[place], rounds=(*cases[place].rounds, about))
    run = run_of(*cases)
    assert planner.left(run, planned).seconds == pytest.approx(2.0, abs=0.1), "the round of 1.2 ms counts for nothing"
    counting = replace(cases[1], rounds=tuple(replace(one, superseded=False) for one in cases[1].rounds))
    wide_s = planner.left(run_of(cases[0], counting), planned[1:]).seconds
    assert wide_s > 5
    failed = replace(counting, outcome=Failed(error="gone"))
    assert planner.left(run_of(cases[0], failed), planned[:1]).seconds == pytest.approx(1.0, abs=0.1)


def test_the_rounds_of_every_case_are_spread_over_the_same_time() -> None:
    order = interleaved({"a": 8, "b": 2, "c": 8}, seed=3)
    assert sorted(order) == ["a"] * 8 + ["b"] * 2 + ["c"] * 8
    first, second = (place for place, one in enumerate(order) if one == "b")
    assert first < len(order) / 2 <= second
    even = interleaved({"a": 3, "b": 3}, seed=3)
    assert all(set(even[start : start + 2]) == {"a", "b"} for start in (0, 2, 4))


MEASURE = "{profile: quick, rounds: 2, warmup_runs: 1, warmup_s: 0, warmup_cap_s: 0.1, min_runs: 5, min_s: 0.05, cap_s: 1, budget: 4 s}"


def test_a_budget_from_the_suite_and_from_the_command_line(bench: Bench) -> None:
    bench.fake("a", invoke_us=500)
    suite = bench.fake_suite("a", measure=MEASURE)
    done = bench("run", suite, "--budget", "3 s", "--out", "out")
    assert done.returncode == 0, done.stderr
    run = bench.run_file()
    assert run["budget_s"] == 3.0
    assert run["cases"][0]["outcome"]["precision"]["stopped_by"] == "budget"
    assert sum(about["duration_s"] for about in run["cases"][0]["rounds"][:-1]) < 3
    for text, said in (("soon", "'soon' is not a time such as"), ("0 s", "'0 s' is not a time")):
        wrong = bench("run", suite, "--budget", text)
        assert (wrong.returncode, said in wrong.stderr) == (2, True)
    short = bench("run", suite, "--budget", "0.1 s", "--out", "short")
    assert short.returncode == 1
    assert "a budget of 0.1 s is too small" in short.stderr
    assert "Raise the budget" in short.stderr


def test_a_case_for_which_no_time_was_left_says_so(bench: Bench, tmp_path: Path) -> None:
    bench.fake("slow", invoke_us=700_000)
    bench.fake("next", invoke_us=700_000)
    done = bench("run", bench.fake_suite("slow", "next", measure=MEASURE), "--budget", "2 s", "--out", "out")
    assert done.returncode == 0, done.stderr
    outcomes = sorted(one["status"] for one in bench.outcomes().values())
    assert outcomes == ["measured", "skipped"]
    (left_out,) = [one for one in bench.outcomes().values() if one["status"] == "skipped"]
    assert left_out["reason"] == "the budget of 2 s was over before its first round"


def test_a_round_that_is_added_and_fails_is_not_tried_for_ever(bench: Bench) -> None:
    bench.plugin(
        "gone",
        """
import pathlib
from devbench import Device, Place, RoundError, hookimpl

class Cabled(Device):
    kind = "cabled"
    runtimes = ("fake",)
    def discover(self):
        return [Place(name="local", device=self.kind)]
    def settle(self, place):
        count = pathlib.Path("rounds.txt")
        number = len(count.read_text()) if count.exists() else 0
        count.write_text("x" * (number + 1))
        if number >= 3:
            raise RoundError("the cable was pulled out")

@hookimpl
def devbench_devices():
    return [Cabled]
""",
    )
    bench.fake("a", invoke_us=500)
    endless = MEASURE.replace("budget: 4 s", "precision: 0.000001, max_rounds: 30")
    suite = f"name: s\nmodels: [{{name: a, source: a.fake}}]\ndevices: [cabled]\nmeasure: {endless}\n"
    done = bench("run", bench.write("suite.yaml", suite), "--out", "out")
    assert done.returncode == 0, done.stderr
    case = bench.run_file()["cases"][0]
    assert len((bench.folder / "rounds.txt").read_text()) == 4
    assert case["outcome"]["precision"]["stopped_by"] == "failed"
