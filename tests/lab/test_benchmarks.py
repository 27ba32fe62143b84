"""The benchmarks of the laboratory still run; what they show is shown by whole runs of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("module", "arguments", "shown"),
    [
        ("boards", ["--boards", "5", "--cases", "1", "--round", "0.05", "--real", "0"], "| 5 |"),
        ("month", ["--nights", "1", "--boards", "2"], "| 0 |  |  |"),
    ],
)
def test_a_small_run_of_each(module: str, arguments: list[str], shown: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DEVBENCH_")}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.lab.{module}", *arguments],
        cwd=REPOSITORY,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert shown in done.stdout
