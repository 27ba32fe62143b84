"""What happens over there while a round is under way: crashes, hangs, lost connections; and that nothing stays behind."""

from __future__ import annotations

import signal
import subprocess

import psutil
import pytest

from devbench.errors import RoundError
from tests.board import Board, gone_within
from tests.conftest import Bench

ENDS_SOON = "{profile: quick, rounds: 1, warmup_runs: 1, warmup_s: 0, warmup_cap_s: 1, min_runs: 5, min_s: 0, cap_s: 1, time_limit_s: 2}"
LONG = "{profile: quick, rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 50, time_limit_s: 60}"


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("segfault", "the worker was killed by SIGSEGV"),
        ("kill", "the worker was killed by SIGKILL"),
        ("exit", "the worker ended without an answer (exit status 7)"),
        ("raise", "RuntimeError: the fake device reports a failure"),
    ],
)
def test_a_worker_that_fails_over_there_is_explained_as_one_here(
    bench: Bench, board: Board, deed: str, error: str
) -> None:
    with pytest.raises(RoundError) as caught:
        board.measure(bench.fake("bad", do=deed))
    assert (caught.value.message, caught.value.phase) == (error, "warmup")
    assert board.measure(bench.fake("good")).about.samples == 5
    assert gone_within(board.running())


def test_a_worker_that_hangs_is_ended_at_its_time_limit(bench: Bench, board: Board) -> None:
    board.lab(bench.folder)
    mark = board.folder / "stuck"
    bench.fake("stuck", do="seize", mark=str(mark))
    process = bench.start("run", bench.fake_suite("stuck", measure=ENDS_SOON), "--out", "out")
    running = board.running_when(mark)
    process.communicate(timeout=30)
    assert bench.outcomes()["stuck"]["error"] == "no result within 2 s, so the worker was ended"
    assert gone_within(running)


@pytest.mark.parametrize("deed", ["hang", "seize"])
def test_a_connection_that_is_cut_fails_the_case_and_the_next_connects_anew(
    bench: Bench, board: Board, deed: str
) -> None:
    process, running = _stuck(bench, board, deed, "good")
    for connection in board.connections():
        connection.kill()
    out, _ = process.communicate(timeout=30)
    outcomes = bench.outcomes()
    assert outcomes["stuck"]["error"] == "the connection to attic was lost", out
    assert "restarted" in outcomes["stuck"]["hint"]
    assert outcomes["stuck"]["place_lost"]
    assert outcomes["stuck"]["phase"] == "warmup"
    assert outcomes["good"]["status"] == "measured"
    assert gone_within(running)
    assert board.logins() == 2


def test_a_board_that_reboots_fails_its_cases(bench: Bench, board: Board) -> None:
    process, running = _stuck(bench, board, "hang", "good")
    board.stop()
    process.communicate(timeout=30)
    outcomes = bench.outcomes()
    assert outcomes["stuck"]["error"] == "the connection to attic was lost"
    assert outcomes["good"]["error"] == "attic is there, but no ssh server answers"
    assert outcomes["stuck"]["place_lost"] and outcomes["good"]["place_lost"]
    assert gone_within(running)


@pytest.mark.parametrize("victim", ["devbench", "client", "connection"])
def test_no_worker_stays_behind_when_this_side_is_killed(bench: Bench, board: Board, victim: str) -> None:
    process, running = _stuck(bench, board, "seize")
    children = psutil.Process(process.pid).children(recursive=True)  # the plugin of the fake device has a process too
    [client] = [child for child in children if child.name() == "ssh"]
    if victim == "devbench":
        process.kill()
    elif victim == "client":
        client.kill()
    else:
        _kill_shared_connection(board)
    process.communicate(timeout=30)
    assert gone_within([*running, *children])
    if victim != "devbench":
        assert bench.outcomes()["stuck"]["status"] == "failed"


def test_an_interrupt_ends_the_run_and_the_worker_over_there(bench: Bench, board: Board) -> None:
    process, running = _stuck(bench, board, "seize")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Interrupted." in errors
    assert gone_within(running)


def _stuck(bench: Bench, board: Board, deed: str, *others: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run whose first case hangs over there, and what runs there for it."""
    board.lab(bench.folder)
    mark = board.folder / "stuck"
    bench.fake("stuck", do=deed, mark=str(mark))
    for other in others:
        bench.fake(other)
    process = bench.start("run", bench.fake_suite("stuck", *others, measure=LONG), "--out", "out", "--seed", SEED)
    return process, board.running_when(mark)


SEED = 1  # with which the first of two cases comes first


def _kill_shared_connection(board: Board) -> None:
    """End the client process that holds the connection, which is no child of devbench."""
    for process in psutil.process_iter():
        try:
            held = process.name() == "ssh" and any(
                one.raddr and one.raddr.port == board.port for one in process.net_connections("tcp")
            )
        except psutil.Error:
            continue
        if held:
            process.kill()
