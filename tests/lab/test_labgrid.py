"""Boards that are shared through labgrid: with a real coordinator and exporter on the loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from devbench.lab.labgrid import Reservations, release_left_over
from devbench.lab.labgrid_client import Client, ReservationError
from tests.lab.real_labgrid import Lab

pytestmark = [pytest.mark.xdist_group("labgrid"), pytest.mark.timeout(300)]


def night_of(lab: Lab, notes: Path, said: list[str] | None = None) -> Reservations:
    """A night that may reserve boards."""
    tell = [].append if said is None else said.append
    return Reservations(client=lab.client, notes=notes, night="2026-11-21", tell=tell)


def soon() -> float:
    return time.monotonic() + 60


def test_a_board_is_ours_while_the_block_runs_and_power_goes_through_labgrid(labgrid: Lab, tmp_path: Path) -> None:
    with night_of(labgrid, tmp_path / "held") as night:
        with night.reserved("attic", soon()) as board, night.reserved("", soon()) as nothing:
            host, user = labgrid.holder().split("/")
            assert (host, user[:20]) == (socket.gethostname(), "devbench-2026-11-21-")
            assert "already acquired" in labgrid.ask("-p", "attic", "acquire").stderr
            assert board.check() == ""
            assert nothing.check() == ""
            labgrid.switched.clear()
            board.power_cycle(off_s=0.1)
            assert labgrid.switched == ["/1/0", "/1/1"]
        assert labgrid.holder() == "None"
    assert list((tmp_path / "held").iterdir()) == []


def test_a_board_that_somebody_has_is_waited_for_and_never_taken(labgrid: Lab, tmp_path: Path) -> None:
    said: list[str] = []
    assert labgrid.ask("-p", "attic", "acquire").returncode == 0
    with night_of(labgrid, tmp_path, said) as night:
        with pytest.raises(ReservationError) as refused, night.reserved("attic", time.monotonic() + 0.5):
            pass
        assert refused.value.kind == "taken"
        assert "attic is held by desk/anna (since 20" in refused.value.message
        assert labgrid.ask("reservations").stdout == ""
        got = threading.Event()

        def wait() -> None:
            with night.reserved("attic", soon()):
                got.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not labgrid.ask("reservations").stdout:
            time.sleep(0.2)
        assert labgrid.holder() == "desk/anna"
        assert not got.is_set()
        assert labgrid.ask("-p", "attic", "release").returncode == 0
        waiting.join(60)
        assert got.is_set()
        assert labgrid.ask("reservations").stdout == ""
    assert any(line.startswith("labgrid: attic is held by desk/anna") for line in said)
    assert labgrid.holder() == "None"


HOLD = """
import sys, time
from pathlib import Path
from devbench.lab.labgrid import Reservations
from devbench.lab.labgrid_client import Client
client = Client(program=sys.argv[1], coordinator=sys.argv[2])
with Reservations(client=client, notes=Path(sys.argv[3]), night="2026-11-21", tell=print) as night:
    with night.reserved("attic", time.monotonic() + 60), night.reserved("loft", time.monotonic() + 60):
        print(night._guardian.pid, flush=True)
        time.sleep(600)
"""


def test_boards_of_a_night_that_was_killed_with_its_guardian_are_released_later(labgrid: Lab, tmp_path: Path) -> None:
    """That the guardian alone releases them is shown by a whole night, in test_labgrid_nights.py."""
    words = [sys.executable, "-c", HOLD, labgrid.client.program, labgrid.address, str(tmp_path)]
    night = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert night.stdout
    os.kill(int(night.stdout.readline()), signal.SIGKILL)
    night.kill()
    night.wait()
    night.stdout.close()
    assert all("devbench-" in one for one in labgrid.holders().values())
    assert labgrid.ask("-p", "loft", "release", "--kick").returncode == 0
    assert labgrid.ask("-p", "loft", "acquire").returncode == 0
    done = release_left_over(tmp_path, labgrid.client)
    assert sorted(one.split(":")[0] for one in done) == ["attic", "loft"]
    assert labgrid.holders() == {"attic": "None", "loft": "desk/anna"}, "who has it now keeps it"
    assert labgrid.ask("-p", "loft", "release").returncode == 0
    assert list(tmp_path.iterdir()) == []
    assert release_left_over(tmp_path, labgrid.client) == ()


def test_a_coordinator_that_restarts_forgets_the_board_and_it_is_reserved_again(labgrid: Lab, tmp_path: Path) -> None:
    with night_of(labgrid, tmp_path) as night, ExitStack() as held:
        board = held.enter_context(night.reserved("attic", soon()))
        labgrid.restart()
        assert labgrid.holder() == "None"
        assert "attic: labgrid no longer knew the reservation" in board.check()
        assert "devbench-" in labgrid.holder()
        assert labgrid.ask("-p", "attic", "release", "--kick").returncode == 0
        assert labgrid.ask("-p", "attic", "acquire").returncode == 0
        night._seen = (-1e9, {})
        with pytest.raises(ReservationError, match="desk/anna has it now") as lost:
            board.check()
        assert lost.value.kind == "lost"
        held.close()
        assert labgrid.holder() == "desk/anna"
        assert labgrid.ask("-p", "attic", "release").returncode == 0


def test_an_exporter_or_a_coordinator_that_is_gone_and_a_place_that_is_not_there(labgrid: Lab, tmp_path: Path) -> None:
    now = time.monotonic()
    with night_of(labgrid, tmp_path) as night:
        with pytest.raises(ReservationError, match="labgrid has no place att") as unknown, night.reserved("att", now):
            pass  # labgrid-client itself would take attic: any place whose name has these letters
        assert unknown.value.kind == "unknown"
        assert "attic, loft" in unknown.value.hint
        labgrid.end("exporter")
        with (
            pytest.raises(ReservationError, match="its exporter is not connected") as gone,
            night.reserved("attic", now),
        ):
            pass
        assert gone.value.kind == "gone"
        labgrid.end("coordinator")
        with (
            pytest.raises(ReservationError, match=r"coordinator at 127\.0\.0\.1") as away,
            night.reserved("attic", now),
        ):
            pass
        assert away.value.kind == "away"
    labgrid.start("coordinator")
    labgrid.start("exporter")


def test_a_release_that_fails_is_told_and_tried_again_at_the_end(labgrid: Lab, tmp_path: Path) -> None:
    said: list[str] = []
    with night_of(labgrid, tmp_path, said) as night:
        with night.reserved("attic", soon()):
            labgrid.end("coordinator")
        assert said[-1].startswith("labgrid: attic could not be released: ")
        assert len(list(tmp_path.iterdir())) == 1
        labgrid.end("exporter")
        labgrid.start("coordinator")
        labgrid.start("exporter")
    assert list(tmp_path.iterdir()) == []  # the guardian has asked again


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    night = Reservations(client=Client(program="no-such-client"), notes=tmp_path, night="1", tell=print)
    with night, pytest.raises(ReservationError, match="no-such-client cannot be started"), night.reserved("attic", 0):
        pass
    assert list(tmp_path.iterdir()) == []
