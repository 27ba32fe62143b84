"""Nothing that a worker has started outlives the host, whatever the worker does and whoever is killed or stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from devbench import Place, Program
from devbench.places.here import talk_here
from tests.board import Board, gone_within
from tests.conftest import Bench

HERE = Place(name="local", device="fake")
LONG = "{profile: quick, rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 50, time_limit_s: 60}"
SUPERVISORS = 2
# A child, a daemon that hears no SIGTERM, and then, as argv says, it ends with its input, sleeps or stops.
WORKER = """
import os, signal, sys, time
if os.fork() == 0:
    time.sleep(60)
between = os.fork()
if between == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    os._exit(0)
os.waitpid(between, 0)
print("up", flush=True)
{"ends": sys.stdin.read, "sleeps": lambda: time.sleep(60), "stops": lambda: os.kill(os.getpid(), signal.SIGSTOP)}[sys.argv[1]]()
"""
# A host, with a copy of itself if argv says so, as a plugin might make: all that is open in it stays open.
HOST = """
import os, subprocess, sys, time
from devbench import Place, supervised
from devbench.places.here import talk_here
if sys.argv[1] == "waits":
    command = supervised([sys.executable, *sys.argv[2:]], life_s=60)
    sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).returncode)
talk = talk_here(Place(name="local", device="fake"), [sys.executable, *sys.argv[2:]], "start", life_s=60)
talk.line(time.monotonic() + 20, "late", "")
if sys.argv[1] == "copied" and os.fork() == 0:
    time.sleep(60)
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("deeds", [["seize"], ["child", "daemon", "stop"]])
def test_a_run_that_is_killed_leaves_nothing_here(bench: Bench, deeds: list[str]) -> None:
    process, found = _run(bench, deeds)
    process.kill()
    process.communicate()
    assert gone_within(found)


@pytest.mark.parametrize("victim", ["host", "outer", "inner"])
def test_a_run_that_is_killed_leaves_nothing_over_there(bench: Bench, board: Board, victim: str) -> None:
    board.lab(bench.folder)
    process, found = _run(bench, ["child", "daemon", "stop"], board)
    if victim == "host":
        process.kill()
        process.communicate()
    else:
        _supervisors(found)[["outer", "inner"].index(victim)].kill()
        process.communicate(timeout=30)
        why = bench.outcomes()["stuck"]["error"]
        assert why in ("the worker was killed by SIGKILL", "the connection to attic was lost")
    assert gone_within(found)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_supervisor_is_enough(host: _Host, which: int, number: signal.Signals) -> None:
    found = host.start("alone", "stops")
    _supervisors(found)[which].send_signal(number)
    if number == signal.SIGSTOP:
        host.process.kill()
    _wait_until(lambda: not any(map(_is_alive, found)))


def test_a_host_whose_pipes_another_process_holds_open_is_missed_all_the_same(host: _Host) -> None:
    found = host.start("copied", "sleeps")
    copy = next(one for one in found if one.cmdline()[2] == HOST)
    host.process.kill()
    found.remove(copy)
    gone = gone_within(found)
    copy.kill()
    assert gone


def test_what_a_worker_leaves_behind_ends_with_it(bench: Bench) -> None:
    bench.fake("a", do=["child", "daemon"])
    assert bench("run", bench.fake_suite("a"), "--out", "out").returncode == 0
    assert bench.outcomes()["a"]["status"] == "measured"
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(bench.folder) in str(one.info["cmdline"])]


@pytest.mark.parametrize("deed", ["ends", "sleeps"])
def test_what_a_program_leaves_behind_ends_with_it(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    monkeypatch.setattr("devbench.places.there._GRACE_S", 0.5)
    file = tmp_path / "program.py"
    file.write_text(WORKER)
    before = psutil.Process().children(recursive=True)
    for place in (HERE, board.place()):
        with Program(place, file, [deed]) as program:
            assert program.line(15) == "up"
            found = board.running() if place.ssh else _children(psutil.Process(), before)
            assert len(found) >= SUPERVISORS + 2
            if deed == "ends":
                assert program.finish(15)[0] == 0
        assert gone_within(found)


def test_a_program_that_was_not_talked_to_ends_with_its_host_too(host: _Host) -> None:
    found = host.start("waits", "stops")
    host.process.kill()
    assert gone_within(found)


def test_supervisors_sleep_while_the_worker_works(host: _Host) -> None:
    supervisors = _supervisors(host.start("alone", "sleeps"))

    def slept_well() -> bool:
        before = [one.num_ctx_switches() for one in supervisors]
        time.sleep(0.7)
        return [one.num_ctx_switches() for one in supervisors] == before

    _wait_until(slept_well)  # as soon as they have done what they do at the start


def test_a_life_ends() -> None:
    before = psutil.Process().children(recursive=True)
    talk = talk_here(HERE, [sys.executable, "-c", WORKER, "stops"], "start", life_s=0.5)
    talk.line(time.monotonic() + 10, "", "")
    found = _children(psutil.Process(), before)
    assert talk.process.exit_status(15) == 128 + signal.SIGKILL
    assert gone_within(found)
    talk.process.end()


class _Host:
    """A host in a process of its own, which can be killed."""

    process: subprocess.Popen[bytes]

    def start(self, *arguments: str) -> list[psutil.Process]:
        """Start it and its worker; all processes below it."""
        first, *rest = arguments
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOST, first, "-c", WORKER, *rest], stdout=subprocess.PIPE
        )
        assert self.process.stdout
        assert first == "waits" or self.process.stdout.readline() == b"up\n"
        count = SUPERVISORS + 3 + (first == "copied")
        _wait_until(lambda: len(_children(psutil.Process(self.process.pid), [])) == count)
        return _children(psutil.Process(self.process.pid), [])


@pytest.fixture
def host() -> Iterator[_Host]:
    made = _Host()
    yield made
    made.process.kill()
    made.process.communicate()


def _run(
    bench: Bench, deeds: list[str], board: Board | None = None
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run whose worker does what it should not, and all processes that belong to the worker."""
    mark = bench.folder / "mark"
    bench.fake("stuck", do=deeds, mark=str(mark))
    process = bench.start("run", bench.fake_suite("stuck", measure=LONG), "--out", "out")

    def found() -> list[psutil.Process]:
        return board.running() if board else _children(psutil.Process(process.pid), [])

    _wait_until(mark.exists)
    _wait_until(lambda: len(found()) >= SUPERVISORS + len(deeds))
    if "stop" in deeds:
        _wait_until(lambda: any(one.status() == psutil.STATUS_STOPPED for one in found()))
    return process, found()


def _children(process: psutil.Process, before: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in process.children(recursive=True) if one not in before]


def _supervisors(found: list[psutil.Process]) -> list[psutil.Process]:
    """The outer and the inner one: the first with a child of the same command line, and that child."""
    lines = {one.pid: one.cmdline() for one in found}
    inner = next(one for one in found if lines.get(one.ppid()) == lines[one.pid])
    return [inner.parent() or pytest.fail("it has no parent"), inner]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
