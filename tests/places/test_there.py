"""A plugin's own file runs where a place is: the same here and over ssh, whatever the login shell says or is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import Place, Program, RoundError, run_there
from devbench.errors import DevbenchError
from devbench.places.process import WorkerProcess
from devbench.places.there import command_there
from tests.board import Board, gone_within

HERE = Place(name="local", device="fake")
ODD = ["a b", "'", '"', "$HOME", "ü", "\\", "!!", ""]
ECHOES = """\"\"\"Says what it was told, ünd how it was started.\"\"\"
import json, os, sys
def main():
    json.dump([sys.argv, __name__, sys.version_info[:2], sys.stdin.read()], sys.stdout)
    sys.stderr.write("a last word")
    return 3
if __name__ == "__main__":
    sys.exit(main())
"""
LIVES = """
import os, sys, time
print(os.getpid(), flush=True)
if sys.argv[1] == "deaf":
    time.sleep(60)
for line in sys.stdin:
    print("heard " + line.strip(), flush=True)
print("and ends", end="", flush=True)
"""


def file_of(folder: Path, text: str) -> Path:
    file = folder / "it's mine.py"
    file.write_text(text)
    return file


@pytest.mark.parametrize("version", ["3.6", "3.11"])
def test_it_is_told_and_answers_over_ssh_as_here(
    board: Board, tmp_path: Path, interpreters: Callable[[str], str], version: str
) -> None:
    python = interpreters(version)
    board.start("ForceCommand printf 'Welcome!\\n\\nA nice day'; sh -c \"$SSH_ORIGINAL_COMMAND\"")
    file = file_of(tmp_path, ECHOES)
    here = Place(name="local", device="fake", python={"": python})
    for place, name in ((here, str(file)), (board.place(python=python), file.name)):
        status, out, error = run_there(place, file, ODD)
        assert status == 3
        assert json.loads(out) == [[name, *ODD], "__main__", [int(n) for n in version.split(".")], ""]
        assert error.endswith("a last word")


@pytest.mark.parametrize("far", [False, True])
def test_one_that_lives_is_talked_to_and_ends_with_its_input(board: Board, tmp_path: Path, far: bool) -> None:
    place = board.place() if far else HERE
    with Program(place, file_of(tmp_path, LIVES), ["hears"]) as program:
        assert str(program.line(10)).isdecimal()
        program.send(b"one\n")
        assert program.line(10) == "heard one"
        with pytest.raises(RoundError, match=r"no answer within 0.2 s"):
            program.line(0.2)
        assert program.finish(10)[:2] == (0, "and ends")


def test_one_that_hears_nothing_is_ended_when_its_life_is_over(board: Board, tmp_path: Path) -> None:
    with Program(board.place(), file_of(tmp_path, LIVES), ["deaf"], life_s=1) as program:
        program.line(10)
        left = board.running()
    assert left
    assert gone_within(left)


def test_what_keeps_it_from_running_is_said(board: Board, tmp_path: Path) -> None:
    file = file_of(tmp_path, ECHOES)
    with pytest.raises(RoundError, match="there is no /no/python at attic"):
        run_there(board.place(python="/no/python"), file)
    status, _, error = run_there(board.place(), file_of(tmp_path, "1 +"))
    assert status == 1
    assert "SyntaxError" in error
    with Program(board.place(), file_of(tmp_path, LIVES), ["hears"]) as program:
        program.line(10)
        board.stop()
        with pytest.raises(RoundError, match="the connection to attic was lost"):
            program.finish(10)
    with pytest.raises(RoundError, match="attic is there, but no ssh server answers") as caught:
        run_there(board.place(), file)
    assert caught.value.phase == "connect"


def test_a_program_that_leaves_another_behind_has_ended_all_the_same() -> None:
    process = WorkerProcess(["sh", "-c", "sleep 20 >/dev/null & exit 7"])  # as older ssh leave a shared connection
    try:
        assert process.read_rest(time.monotonic() + 5) == b""
        assert process.exit_status(5) == 7
    finally:
        process.end()


def test_a_command_needs_nobody_to_be_alive(board: Board) -> None:
    words = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "'", "$HOME", ";|&#*?[x]{a,b}~", ""]
    for place in (HERE, board.place()):
        done = subprocess.run(command_there(place, words), stdout=subprocess.PIPE, text=True, check=True)
        assert done.stdout == f"{words[3:]}\n"
    assert gone_within(board.connections()), "the connection was its own, and ends with it"
    with pytest.raises(DevbenchError, match="cannot be quoted"):
        command_there(board.place(), ["echo", "back\\slash"])
