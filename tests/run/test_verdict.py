"""Verdicts: each disturbance by its name, and nothing said of a quiet round."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from devbench.domain.conditions import Conditions
from devbench.domain.outcome import EngineCheck, RoundFacts
from devbench.places.answers import Canary, Snapshot
from devbench.run.conditions import conditions_of
from devbench.run.honesty import engine_reasons
from devbench.run.verdict import canary_baseline, judge_case, judge_round

QUIET = Conditions(
    seconds=2.0,
    others_cores=0.01,
    busiest="",
    steal=0.0,
    stall_cpu=0.0,
    stall_memory=0.0,
    stall_io=0.0,
    quota=0.0,
    throttles=0,
    frequency_drop=0.0,
    preempted_per_s=2.0,
    canary_ns=(17_000_000, 17_100_000),
)
ROUND = RoundFacts(
    index=0,
    started_utc="",
    duration_s=3,
    load_ns=1,
    first_ns=1,
    warmup_samples=10,
    samples=400,
    inferences_per_sample=1,
    stopped_by="precision",
    cpu_ns_per_inference=1,
    peak_memory_bytes=1,
    conditions=QUIET,
)
LEVEL = np.random.default_rng(1).normal(5e6, 2e4, 400).astype(np.int64)


def _codes(**seen: object) -> dict[str, str]:
    about = replace(ROUND, conditions=replace(QUIET, **seen))  # type: ignore[arg-type]
    return {reason.code: reason.severity for reason in judge_round(about, LEVEL, 17e6)}


def test_a_quiet_round_is_clean() -> None:
    assert _codes() == {}
    assert judge_case([ROUND, ROUND], [5e6, 5.01e6], outputs_agree=True).status == "clean"


@pytest.mark.parametrize(
    ("seen", "code", "severity"),
    [
        ({"others_cores": 0.2}, "busy", "suspect"),
        ({"others_cores": 1.0}, "busy", "contaminated"),
        ({"steal": 0.02}, "steal", "suspect"),
        ({"steal": 0.2}, "steal", "contaminated"),
        ({"stall_cpu": 0.1}, "cpu-pressure", "suspect"),
        ({"stall_memory": 0.1}, "memory-pressure", "contaminated"),
        ({"quota": 0.3}, "quota", "contaminated"),
        ({"throttles": 1}, "throttled", "contaminated"),
        ({"frequency_drop": 0.1}, "frequency", "suspect"),
        ({"preempted_per_s": 150.0}, "preempted", "suspect"),
        ({"canary_ns": (17_000_000, 19_000_000)}, "canary", "suspect"),
        ({"canary_ns": (34_000_000, 17_000_000)}, "canary", "contaminated"),
    ],
)
def test_a_disturbance_has_its_name(seen: dict[str, object], code: str, severity: str) -> None:
    assert _codes(**seen) == {code: severity}


def test_a_step_in_the_series_is_seen_without_any_sensor() -> None:
    stepped = LEVEL.copy()
    stepped[200:] = stepped[200:] * 11 // 10
    (reason,) = judge_round(replace(ROUND, conditions=None), stepped, 0)
    assert reason.code == "not-steady"
    assert "+10 %" in reason.text


def test_rounds_far_apart_and_outputs_that_change_are_the_cases_own_reasons() -> None:
    assert [one.code for one in judge_case([ROUND, ROUND], [5e6, 5.6e6], outputs_agree=True).reasons] == [
        "rounds-apart"
    ]
    assert judge_case([ROUND], [5e6], outputs_agree=False).status == "contaminated"


def test_a_clock_that_jumped_in_the_timed_loop_is_seen_by_the_clock_of_the_host() -> None:
    """The device says 60 s for the loop of a round that took 3 s; the start of a loop is the zero of its own clock."""
    jumped = judge_round(replace(ROUND, loop_s=(100.0, 160.0)), LEVEL, 17e6)
    assert [(reason.code, reason.severity) for reason in jumped] == [("clock", "contaminated")]
    assert judge_round(replace(ROUND, loop_s=(100.0, 102.9)), LEVEL, 17e6) == ()


def test_what_cannot_be_seen_is_no_reason() -> None:
    blind = Conditions(seconds=2.0, canary_ns=(17_000_000, 17_000_000))
    assert judge_round(replace(ROUND, conditions=blind), LEVEL, 17e6) == ()


def test_the_baseline_is_the_median_of_all_canaries() -> None:
    odd = replace(ROUND, conditions=replace(QUIET, canary_ns=(90_000_000, 17_000_000)))
    assert canary_baseline([ROUND, ROUND, odd]) == 17_050_000
    assert canary_baseline([replace(ROUND, conditions=None)]) == 0


def test_conditions_are_differences_of_snapshots_per_second() -> None:
    before = {
        "at_s": 10.0,
        "busy_s": 5.0,
        "own_s": 1.0,
        "steal_s": {"cpu0": 1.0, "cpu1": 5.0, "cpu2": 2.0},
        "quota_s": {"/mine": 1.0, "": 50.0},
        "processes": {"7": ["hog", 1.0], "8": ["gone", 9.0]},
    }
    after = {
        "at_s": 12.0,
        "busy_s": 9.0,
        "own_s": 3.0,
        "steal_s": {"cpu0": 1.01, "cpu1": 5.11},
        "quota_s": {"/mine": 1.5, "": 50.0},
        "tick_s": 0.01,
        "processes": {"7": ["hog", 2.8]},
    }
    canary = Canary(total_ns=3, best_ns=2)
    found = conditions_of(_snapshot(before), _snapshot(after), (canary, canary), preempted=4)
    assert found.others_cores == pytest.approx(1.0)
    assert found.steal == pytest.approx(0.05), "of the core that lost most, but for a tick"
    assert found.quota == pytest.approx(0.25), "of the group that was stopped most, however long it was before"
    assert found.busiest == "hog (pid 7), 0.90 cores"
    assert found.preempted_per_s == pytest.approx(2.0)
    elsewhere = _snapshot({**before, "quota_s": {"": 50.0}})
    moved = conditions_of(elsewhere, _snapshot(after), (canary, canary), preempted=0)
    assert moved.quota == pytest.approx(0.75), "of a group that the worker was moved into, all counts"
    assert found.stall_cpu is None
    least = conditions_of(_snapshot({"at_s": 1}), _snapshot({"at_s": 2}), (canary, canary), preempted=0)
    assert least.steal is None


@pytest.mark.parametrize(
    ("outputs_ms", "codes"),
    [
        (0.02, []),  # threads of BLAS spin for a while
        (4.0, []),  # the outputs are copied meanwhile
        (14.0, ["late-work"]),  # and nobody has waited for them
    ],
)
def test_cpu_time_after_an_inference_is_late_work_if_the_outputs_wait_for_it(
    outputs_ms: float, codes: list[str]
) -> None:
    ms = 1_000_000
    outputs_ns = int(outputs_ms * ms)
    check = EngineCheck(
        fed_ns=10 * ms,
        fed_cpu_ns=10 * ms,
        outputs_ns=outputs_ns,
        outputs_cpu_ns=outputs_ns,
        output_bytes=1000,
        feed_ns=1000,
        feed_cpu_ns=1000,
        after_cpu_ns=19 * ms,
        pause_ns=20 * ms,
        cores=1,
    )
    seen = replace(ROUND, check=check, cpu_ns_per_inference=10 * ms)
    assert [reason.code for reason in engine_reasons([seen], [10.0 * ms])] == codes


def test_a_worker_that_waits_for_a_core_is_not_idle() -> None:
    ms = 1_000_000
    check = EngineCheck(
        fed_ns=ms, fed_cpu_ns=ms, outputs_ns=1, outputs_cpu_ns=1, output_bytes=1, feed_ns=1, feed_cpu_ns=1,
        waits=400, cores=1,
    )  # fmt: skip
    seen = replace(ROUND, check=check, cpu_ns_per_inference=ms, loop_s=(0.0, 8.0))
    starved = replace(seen, conditions=replace(QUIET, stall_cpu=0.6))
    assert [reason.code for reason in engine_reasons([seen], [20.0 * ms])] == ["idle"]
    assert engine_reasons([starved], [20.0 * ms]) == []


def _snapshot(values: dict[str, object]) -> Snapshot:
    return Snapshot.model_validate_json(json.dumps(values))
