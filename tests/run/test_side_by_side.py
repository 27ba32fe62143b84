"""When measuring in turns ends: with an answer, with its reason, and always. The clock is the test's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from devbench.domain.case import PlannedCase
from devbench.domain.conditions import Conditions
from devbench.domain.measure import PROFILES
from devbench.domain.model import Variant
from devbench.domain.outcome import Nanoseconds, Skipped
from devbench.domain.place import Place
from devbench.domain.run import Pending, Run
from devbench.errors import DevbenchError
from devbench.report.side_by_side import sentences_of
from devbench.run.extend import judged
from devbench.run.pairing import NEW, OLD, Pair, one_plan
from devbench.run.plan import Plan
from devbench.run.side_by_side import FASTEST_LEVEL, MEDIAN_LEVEL, Looks, SideBySide, side_by_side
from devbench.stats.paired import LOOKS, level_of_a_look
from tests.report.runs import case_of, run_of, samples_of

PAIR = Pair(old=OLD, new=NEW)
ROUND_S = 1.3


class Session:
    """A run of two cases whose rounds are made up.

    new: time over that of OLD. clock: seconds after so many rounds. phases: how much slower a part of each round is.
    """

    def __init__(
        self, new: float, noise: float, others_cores: float, clock: Callable[[int], float], phases: float = 0.0
    ) -> None:
        self.phases = phases
        self.rng, self.factor, self.noise = np.random.default_rng(3), {OLD: 1.0, NEW: new}, noise
        self.seen = Conditions(seconds=1.0, others_cores=others_cores)
        self.rounds: dict[str, list[Nanoseconds]] = {OLD: [], NEW: []}
        self.told: list[str] = []
        self.looks, self.clock = Looks([PAIR], 0.01, 120.0, self.told.append), clock
        self.run = replace(run_of(), order=(OLD, NEW) * LOOKS[0])

    @property
    def done(self) -> int:
        return sum(map(len, self.rounds.values()))

    def samples(self, case_id: str) -> Mapping[int, Nanoseconds]:
        return dict(enumerate(self.rounds[case_id]))

    def finish(self) -> Run:
        """Make the rounds that are asked for, until no more are; never more than twice the most that there may be."""
        longer: Run | None = self.run
        while longer is not None:
            self.run = longer
            for case_id in self.run.order[self.done :]:
                level = 1e6 * self.factor[case_id] * np.exp(self.rng.normal(0, self.noise))
                series = samples_of(int(level), self.done)
                slow = int(len(series) * self.rng.choice([0.3, 0.8])) if self.phases else 0
                series[:slow] = (series[:slow] * (1 + self.phases)).astype(np.int64)
                self.rounds[case_id].append(series)
            assert self.done <= 4 * LOOKS[-1], "an endless run"
            cases = [replace(case_of("m", one, self.rounds[one]), id=one, outcome=Pending()) for one in (OLD, NEW)]
            quiet = [tuple(replace(about, conditions=self.seen) for about in case.rounds) for case in cases]
            cases = [replace(case, rounds=rounds) for case, rounds in zip(cases, quiet, strict=True)]
            self.run = replace(self.run, cases=tuple(cases))
            longer = self.looks.more(self.run, self.samples, self.clock(self.done))
        return judged(self.run, self.samples)


def steadily(rounds: int) -> float:
    return rounds * ROUND_S


def test_a_plain_difference_is_shown_at_the_first_look_that_can() -> None:
    session = Session(1.05, 0.002, 0.0, steadily)
    run = session.finish()
    assert side_by_side(run, PAIR, session.samples, 0.01).shown == "slower"
    assert session.done <= 2 * LOOKS[1]


def test_what_disturbs_some_samples_of_each_round_hides_no_difference_of_the_fastest() -> None:
    """Slow phases fill more than half of every second round: the medians say nothing, and must not be contradicted."""
    session = Session(1.02, 0.001, 0.0, steadily, phases=0.3)
    run = session.finish()
    found = side_by_side(run, PAIR, session.samples, 0.01)
    assert (found.shown, found.by_fastest) == ("slower", True)
    assert found.undisturbed
    assert found.undisturbed.holds(1.02)
    assert found.ratio
    assert found.ratio.holds(1.0)
    text = " ".join(sentences_of(found))
    assert text.startswith("new is 1.0")
    assert "by the fastest percent of each (undisturbed)" in text
    same = Session(1.0, 0.001, 0.0, steadily, phases=0.3)
    assert side_by_side(same.finish(), PAIR, same.samples, 0.01).shown in (
        "no difference shown",
        "within the threshold",
    )


def test_what_cannot_be_shown_in_this_time_is_said_after_a_minute() -> None:
    session = Session(1.0, 0.2, 0.0, steadily)
    session.finish()
    assert 60 <= steadily(session.done) < 120
    said = r"new: differences of 1 % cannot be shown here in this time: it would take about \d+ min \(`--budget`\)"
    assert re.fullmatch(said, session.told[0])


def test_a_machine_where_others_disturb_every_pair_is_given_up_after_a_minute() -> None:
    session = Session(1.05, 0.002, 1.0, steadily)
    run = session.finish()
    assert side_by_side(run, PAIR, session.samples, 0.01).shown == "undecided: contaminated"
    assert steadily(session.done) < 90
    assert "pairs are contaminated" in session.told[0]
    said = sentences_of(side_by_side(run, PAIR, session.samples, 0.01))
    assert said[0].startswith("Undecided: contaminated.")
    assert "The fastest percent of all pairs says 1.05" in said[1]
    assert "not a verdict" in said[1]


@pytest.mark.parametrize(
    "clock",
    [
        lambda rounds: 3600.0 * (rounds >= 16) + steadily(rounds),
        lambda rounds: -3600.0 * (rounds >= 16) + steadily(rounds),
        lambda rounds: 0.0 * rounds,
    ],
    ids=["ahead", "back", "stands still"],
)
def test_a_clock_that_jumps_makes_no_endless_run_and_no_wrong_answer(clock: Callable[[int], float]) -> None:
    session = Session(1.0, 0.02, 0.0, clock)
    run = session.finish()
    assert LOOKS[0] <= len(session.rounds[OLD]) <= LOOKS[-1]
    assert side_by_side(run, PAIR, session.samples, 0.01).shown in ("no difference shown", "within the threshold")


def shown_of(*rounds: tuple[float, float], threshold: float = 0.01) -> SideBySide:
    """What is shown of pairs of rounds without noise, of these milliseconds."""
    session = Session(1.0, 0.0, 0.0, steadily)
    for pair in rounds:
        for name, level_ms in zip((OLD, NEW), pair, strict=True):
            session.rounds[name].append(samples_of(int(1e6 * level_ms), session.done))
    cases = [replace(case_of("m", one, session.rounds[one]), id=one) for one in (OLD, NEW)]
    return side_by_side(replace(session.run, cases=tuple(cases)), PAIR, session.samples, threshold)


@pytest.mark.parametrize(("pairs", "shown"), [(5, "undecided: too few pairs"), (7, "undecided: too few pairs")])
def test_pairs_that_are_fewer_than_a_verdict_needs_give_none(pairs: int, shown: str) -> None:
    found = shown_of(*[(1.0, 2.0)] * pairs)
    assert (found.shown, found.ratio) == (shown, None)
    assert sentences_of(found) == [
        f"Undecided: too few pairs. new against old: {pairs} pairs of rounds. Raise `--budget`."
    ]


def test_all_looks_together_err_in_at_most_five_of_a_hundred() -> None:
    """Exactly: in how many of the 2^n ways to sign n ranks an interval leaves out 1, summed over looks and statistics."""
    errors = 0.0
    for count in LOOKS:
        ways = [1.0]
        for rank in range(1, count + 1):
            ways = [
                (ways[at] if at < len(ways) else 0.0) / 2 + (ways[at - rank] if at >= rank else 0.0) / 2
                for at in range(len(ways) + rank)
            ]
        for level, fewest in ((MEDIAN_LEVEL, 8), (FASTEST_LEVEL, 11)):
            if count >= fewest:
                spread = NormalDist().inv_cdf((1 + level_of_a_look(level)) / 2)
                spread *= math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
                errors += 2 * sum(ways[: max(math.floor(count * (count + 1) / 4 - spread), 0) + 1])
    assert 0.03 < errors <= 0.05


def test_a_difference_that_is_shown_and_too_small_to_matter_is_not_called_none() -> None:
    found = shown_of(*[(1.0, 1.004 + 0.0003 * (number % 3)) for number in range(16)])
    assert found.ratio
    assert not found.ratio.holds(1.0)
    assert found.shown == "within the threshold"
    assert "slower than old" in sentences_of(found)[0]
    assert "which is less than the threshold" in sentences_of(found)[0]


def test_a_budget_that_ends_between_two_looks_buys_one_look_more() -> None:
    """Each look may err: what is left of the time is no reason for many of them."""
    session, counts = Session(1.0, 0.02, 0.0, lambda rounds: 0.61 * rounds), []
    more = session.looks.more
    session.looks.more = lambda *given: (counts.append(session.done // 2), more(*given))[1]  # type: ignore[method-assign]
    session.finish()
    assert counts[:-1] == list(LOOKS[: len(counts) - 1])
    assert len(counts) <= len(LOOKS)
    assert 110 < 0.61 * session.done <= 120


def planned(runtime: str, threads: int) -> PlannedCase:
    return PlannedCase(
        id=f"m@cpu:local:{runtime}:threads={threads}",
        model="m",
        variant=Variant(precision="int8", format="tflite", source="m.tflite", weights="random"),
        device="cpu",
        place="local",
        runtime=runtime,
        options={"threads": threads},
        measure=PROFILES["normal"],
        seed=0,
    )


def plan_of(*cases: PlannedCase, skips: tuple[tuple[PlannedCase, Skipped], ...] = ()) -> Plan:
    return Plan(cases=cases, skips=skips, absent=(), places={("cpu", "local"): Place(device="cpu", name="local")})


def test_a_case_is_compared_with_the_one_that_is_run_alike_and_none_is_lost() -> None:
    both = one_plan(
        plan_of(planned("litert", 1), planned("litert", 2), planned("onnxruntime", 1)),
        plan_of(planned("litert", 2), planned("litert", 1), planned("openvino", 1)),
    )
    assert {(one.old.partition(": ")[2], one.new.partition(": ")[2]) for one in both.pairs} == {
        ("m@cpu:local:litert:threads=1", "m@cpu:local:litert:threads=1"),
        ("m@cpu:local:litert:threads=2", "m@cpu:local:litert:threads=2"),
        ("m@cpu:local:onnxruntime:threads=1", "m@cpu:local:openvino:threads=1"),  # the only ones left of this work
    }
    assert both.alone == ()
    fewer = one_plan(plan_of(planned("litert", 1), planned("litert", 2)), plan_of(planned("litert", 2)))
    assert (len(fewer.pairs), fewer.alone) == (1, ("old: m@cpu:local:litert:threads=1",))


def test_where_nothing_is_in_common_the_reason_is_told() -> None:
    gone = planned("openvino", 1), Skipped(reason="openvino is not there")
    with pytest.raises(DevbenchError, match=r"no case in common.*openvino is not there"):
        one_plan(plan_of(planned("litert", 1)), plan_of(skips=(gone,)))
