"""Whatever an accuracy run was doing when it was killed: taken up again, it says what it would have said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Bench
from tests.pictures import brightest, coarse, test_set

# Read by every interpreter that the tests start. It ends the process before its file number KILL_AT is written into the
# run folder, or before it opens a picture for the time number KILL_AT. KEEP_EACH: each picture is sent, and kept, alone.
KILLER = """
import os, signal, sys

what, _, left = os.environ.get("KILL_AT", "nothing:0").partition(":")
left = int(left)
replaced, opened = os.replace, os.open


def counted():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)


def replace(source, target, **more):
    if what == "write" and "out" in str(target).split("/"):
        counted()
    return replaced(source, target, **more)


def open_one(path, *rest, **more):
    if what == "picture" and str(path).endswith(".png"):
        if "KEEP_EACH" in os.environ:
            sys.modules["devbench.run.batches"].BATCH_BYTES = 1
            sys.modules["devbench.run.kept_answers"].PART_EVERY_S = 0
        counted()
    return opened(path, *rest, **more)


os.replace, os.open = replace, open_one
"""
ONE_ROUND = "{profile: quick, rounds: 1, max_rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0}"
FIRST_ANSWERS = 9  # files that a run of two cases writes before: run.json, and the samples and outputs of its rounds
MOST = 60


@pytest.fixture
def asked(bench: Bench) -> Bench:
    """A suite with a network and one made of it, and what becomes of it if nobody disturbs."""
    pytest.importorskip("ai_edge_litert")
    bench.write("site/sitecustomize.py", KILLER)
    brightest(bench.folder / "float.tflite")
    coarse(bench.folder / "coarse.tflite")
    test_set(bench.folder / "photos")
    bench.write(
        "suite.yaml",
        "name: seen\nmodels: [{name: net, source: float.tflite}, {name: net8, source: coarse.tflite, "
        "test: {images: photos, against: net}}]\ntest: photos\ndevices: [desktop-cpu: {runtime: litert}]\n"
        f"measure: {ONE_ROUND}\n",
    )
    assert bench("accuracy", "suite.yaml", "--out", "whole").returncode == 0
    return bench


def _accuracies(bench: Bench, out: str) -> dict[str, Any]:
    return {case["model"]: case["accuracy"] for case in bench.run_file(out)["cases"]}


def _killed(bench: Bench, out: str, at: str, command: str = "accuracy") -> bool:
    done = bench(command, "suite.yaml", "--out", out, env={"KILL_AT": at}, process=True)
    return done.returncode == -9


def _taken_up(bench: Bench, out: str, command: str = "accuracy") -> None:
    """Go on with it, and find nothing lost, nothing twice, and nothing left behind."""
    again = ["--resume", out] if (bench.folder / out / "run.json").exists() else ["suite.yaml", "--out", out]
    done = bench(command, *again)
    assert done.returncode == 0, done.stderr
    found = _accuracies(bench, out)
    assert found == _accuracies(bench, "whole")
    assert [one["pictures"] for one in found.values()] == [20, 20]
    assert found["net8"]["change"]["lost"] == ["1/5.png", "2/5.png", "3/5.png"]
    assert bench("verify", out).returncode == 0
    assert not [*(bench.folder / out).rglob("*.tmp"), *(bench.folder / "cache").rglob(".making-*")]


@pytest.mark.parametrize("at", ["picture:27", "write:5"], ids=["within the second file", "before run.json names it"])
def test_what_was_answered_stays_and_the_rest_is_asked(asked: Bench, at: str) -> None:
    assert _killed(asked, "out/run", at)
    before = (asked.folder / "out/run/answers/case000.json").stat()
    assert all(case["outcome"]["status"] == "pending" for case in asked.run_file("out/run")["cases"])
    _taken_up(asked, "out/run")
    after = (asked.folder / "out/run/answers/case000.json").stat()
    assert (before.st_mtime_ns == after.st_mtime_ns) == (at == "picture:27")


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_case_has_answered_so_far_is_not_asked_again(asked: Bench, damaged: bool) -> None:
    env = {"KILL_AT": "picture:32", "KEEP_EACH": "1"}
    assert asked("accuracy", "suite.yaml", "--out", "out/run", env=env, process=True).returncode == -9
    [part] = (asked.folder / "out/run/answers/parts").glob("*-case001.json")
    if damaged:
        part.write_text("{}")
    done = asked("accuracy", "--resume", "out/run")
    assert done.returncode == 0, done.stderr
    assert ("of which 1" in done.stderr) == (not damaged)
    assert _accuracies(asked, "out/run") == _accuracies(asked, "whole")
    assert asked("verify", "out/run").returncode == 0
    assert not (asked.folder / "out/run/answers/parts").exists()


def test_answers_that_are_damaged_meanwhile_are_asked_again(asked: Bench) -> None:
    assert _killed(asked, "out/run", "write:9")
    [listing] = (asked.folder / "out/run/answers").glob("pictures-*.json")
    listing.write_text("{}")
    _taken_up(asked, "out/run")


def test_each_kind_of_run_names_the_command_that_goes_on_with_it(asked: Bench) -> None:
    assert _killed(asked, "out/run", "picture:3")
    wrong = asked("run", "--resume", "out/run")
    assert wrong.returncode == 1
    assert "devbench accuracy --resume out/run" in wrong.stderr
    assert _killed(asked, "out/timed", f"write:{FIRST_ANSWERS}", "run")
    wrong = asked("accuracy", "--resume", "out/timed")
    assert wrong.returncode == 1
    assert "devbench run --resume out/timed" in wrong.stderr
    assert asked("accuracy", "suite.yaml", "--resume", "out/run").returncode == 2
    assert asked("accuracy", "--resume", "whole").returncode == 0


@pytest.mark.thorough
@pytest.mark.timeout(400)  # kills of processes of their own
@pytest.mark.parametrize(("command", "first"), [("accuracy", 1), ("run", FIRST_ANSWERS)])
def test_a_kill_before_every_third_file_that_is_written(asked: Bench, command: str, first: int) -> None:
    for number in range(first, MOST, 3):
        out = f"out/killed{number}"
        if not _killed(asked, out, f"write:{number}", command):
            assert number > first + 5
            return
        _taken_up(asked, out, command)
    raise AssertionError("it does not end")
