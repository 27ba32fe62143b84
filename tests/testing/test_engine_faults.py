"""Engines that cheat or are mistaken are caught: by the contract all of them, by every run those that look too fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine_faults import looked_at
from benchmarks.faulty_engines import ENGINES, FILES, Sound, Spins
from devbench import RoundError
from devbench.testing import measure_once
from devbench.testing.engine_file import engine_file_problems
from devbench.testing.fake import FakeRuntime
from devbench.testing.judge import RULES, Seen, _distance, broken_at_once, findings

LOOKS = 3
"""Rules that judge by time say nothing while other programs keep the cores: one looks again then."""
IN_EVERY_RUN = {
    "invoke() returns before the work is done, outputs() waits": "late-work",
    "the answer to the same input is kept": "kept-answers",
    "the work is done in outputs()": "late-work",
    "the work is done in feed()": "early-work",
    "every second inference is left out": "late-answer",
    "outputs() gives those of the inference before": "late-answer",
    "outputs() gives nothing": "fails",
    "a smaller input than the file's": "other-shapes",
    "the first input is used for ever": "same-answer",
    "nothing is computed at all": "same-answer",
    "another process does the work": "idle",
    "the answer is 0.0 to one input, and -0.0 to the next": "same-answer",
}


def test_a_sound_engine_breaks_no_rule(tmp_path: Path) -> None:
    noticed = looked_at(Sound, tmp_path)
    assert (noticed.contract.broken, noticed.contract.skipped) == ({}, {})
    assert noticed.run == []


def test_threads_that_only_spin_do_not_count_as_work(tmp_path: Path) -> None:
    assert set(looked_at(Spins, tmp_path).contract.broken) <= {"threads"}


@pytest.mark.thorough
@pytest.mark.parametrize("title", ENGINES)
def test_the_contract_catches_it(tmp_path: Path, title: str) -> None:
    in_run = IN_EVERY_RUN.get(title)
    for _ in range(LOOKS):
        noticed = looked_at(ENGINES[title], tmp_path)
        codes = [one.split(":")[0] for one in noticed.run]
        if noticed.contract.broken and (not in_run or in_run in codes):
            break
    assert noticed.contract.broken
    assert not in_run or in_run in codes


def test_a_rule_that_was_not_reached_is_told_with_the_reason(tmp_path: Path) -> None:
    found = looked_at(ENGINES["inputs() gives no type"], tmp_path).contract
    assert set(found.broken) == {"works", "measured"}
    assert set(found.skipped) == {"file", "numbers", "answers", "follows", "repeats", "time", "threads", "memory"}
    assert found.skipped["memory"] == "the engine failed before: in the step 'look': KeyError: 'dtype'"
    nobody_knows = findings(Seen(inputs=(), outputs=(), report={"facts": {}}, arrays={}))
    assert nobody_knows.skipped["answers"] == "nobody knows the right ones: give the contract `answer`"
    assert nobody_knows.skipped["threads"] == "the runtime has no option `threads`"
    refused = broken_at_once("registration", "no name")
    assert [*refused.broken, *refused.skipped] == list(RULES)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ([0.0, 1.0], [-0.0, 1.0], 0.0),
        ([np.nan, 1.0], [np.nan, 1.0], 0.0),
        ([np.inf, 1.0], [np.inf, 1.0], 0.0),
        ([np.nan, 1.0], [1.0, 1.0], np.inf),
        ([1.0, 2.0], [1.0, 4.0], 0.5),
    ],
)
def test_equal_numbers_are_equal_answers(one: list[float], other: list[float], apart: float) -> None:
    assert _distance([np.array(one)], [np.array(other)]) == apart


@pytest.mark.parametrize("title", FILES)
def test_an_engine_file_that_no_device_could_use_is_found_by_reading_it(tmp_path: Path, title: str) -> None:
    path = tmp_path / "engine.py"
    path.write_text(FILES[title])
    assert engine_file_problems(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Engine:\n    def infer(self): ...\n", "class Engine has no invoke(): is it called infer() here?"),
        ("class Engine:\n    def ouputs(self): ...\n", "class Engine has no outputs(): is it called ouputs() here?"),
        ("class Engin:\n    pass\n", "there is no class `Engine` in it: is it called Engin here?"),
    ],
)
def test_what_is_misspelt_in_an_engine_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "engine.py"
    path.write_text(text)
    assert f"engine.py: {said}" in engine_file_problems(path)


def test_a_run_says_where_to_look_for_what_is_misspelt(tmp_path: Path) -> None:
    path = tmp_path / "engine.py"
    path.write_text(FakeRuntime.engine.read_text().replace("def invoke(", "def infer("))
    (tmp_path / "a.fake").write_text("{}")
    misspelt = type("Misspelt", (FakeRuntime,), {"engine": path})
    with pytest.raises(RoundError, match="has no attribute 'invoke'") as error:
        measure_once(misspelt, tmp_path / "a.fake", tmp_path)
    assert error.value.hint == "`devbench plugins --check` says what is misspelt."


def test_there_are_as_many_faults_as_were_met() -> None:
    assert len(ENGINES) + len(FILES) >= 24
