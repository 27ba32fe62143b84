"""A short pass of each fuzzer; `benchmarks/fuzz/` runs them at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.fuzz import lab, sources, suite, tflite


@pytest.mark.parametrize(
    ("fuzzer", "count"),
    [(suite, 60), (lab, 150), (tflite, 150), (sources, 150)],
    ids=["suite", "lab", "tflite", "sources"],
)
def test_mutated_input_is_read_or_refused(fuzzer: ModuleType, count: int) -> None:
    for tally in fuzzer.kinds(1, count):
        assert not tally.findings
        assert tally.counts["refused"] + tally.counts["read"] == count
        assert tally.counts["refused"] > count / 4


@pytest.mark.thorough
def test_bad_command_lines_end_with_a_message() -> None:
    """In a process of its own: it gives up root's way around the modes of files, and forks."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz.commands", "--seed", "1", "--count", "12"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
