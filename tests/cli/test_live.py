"""In a terminal, the table fills while a run goes on; where standard output is none, nothing of it is drawn."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.conftest import QUICK, Bench

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.mark.parametrize("stdout_too", [True, False])
def test_each_row_as_soon_as_it_stands(bench: Bench, stdout_too: bool) -> None:
    bench.fake("quick", invoke_us=500)
    bench.fake("broken", do="raise", at="load")
    suite = bench.fake_suite("quick", "broken", measure=QUICK)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "devbench", "run", str(suite), "--out", "out"],
        cwd=bench.folder,
        env={**bench.env, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdin=subprocess.DEVNULL,
        stdout=theirs if stdout_too else subprocess.PIPE,
        stderr=theirs,
    )
    bench.started.append(process)  # type: ignore[arg-type]
    os.close(theirs)
    text = _read(ours)
    report = text if stdout_too else process.communicate()[0].decode()
    assert process.wait() == 3
    drawn = [_CONTROLS.sub("", line).strip() for line in text.splitlines()]
    partial = [line for line in drawn if re.match(r"quick +0\.\d+ ms .*…$", line)]
    assert bool(partial) == stdout_too
    assert any("1/4 · " in line or "2/4 · " in line for line in drawn), "the bar"
    assert "Everything else: out" in report
    assert not re.search(r"quick +0\.\d+ ms .*…", report.rpartition("fakes · ")[2]), "the last table is complete"


def _read(terminal: int) -> str:
    """All that is written there until nobody has it open any more."""
    data = bytearray()
    try:
        while piece := os.read(terminal, 65536):
            data += piece
    except OSError:  # that is how a pseudo-terminal ends
        pass
    os.close(terminal)
    return data.decode()
