"""A short pass of the fuzzers for stored results; docs/reliability.md has the long ones."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from random import Random

import pytest

from benchmarks.fuzz import parquet, results_csv, run_json
from benchmarks.fuzz.apart import Tally, trials_apart
from devbench.store import codec

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on


@pytest.mark.parametrize("kinds", [run_json.kinds, parquet.kinds, results_csv.kinds])
def test_no_damage_goes_unnoticed(kinds: Callable[[int, int], Iterator[Tally]]) -> None:
    for tally in kinds(1, 15):
        assert tally.findings == []
        assert tally.counts["refused"] + tally.counts["told"] + tally.counts["read"] > 5


def test_the_fuzzer_sees_what_goes_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "broken_seals", lambda _: ())
    first = next(iter(run_json.kinds(1, 40)))
    assert first.counts["silent"] > 0


def test_the_fuzzer_sees_what_ends_the_process_or_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fuzz.apart.HANG_S", 0.5)
    plan = dict(enumerate(["pass", "abort", "pass", "hang", "raise", "pass"]))
    numbers = {Random(f"0 {number}").random(): number for number in plan}

    def trial(random: Random) -> str:
        match plan[numbers[random.random()]]:
            case "abort":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                signal.pause()
            case "raise":
                raise ValueError("two\nlines")
        return "same"

    tally = trials_apart("x", trial, 0, len(plan))
    assert tally.counts == {"same": 3, "abort": 1, "hang": 1, "traceback": 1}
    assert [finding.split(": ")[:2] for finding in tally.findings] == [
        ["x 1", "abort"],
        ["x 3", "hang"],
        ["x 4", "traceback"],
    ]
