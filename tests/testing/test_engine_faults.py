"""Engines that cheat or are mistaken are caught: by the contract all of them, by every run those that look too fast."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.engine_faults import ENGINES, FILES, Sound, looked_at
from devbench.testing.engine_file import engine_file_problems

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
}


def test_a_sound_engine_breaks_no_rule(tmp_path: Path) -> None:
    noticed = looked_at(Sound, tmp_path)
    assert noticed.contract == {}
    assert noticed.run == []


@pytest.mark.parametrize("title", ENGINES)
def test_the_contract_catches_it(tmp_path: Path, title: str) -> None:
    noticed = looked_at(ENGINES[title], tmp_path)
    assert noticed.contract
    if title in IN_EVERY_RUN:
        assert IN_EVERY_RUN[title] in [one.split(":")[0] for one in noticed.run]


@pytest.mark.parametrize("title", FILES)
def test_an_engine_file_that_no_device_could_use_is_found_by_reading_it(tmp_path: Path, title: str) -> None:
    path = tmp_path / "engine.py"
    path.write_text(FILES[title])
    assert engine_file_problems(path)


def test_there_are_as_many_faults_as_were_met() -> None:
    assert len(ENGINES) + len(FILES) >= 24
