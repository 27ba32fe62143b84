"""The benchmarks of the watch and of the history run through, with the smallest settings that they have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lab.rules import conbench, perfherder

FOLDER = Path(__file__).parents[2] / "benchmarks" / "lab"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "arguments", "tables"),
    [
        (
            "alarms",
            "--boards 3 --cases 3 --nights 11 --series-nights 9 --alone 4 --small 4 --peer-nights 4 --trials 1 --kinds normal ar1 "
            "--parts false alone small others",
            6,
        ),
        ("history", "--folder made --places 3 --cases 2 --nights 20", 1),
    ],
)
def test_it_runs_through_and_prints_whole_tables(tmp_path: Path, name: str, arguments: str, tables: int) -> None:
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("|---|") == tables
    assert "nan" not in done.stdout


def test_the_rules_written_anew_say_what_is_published_of_them() -> None:
    values = 100 + np.random.default_rng(1).normal(0, 0.5, 60)
    stepped = values.copy()
    stepped[40:] += 10
    assert conbench(values[:41]) == []
    assert conbench(stepped[:41]) == [40]
    assert perfherder(values) == []
    assert perfherder(stepped) == [40]
    assert perfherder(stepped[:50]) == []  # twelve nights after it
