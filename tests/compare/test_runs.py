"""Two runs: verdicts at their edges, what is refused, what is noted, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from devbench.compare.figures import RunSource
from devbench.compare.runs import CaseChange, Difference, Kind, RunChanges, compare_runs, difference_of
from devbench.domain.between_runs import BetweenRuns
from devbench.domain.conditions import Reason, Verdict
from devbench.domain.model import TensorSpec
from devbench.domain.outcome import Failed, Measured, Nanoseconds, OutputTensor, RoundFacts, Skipped
from devbench.domain.run import ArtifactRecord, CaseRecord, Compare, Request, Run
from devbench.run.summary import summary_of
from devbench.stats import Interval

BASE = np.arange(2_000_000, 2_002_000, 10, dtype=np.int64)  # within 0.1 %, in order: no round looks better than it is
ROUNDS = [BASE, BASE + 200, BASE + 400]
Samples = dict[str, list[Nanoseconds]]
ANSWER = OutputTensor(
    name="o", dtype="int8", shape=(2,), sha256="1", data=bytes([100, 0]), second_sha256="2", second_data=bytes([0, 90]), scale=1.0
)  # fmt: skip


def _times(factor: float, rounds: list[Nanoseconds] = ROUNDS) -> list[Nanoseconds]:
    return [np.round(ns * factor).astype(np.int64) for ns in rounds]


def _about(index: int, **changed: Any) -> RoundFacts:
    given: dict[str, Any] = {
        "index": index,
        "facts": {"runtime_version": "2.1", "cpu": "Fast", "governor": "performance"},
        **changed,
    }
    return RoundFacts(
        started_utc="",
        duration_s=1,
        load_ns=1,
        first_ns=1,
        warmup_samples=1,
        samples=200,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1,
        peak_memory_bytes=1,
        **given,
    )


def _case(case_id: str = "a@x", rounds: list[Nanoseconds] = ROUNDS, **changed: Any) -> CaseRecord:
    artifact = ArtifactRecord(
        sha256="a" * 64,
        size_bytes=1,
        format="tflite",
        source="a.tflite",
        weights="random",
        precision="int8",
        inputs=(TensorSpec(name="in", dtype="int8", shape=(1, 224, 224, 3)),),
        outputs=(),
    )
    given: dict[str, Any] = {
        "precision": "int8",
        "region": "invoke",
        "input": "random, seed 0",
        "artifact": artifact,
        "rounds": tuple(map(_about, range(len(rounds)))),
        "outcome": Measured(summary=summary_of(rounds)),
        "between_runs": BetweenRuns(median_sd=1e-5, fastest_sd=1e-5, degrees_of_freedom=40, runs=38),
        **changed,
    }
    return CaseRecord(id=case_id, model=case_id.partition("@")[0], device="x", **given)


def _run(*cases: CaseRecord, **changed: Any) -> Run:
    given: dict[str, Any] = {"suite": "s", "suite_sha256": "c" * 64, "devbench_version": "1", **changed}
    return Run(
        id="r",
        started_utc="",
        finished_utc="then",
        seed=0,
        request=Request(suite_text="", suite_dir=""),
        compare=Compare(),
        order=(),
        host={},
        absent=(),
        cases=cases,
        **given,
    )


def _side(run: Run, samples: Mapping[str, list[Nanoseconds]], *outputs: OutputTensor) -> RunSource:
    return RunSource(
        name=f"{id(samples)}",
        run=run,
        samples=lambda case_id: dict(enumerate(samples.get(case_id, ROUNDS))),
        outputs=lambda _: outputs or (ANSWER,),
    )


def _compare(old: Run, new: Run, before: Samples | None = None, after: Samples | None = None) -> RunChanges:
    return compare_runs(_side(old, before or {}), _side(new, after or {}), 0.01)


def _only(old: CaseRecord, new: CaseRecord) -> CaseChange:
    return _compare(_run(old), _run(new)).cases[0]


def test_what_is_not_known_of_a_place_hides_a_difference_of_two_percent() -> None:
    shaky = _case(between_runs=None)
    changes = _compare(_run(shaky), _run(shaky), after={"a@x": _times(1.02)})
    assert changes.cases[0].difference == "no difference shown"
    assert changes.resolution is not None
    assert changes.resolution > 0.1
    known = _compare(_run(_case()), _run(_case()), after={"a@x": _times(1.02)})
    assert known.cases[0].difference == "slower"
    assert known.resolution == pytest.approx(0, abs=0.005)


def test_what_two_runs_can_show_is_told_of_the_cases_that_are_compared() -> None:
    """A case without a figure knows of no earlier run; one that is undecided shows nothing, however narrow."""
    busy = Reason(code="busy", severity="contaminated", text="others were busy", remedy="End them.")
    rounds = tuple(_about(index, reasons=(busy,)) for index in range(3))
    narrow = _case("narrow@x", rounds=ROUNDS)
    outcome = Measured(summary=summary_of(ROUNDS), verdict=Verdict(status="contaminated", reasons=(busy,)))
    narrow = replace(narrow, rounds=rounds, outcome=outcome)
    wide = _case(between_runs=BetweenRuns(median_sd=0.02, fastest_sd=0.02, degrees_of_freedom=9, runs=8))
    failed = replace(_case("failed@x"), outcome=Failed(error="it broke"), between_runs=None)
    run = _run(wide, narrow, failed)
    changes = _compare(run, run)
    assert [one.difference for one in changes.cases] == ["no difference shown", "undecided: contaminated", None]
    assert changes.earlier_runs == 8
    assert changes.resolution is not None
    assert 0.05 < changes.resolution < 0.08
    alone = _compare(_run(narrow), _run(narrow)).resolution
    assert alone is not None
    assert alone < 0.01


@pytest.mark.parametrize(
    ("low", "estimate", "high", "threshold", "verdict"),
    [
        (1.0001, 1.01, 1.02, 0.01, "slower"),  # the estimate just reaches the threshold
        (1.0099, 1.00999, 1.0101, 0.01, "within the threshold"),
        (1.0, 1.3, 1.6, 0.01, "no difference shown"),  # an interval that ends at 1 holds it
        (0.2, 0.5, 1.0, 0.01, "no difference shown"),
        (0.5, 1 / 1.01, 0.9999, 0.01, "faster"),
        (0.5, 0.9902, 0.9999, 0.01, "within the threshold"),  # 1 / 1.01 is 0.9901
        (0.9, 1.005, 1.1, 0.01, "no difference shown"),
        (1.00001, 1.00002, 1.00003, 0.0, "slower"),
        (0.99997, 0.99998, 0.99999, 0.0, "faster"),
        (1.2, 1.29, 1.4, 0.3, "within the threshold"),
        (0.7, 0.77, 0.8, 0.3, "within the threshold"),  # 1 / 1.3 is 0.769
        (0.7, 0.7692, 0.8, 0.3, "faster"),
    ],
)
def test_verdicts_at_their_edges(
    low: float, estimate: float, high: float, threshold: float, verdict: Difference
) -> None:
    ratio = Interval(estimate, low, high, 0.95, True, 4.0, "")
    assert difference_of(ratio, threshold) == verdict
    mirrored: dict[Difference, Difference] = {"slower": "faster", "faster": "slower"}
    turned = Interval(1 / estimate, 1 / high, 1 / low, 0.95, True, 4.0, "")
    if abs(estimate - 1 / (1 + threshold)) > 1e-9:  # there, turning rounds to the other side of the edge
        assert difference_of(turned, threshold) == mirrored.get(verdict, verdict)


def test_the_fastest_percent_decides_where_the_medians_show_nothing_that_matters() -> None:
    def interval(low: float, estimate: float, high: float) -> Interval:
        return Interval(estimate, low, high, 0.95, True, 4.0, "")

    wide, near, faster = interval(0.8, 1.0, 1.2), interval(1.004, 1.005, 1.006), interval(0.7, 0.8, 0.9)
    slower = interval(1.01, 1.02, 1.03)
    assert difference_of(wide, 0.01, slower) == "slower"
    assert difference_of(near, 0.01, slower) == "within the threshold", "the medians are sure enough to rule it out"
    assert difference_of(faster, 0.01, slower) == "faster", "the medians have the first word"
    assert difference_of(wide, 0.01, near) == "no difference shown"
    assert difference_of(near, 0.01, wide) == "within the threshold"
    assert difference_of(wide, 0.01, None) == "no difference shown"


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.3, "slower"),
        (1.02, "slower"),
        (1.006, "within the threshold"),
        (1.0, "no difference shown"),
        (0.994, "within the threshold"),
        (0.98, "faster"),
    ],
)
def test_samples_give_the_ratio_of_new_over_old(factor: float, verdict: Difference) -> None:
    after = {"a@x": _times(factor)}
    change = _compare(_run(_case()), _run(_case()), after=after).cases[0]
    assert change.ratio
    assert change.ratio.estimate == pytest.approx(factor, rel=1e-5)
    assert change.difference == verdict
    assert change.is_a("slower") == (verdict == "slower")
    assert change.is_a("faster") == (verdict == "faster")
    assert change.notes == ()


def test_rounds_that_differ_more_than_the_runs_show_nothing() -> None:
    apart = [BASE, _times(1.5, [BASE])[0], _times(2, [BASE])[0]]
    change = _compare(_run(_case()), _run(_case()), {"a@x": apart}, {"a@x": _times(1.1, apart)}).cases[0]
    assert change.ratio
    assert change.ratio.estimate == pytest.approx(1.1, rel=1e-5)
    assert change.difference == "no difference shown"


def test_the_runs_are_two_machines_times_and_never_paired() -> None:
    """Pairing round i of one run with round i of another would cancel a drift that they do not share."""
    drift = [BASE, _times(1.05, [BASE])[0], _times(1.1, [BASE])[0]]
    change = _compare(_run(_case()), _run(_case()), {"a@x": drift}, {"a@x": _times(1.03, drift)}).cases[0]
    assert change.difference == "no difference shown", "as pairs these would be 1.03 exactly"


def test_a_superseded_round_counts_for_nothing() -> None:
    rounds = (_about(0), _about(1), _about(2, superseded=True, facts={"cpu": "Slow"}), _about(3))
    samples = {"a@x": [ROUNDS[0], ROUNDS[1], ROUNDS[2] * 9, ROUNDS[2]]}
    change = _compare(_run(_case()), _run(replace(_case(), rounds=rounds)), after=samples).cases[0]
    assert change.difference == "no difference shown"
    assert change.ratio
    assert change.ratio.estimate == pytest.approx(1.0)
    assert change.notes == ()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"precision": "float32"}, "precision differs (int8, float32)"),
        ({"region": "io"}, "timed region differs (invoke, io)"),
        (
            {"artifact": replace(_case().artifact, inputs=(TensorSpec(name="in", dtype="int8", shape=(4, 2)),))},
            "input shape differs ([(1, 224, 224, 3)], [(4, 2)])",
        ),
    ],
)
def test_other_work_gets_no_ratio_and_no_verdict(changed: dict[str, Any], reason: str) -> None:
    other = replace(_case(), **changed)
    changes = _compare(_run(_case(), _case("b@x")), _run(other, _case("b@x")), after={"a@x": _times(2)})
    change = changes.cases[0]
    assert (change.ratio, change.difference, change.reason) == (None, None, reason)
    assert not any(change.is_a(kind) for kind in ("slower", "faster", "missing", "failed"))
    assert changes.overall is None, "one case is left, and it has no mean"


def test_another_file_is_compared_and_flagged() -> None:
    other = replace(_case(), artifact=replace(_case().artifact, sha256="b" * 64, weights="imagenet"))
    change = _only(_case(), other)
    assert change.difference == "no difference shown"
    assert change.notes == ("another file: aaaaaaaaaaaa… / bbbbbbbbbbbb…",)


def test_what_else_differs_is_named_on_both_sides() -> None:
    facts = {"runtime_version": "2.2", "cpu": "Slow"}
    resumed = (_about(0), _about(1, facts=facts), _about(2, facts=facts))
    assert _only(_case(), replace(_case(), rounds=resumed, input="parrot.jpg")).notes == (
        "another input: random, seed 0 / parrot.jpg",
        "another runtime version: 2.1 / 2.1 and 2.2",
        "another CPU: Fast / Fast and Slow",
        "another governor: performance / performance and unknown",
    )


def test_another_answer_to_the_same_input_gets_no_ratio() -> None:
    def change(new: CaseRecord, value: int) -> CaseChange:
        output = replace(ANSWER, sha256=str(value), data=bytes([100, value]))
        return compare_runs(_side(_run(_case()), {}), _side(_run(new), {}, output), 0.01).cases[0]

    alike = change(_case(), 25)
    assert alike.ratio, "resolvers of one runtime differ as much"
    assert not alike.is_a("answer")
    other = change(_case(), 64)
    assert other.reason == "a different answer to the same input: output 'o' differs by 2 times the tolerance"
    assert other.ratio is None
    assert other.is_a("answer")
    assert change(_case(input="parrot.jpg"), 64).ratio, "another input has another answer"


def test_answers_that_show_nothing_are_noted_and_the_ratio_stands() -> None:
    silent = replace(ANSWER, second_sha256="1", second_data=ANSWER.data)
    change = compare_runs(_side(_run(_case()), {}, silent), _side(_run(_case()), {}, silent), 0.01).cases[0]
    assert change.ratio
    assert not change.is_a("answer")
    (note,) = change.notes
    assert note.startswith("answers not confirmed: two different inputs gave the same outputs; ")


@pytest.mark.parametrize(("old", "new", "sides"), [(1, 1, ["OLD", "NEW"]), (1, 3, ["OLD"]), (3, 1, ["NEW"])])
def test_one_round_gives_a_verdict_with_a_warning(old: int, new: int, sides: list[str]) -> None:
    one, other = _case(rounds=ROUNDS[:old]), _case(rounds=ROUNDS[:new])
    samples = {"a@x": ROUNDS[:old]}, {"a@x": _times(1.3)[:new]}
    change = _compare(_run(one), _run(other), *samples).cases[0]
    assert change.difference == "slower"
    assert change.ratio
    assert not change.ratio.between_rounds
    assert [note.partition(":")[0] for note in change.notes] == [f"one round in {side}" for side in sides]
    assert all(note.endswith("for verdicts, use the `normal` profile") for note in change.notes)


def test_doubtful_figures_are_called_so() -> None:
    worth = Verdict(status="contaminated", reasons=(Reason(code="busy", severity="contaminated", text="", remedy=""),))
    doubtful = replace(_case(), outcome=Measured(summary=summary_of(ROUNDS), verdict=worth))
    assert _only(doubtful, _case()).notes == ("contaminated in OLD: busy",)


def test_what_was_not_measured_on_both_sides_is_listed_with_its_reason_in_the_order_of_new() -> None:
    failed, skipped = Failed(error="it broke"), Skipped(reason="no runtime")
    old = _run(
        _case("gone@x"),
        _case("breaks@x"),
        _case("mended@x", outcome=failed),
        _case("never@x", outcome=skipped),
        _case("kept@x"),
    )
    new = _run(
        _case("added@x"),
        _case("kept@x"),
        _case("never@x", outcome=skipped),
        _case("breaks@x", outcome=failed),
        _case("added and broken@x", outcome=failed),
        _case("mended@x"),
    )
    changes = _compare(old, new)
    assert {change.id: change.reason for change in changes.cases} == {
        "added@x": "only in NEW",
        "kept@x": "",
        "never@x": "skipped in OLD (no runtime); skipped in NEW (no runtime)",
        "breaks@x": "failed in NEW (it broke)",
        "added and broken@x": "only in NEW; failed in NEW (it broke)",
        "mended@x": "failed in OLD (it broke)",
        "gone@x": "only in OLD",
    }
    assert [change.id for change in changes.cases] == [*(case.id for case in new.cases), "gone@x"]
    assert _of_kind(changes, "missing") == ["breaks@x", "gone@x"]
    assert _of_kind(changes, "failed") == ["breaks@x", "added and broken@x"]
    assert _of_kind(changes, "slower") == _of_kind(changes, "faster") == []


def _of_kind(changes: RunChanges, kind: Kind) -> list[str]:
    return [change.id for change in changes.cases if change.is_a(kind)]


def test_the_geometric_mean_is_over_the_cases_with_a_ratio() -> None:
    cases = [_case("a@x"), _case("b@x"), _case("c@x")]
    after = {"a@x": _times(2), "b@x": _times(0.5), "c@x": _times(7)}
    refused = replace(cases[2], region="io")
    overall = _compare(_run(*cases), _run(*cases[:2], refused), after=after).overall
    assert overall
    assert overall.models == 2
    assert overall.interval.estimate == pytest.approx(1.0, rel=1e-5)
    assert overall.interval.holds(1.0)
    assert (overall.smallest, overall.largest) == (pytest.approx(0.5, rel=1e-5), pytest.approx(2.0, rel=1e-5))
    assert _compare(_run(cases[0]), _run(cases[0])).overall is None


def test_runs_of_other_suites_or_devbenches_are_told_apart() -> None:
    assert _compare(_run(), _run()).notes == ()
    assert _compare(_run(), _run(suite="t", suite_sha256="d" * 64, devbench_version="2")).notes == (
        "another suite: s / t",
        "another text of the suite: cccccccccccc… / dddddddddddd…",
        "another devbench: 1 / 2",
    )
