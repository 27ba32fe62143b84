"""A run can be interrupted, killed and refused at any moment, and nothing that was measured is lost."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import Bench

SLOW = "{profile: quick, rounds: 4, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: 0.3, cap_s: 5, time_limit_s: 20}"


def _started(bench: Bench, *arguments: object, rounds: int = 2) -> subprocess.Popen[str]:
    """A run of which `rounds` rounds are saved and the next is under way."""
    process = bench.start(*arguments)
    run_json = bench.folder / "out" / "run.json"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if run_json.exists() and sum(len(case["rounds"]) for case in bench.run_file()["cases"]) >= rounds:
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"no round was saved: {process.communicate()}")


def _rounds(bench: Bench) -> dict[str, list[str]]:
    return {case["model"]: [one["started_utc"] for one in case["rounds"]] for case in bench.run_file()["cases"]}


def _assert_complete(bench: Bench, before: dict[str, list[str]]) -> None:
    after = _rounds(bench)
    assert all(len(rounds) == 4 for rounds in after.values()), after
    for model, rounds in before.items():
        assert after[model][: len(rounds)] == rounds, "a round that was saved is not measured again"
    table = pq.read_table(bench.folder / "out" / "samples.parquet").to_pylist()
    for case in bench.run_file()["cases"]:
        for about in case["rounds"]:
            found = [
                row
                for row in table
                if (row["case"], row["round"], row["phase"]) == (case["id"], about["index"], "steady")
            ]
            assert len(found) == about["samples"]
            assert [row["index"] for row in found] == list(range(len(found)))
    assert not (bench.folder / "out" / "parts").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_keeps_what_was_measured_and_says_how_to_go_on(bench: Bench, number: signal.Signals) -> None:
    bench.fake("a")
    bench.fake("b")
    process = _started(bench, "run", bench.fake_suite("a", "b", measure=SLOW), "--out", "out")
    process.send_signal(number)
    shown, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Continue with: devbench run --resume out" in errors
    assert re.search(r"^  a .* ms .*…$", shown, re.MULTILINE), "what there is so far"
    assert re.search(r"Interrupted: [2-7] of 8 rounds done\. Continue with: devbench run --resume out", shown)
    assert "Traceback" not in errors
    before = _rounds(bench)
    assert bench("run", "--resume", "out").returncode == 0
    _assert_complete(bench, before)


def test_two_sides_that_are_interrupted_are_kept_and_not_gone_on_with(bench: Bench) -> None:
    """Only the suite of one of them is in run.json."""
    bench.fake("a")
    process = _started(bench, "compare", "--measure", bench.fake_suite("a"), "suite.yaml", "--out", "out", rounds=1)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.endswith("\nInterrupted. Its rounds so far: devbench report out. To compare, start again.\n")
    done = bench("run", "--resume", "out")
    assert (done.returncode, "start `devbench compare --measure` again" in done.stderr) == (1, True)
    assert "--resume" not in bench("report", "out").stdout


def test_a_second_interrupt_ends_at_once_and_the_run_can_still_go_on(bench: Bench) -> None:
    bench.fake("a")
    process = _started(bench, "run", bench.fake_suite("a", measure=SLOW), "--out", "out")
    before = _rounds(bench)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert bench("run", "--resume", "out").returncode == 0
    _assert_complete(bench, before)


def test_kill_of_the_host_loses_one_round_at_most_and_leaves_no_worker(bench: Bench) -> None:
    bench.fake("a")
    bench.fake("b")
    process = _started(bench, "run", bench.fake_suite("a", "b", measure=SLOW), "--out", "out", rounds=3)
    before = _rounds(bench)
    process.kill()
    process.communicate(timeout=10)
    resumed = bench("run", "--resume", "out")
    assert resumed.returncode == 0, resumed.stderr
    _assert_complete(bench, before)


def test_a_round_whose_samples_are_damaged_is_measured_again(bench: Bench) -> None:
    bench.fake("a")
    process = _started(bench, "run", bench.fake_suite("a", measure=SLOW), "--out", "out")
    process.kill()
    process.communicate(timeout=10)
    part = sorted((bench.folder / "out" / "parts").glob("*.parquet"))[0]
    part.write_bytes(part.read_bytes()[:-20])
    stale = part.with_name(f".{part.name}.{process.pid}.tmp")
    stale.write_bytes(b"what a kill leaves")
    resumed = bench("run", "--resume", "out")
    assert resumed.returncode == 0
    damaged = "round 0 is measured again: out/parts/case000-round00.parquet: is not as it was written"
    assert f"a@fake:local:fake:slowdown=1: {damaged}" in resumed.stderr
    assert not stale.exists()
    _assert_complete(bench, {})


def test_a_first_round_that_is_lost_costs_no_other(bench: Bench) -> None:
    bench.fake("a")
    process = _started(bench, "run", bench.fake_suite("a", measure=SLOW), "--out", "out", rounds=3)
    process.kill()
    process.communicate(timeout=10)
    before = _rounds(bench)["a"]
    (bench.folder / "out" / "parts" / "case000-round00.parquet").unlink()
    assert bench("run", "--resume", "out").returncode == 0
    _assert_complete(bench, {"a": before[1:]})
    assert sorted(about["index"] for about in bench.run_file()["cases"][0]["rounds"]) == [0, 1, 2, 3]


def test_resume_of_a_finished_run_changes_nothing(bench: Bench) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a"), "--out", "out").returncode == 0
    before = (bench.folder / "out" / "run.json").read_bytes()
    assert bench("run", "--resume", "out").returncode == 0
    assert (bench.folder / "out" / "run.json").read_bytes() == before


def test_resume_refuses_a_model_that_has_changed(bench: Bench) -> None:
    bench.fake("a")
    process = _started(bench, "run", bench.fake_suite("a", measure=SLOW), "--out", "out", rounds=1)
    process.kill()
    process.communicate(timeout=10)
    bench.fake("a", invoke_us=300)
    done = bench("run", "--resume", "out")
    assert done.returncode == 1
    assert "is a different file now than when the run began" in done.stderr


def test_two_runs_in_one_folder_are_refused(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.fake_suite("a", measure=SLOW.replace("rounds: 4", "rounds: 90"))
    process = _started(bench, "run", suite, "--out", "out", rounds=1)
    second = bench("run", "--resume", "out")
    third = bench("run", suite, "--out", "out")
    process.kill()
    process.communicate(timeout=10)
    assert second.returncode == third.returncode == 1
    assert "another devbench is writing there" in second.stderr
    assert "there is a run already" in third.stderr


def test_a_full_disk_ends_the_run_with_what_to_do_and_resume_completes_it(bench: Bench) -> None:
    bench.fake("a", invoke_us=20)
    suite = bench.fake_suite("a", measure="{profile: quick, rounds: 4, warmup_runs: 1, warmup_s: 0, min_runs: 20000}")
    bench("devices")  # puts the worker into the cache
    limit = 16_000  # bytes a file may have: run.json fits, the samples of a round do not
    process = subprocess.run(
        [*_python(), "run", str(suite), "--out", "out"],
        cwd=bench.folder,
        env=bench.env,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert process.returncode == 1, process.stderr
    assert "out: cannot be written: " in process.stderr
    assert "too large" in process.stderr
    assert "devbench run --resume out" in process.stderr
    assert bench.run_file()["cases"][0]["outcome"] == {"status": "pending"}
    assert not list((bench.folder / "out").rglob("*.tmp")), "no half-written file is left"
    assert bench("run", "--resume", "out").returncode == 0
    _assert_complete(bench, {})


def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(bench: Bench) -> None:
    bench.fake("a")
    bench.write("file", "not a folder")
    done = bench("run", bench.fake_suite("a"), "--out", Path("file") / "out")
    assert done.returncode == 1
    assert "file/out: cannot be written: Not a directory" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_is_an_error_with_what_to_do(bench: Bench) -> None:
    bench.fake("a")
    (bench.folder / "locked").mkdir(mode=0o500)
    done = bench("run", bench.fake_suite("a"), "--out", "locked/out")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr


def _python() -> list[str]:
    import sys

    return [sys.executable, "-m", "devbench"]
