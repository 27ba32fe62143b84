"""Commands load what they need and no more: a user waits for it each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devbench.cli.app import COMMANDS
from tests.conftest import Bench

HEAVY = {
    "PIL",
    "distributed",
    "filelock",
    "jinja2",
    "matplotlib",
    "numpy",
    "pandas",
    "pluggy",
    "psutil",
    "pyarrow",
    "pydantic",
    "rich",
    "tensorflow",
    "tflite",
    "yaml",
}
PUBLISHED = Path(__file__).parents[1] / "results" / "published" / "coral-faq-2019.csv"


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["plugins"], {"pluggy"}),
        (["models"], {"pluggy", "rich"}),
        (["devices"], {"pluggy", "numpy", "pydantic"}),  # what a worker answers is checked
        (["doctor"], {"pluggy", "numpy", "pydantic"}),
        (["report", str(PUBLISHED)], {"numpy", "rich"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_imports_nothing_heavy_that_it_does_not_need(
    bench: Bench, arguments: list[str], needed: set[str]
) -> None:
    code = (
        "import sys\n"
        "from devbench.cli.app import run_app\n"
        "status = run_app(sys.argv[1:])\n"
        f"print('loaded:', *sorted({HEAVY} & set(sys.modules)))\n"
        "sys.exit(status)\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    del bench.env["PYTHONPATH"]  # others' plugins import what they like
    done = subprocess.run(command, env=bench.env, cwd=bench.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()[-1].split()[1:]) <= needed


def test_the_help_lists_every_command(bench: Bench) -> None:
    done = bench("--help", process=True)
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(bench: Bench, command: str) -> None:
    done = bench(command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: devbench {command}")
