"""Whoever closes or fills our output loses text, and no measurement."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Bench


def _shell(bench: Bench, line: str) -> subprocess.CompletedProcess[str]:
    """Run `line` in bash, with `devbench` as the command line of a user."""
    script = f'devbench() {{ "{sys.executable}" -m devbench "$@"; }}; set -o pipefail; {line}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=bench.folder,
        env=bench.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("streams", ["2>&1 | head -1", "> /dev/null 2> /dev/full", "<&- >&- 2>&-"])
def test_a_run_goes_on_where_nobody_reads_what_it_says(bench: Bench, streams: str) -> None:
    bench.fake("a")
    done = _shell(bench, f"devbench run {bench.fake_suite('a')} --out out {streams}")
    assert done.returncode == 0, done.stderr
    assert bench.run_file()["finished_utc"]
    assert bench.outcomes()["a"]["status"] == "measured"
    assert (bench.folder / "out" / "results.csv").exists()
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_device_is_an_error_and_the_run_is_saved(bench: Bench) -> None:
    bench.fake("a")
    done = _shell(bench, f"devbench run {bench.fake_suite('a')} --out out > /dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "error: the output could not be written: No space left on device\n"
        "  → Send it where there is space. What was measured is saved: `devbench report` shows it again.\n"
    )
    assert bench.run_file()["finished_utc"]
    for command in ("report out", "--help"):
        done = _shell(bench, f"devbench {command} > /dev/full")
        assert (done.returncode, done.stderr.count("\n")) == (1, 2), done.stderr


def test_a_reader_who_has_seen_enough_is_no_error(bench: Bench) -> None:
    done = _shell(bench, "devbench models --json | head -c 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[", "")


def test_what_the_terminal_cannot_show_is_spelled_out(bench: Bench) -> None:
    done = _shell(
        bench, "PYTHONIOENCODING=ascii devbench compare nowhere nowhere; PYTHONIOENCODING=latin-1 devbench check x"
    )
    assert "Traceback" not in done.stderr
    assert "\\u2192 Name the folder of a run" in done.stderr
