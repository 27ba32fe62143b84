"""When measuring in turns ends: with an answer, with its reason, and always. The clock is the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from devbench.domain.conditions import Conditions
from devbench.domain.outcome import Nanoseconds
from devbench.domain.run import Pending, Run
from devbench.report.side_by_side import sentences_of
from devbench.run.extend import judged
from devbench.run.side_by_side import NEW, OLD, Looks, Pair, side_by_side
from devbench.stats.paired import LOOKS
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
        self.looks = Looks([PAIR], 0.01, 120.0, self.told.append, lambda: clock(self.done))
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
            longer = self.looks.more(self.run, self.samples)
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
    assert "cannot be shown here in this time" in session.told[0]


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
