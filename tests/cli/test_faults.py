"""One case goes wrong in every way there is: it becomes `failed` with its cause, and the others are measured."""

import pytest

from tests.conftest import Bench

DEEDS = {
    "raise": ("RuntimeError: the fake device reports a failure", "warmup"),
    "exit": ("the worker ended without an answer (exit status 7)", "warmup"),
    "segfault": ("the worker was killed by SIGSEGV", "warmup"),
    "kill": ("the worker was killed by SIGKILL", "warmup"),
    "rubbish": ("the worker's stdout has invalid data: b'%!rubbish'", "warmup"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_bad_case_fails_with_its_cause_and_the_next_is_measured(bench: Bench, deed: str) -> None:
    bench.fake("bad", do=deed)
    bench.fake("good")
    done = bench("run", bench.fake_suite("bad", "good"), "--out", "out")
    assert done.returncode == 3, done.stderr
    outcomes = bench.outcomes()
    assert outcomes["bad"]["status"] == "failed"
    assert (outcomes["bad"]["error"], outcomes["bad"]["phase"]) == DEEDS[deed]
    assert outcomes["good"]["status"] == "measured"
    assert outcomes["good"]["summary"]["samples"] == 10
    assert DEEDS[deed][0] in done.stdout, "the table says why"


def test_a_hanging_case_is_ended_at_its_time_limit(bench: Bench) -> None:
    bench.fake("stuck", do="hang")
    measure = "{profile: quick, rounds: 1, warmup_runs: 1, warmup_s: 0, warmup_cap_s: 0.5, min_runs: 5, min_s: 0, cap_s: 1, time_limit_s: 1.5}"
    done = bench("run", bench.fake_suite("stuck", measure=measure), "--out", "out")
    assert done.returncode == 3
    outcome = bench.outcomes()["stuck"]
    assert outcome["error"] == "no result within 1.5 s, so the worker was ended"
    assert "time_limit_s" in outcome["hint"]


def test_loading_has_a_phase_of_its_own(bench: Bench) -> None:
    bench.fake("bad", do="segfault", at="load")
    bench("run", bench.fake_suite("bad"), "--out", "out")
    assert bench.outcomes()["bad"]["phase"] == "load"


def test_native_prints_do_not_disturb_the_channel(bench: Bench) -> None:
    bench.fake("chatty", do="print")
    done = bench("run", bench.fake_suite("chatty"), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert bench.outcomes()["chatty"]["status"] == "measured"


def test_the_end_of_a_long_stderr_is_kept(bench: Bench) -> None:
    bench.fake("wordy", do="talk", after=2)
    bench.fake("fails", do="raise", at="outputs")
    bench("run", bench.fake_suite("wordy", "fails"), "--out", "out")
    outcomes = bench.outcomes()
    assert outcomes["wordy"]["status"] == "measured", "a megabyte on stderr blocks nobody"
    assert "the fake device reports" in outcomes["fails"]["log_tail"]
    assert outcomes["fails"]["phase"] == "outputs"
