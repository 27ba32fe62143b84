"""Whole nights with boards from a real labgrid: reserved, measured, released, whoever else wants them."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.lab.conftest import LabBench
from tests.lab.real_labgrid import Lab

pytestmark = [pytest.mark.xdist_group("labgrid"), pytest.mark.timeout(300)]


@pytest.fixture
def shared(lab: LabBench, labgrid: Lab) -> Iterator[LabBench]:
    """Boards a and b are attic and loft in labgrid; c, which shares a hub with a, is nobody's business."""
    lab.remote(
        "name: a, ssh: a, labgrid: attic, shares: hub", "name: b, ssh: b, labgrid: loft", "name: c, ssh: c, shares: hub"
    )
    for name in "abc":
        lab.board(name)
    path = lab.folder / "lab.yaml"
    client = f"labgrid: {{client: {labgrid.client.program}, coordinator: '{labgrid.address}'}}\n"
    path.write_text(path.read_text() + client)
    yield lab
    for place in ("attic", "loft"):
        labgrid.ask("-p", place, "release", "--kick")


def _until(happened: Callable[[], bool], night: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        assert night is None or night.poll() is None, night.communicate()
        time.sleep(0.1)


@pytest.mark.thorough
def test_a_night_that_is_killed_gives_back_its_boards_and_asks_for_them_again_when_it_goes_on(
    shared: LabBench, labgrid: Lab
) -> None:
    suite = shared.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("min_runs: 5", "min_runs: 1000"))  # 2 s
    night = shared.bench.start("lab", "run")
    names: set[str] = set()

    def reserved() -> bool:
        names.update(labgrid.holders().values())
        return len(names - {"None"}) == 2

    _until(reserved, night)
    begins = f"{socket.gethostname()}/devbench-20"
    assert all(one.startswith(begins) for one in names - {"None"}), "each board has a name of its own"
    _until(lambda: bool(list(shared.nights.glob("*/runs/*a@board/parts/*.parquet"))), night)
    night.send_signal(signal.SIGKILL)
    night.communicate()
    _until(lambda: labgrid.holders() == {"attic": "None", "loft": "None"})
    assert labgrid.ask("-p", "loft", "acquire").returncode == 0
    night = shared.bench.start("lab", "run")
    _until(lambda: "devbench-" in labgrid.holder("attic"), night)
    _, errors = night.communicate(timeout=120)
    assert night.returncode == 5, errors
    places = shared.places()
    assert {name: one["measured"] for name, one in places.items()} == {"a": 1, "b": 0, "c": 1}
    assert places["b"]["health_after"] == "unknown"
    assert "loft is held by desk/anna (since 20" in places["b"]["why"]
    assert labgrid.holders() == {"attic": "None", "loft": "desk/anna"}, "hers is hers"
    assert list((shared.nights / "held").iterdir()) == []
    assert len(list(shared.nights.glob("20*"))) == 1, "the same night"


@pytest.mark.thorough
def test_a_board_that_somebody_has_until_later_keeps_nobody_waiting_and_is_measured_then(
    shared: LabBench, labgrid: Lab
) -> None:
    path = shared.folder / "lab.yaml"
    path.write_text(path.read_text().replace("  pause:", "  wait: 60 s\n  pause:"))
    assert labgrid.ask("-p", "attic", "acquire").returncode == 0
    night = shared.bench.start("lab", "run")
    log = shared.boards / "loops.log"

    def done() -> list[str]:
        return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []

    _until(lambda: done().count("b") == 2 and done().count("c") == 2, night)
    assert "a" not in done()
    assert labgrid.holder("attic") == "desk/anna"
    assert labgrid.ask("-p", "attic", "release").returncode == 0
    _, errors = night.communicate(timeout=120)
    assert night.returncode == 0, errors
    assert "labgrid: attic is held by desk/anna" in errors
    assert {name: one["measured"] for name, one in shared.places().items()} == {"a": 1, "b": 1, "c": 1}
    runs = next(one["runs"] for one in shared.newest()["groups"] if one["name"] == "board a")
    assert len(runs) == 2, "one for those that were there, and one for the board that came later"
    assert labgrid.holder("attic") == "None"


@pytest.fixture
def quick(lab: LabBench, labgrid: Lab) -> LabBench:
    """Boards that take no time: a and b are attic and loft in labgrid."""
    lab.sim("a", "b", "c")
    path = lab.folder / "lab.yaml"
    text = path.read_text()
    for name, place in (("a", "attic"), ("b", "loft")):
        text = text.replace(f"name: {name},", f"name: {name}, labgrid: {place},")
    path.write_text(f"{text}labgrid: {{client: {labgrid.client.program}, coordinator: '{labgrid.address}'}}\n")
    return lab


def test_boards_that_people_have_are_no_outage_of_the_laboratory(quick: LabBench, labgrid: Lab) -> None:
    for place in ("attic", "loft"):
        assert labgrid.ask("-p", place, "acquire").returncode == 0
    try:
        night = quick.night(status=5)
    finally:
        for place in ("attic", "loft"):
            labgrid.ask("-p", place, "release")
    assert night["problems"] == []
    assert {name: one["measured"] for name, one in quick.places().items()} == {"a": 0, "b": 0, "c": 1}
    assert "attic is held by desk/anna" in quick.places()["a"]["why"]


@pytest.mark.thorough
def test_an_exporter_or_a_coordinator_that_is_gone_is_said_and_what_needs_neither_is_measured(
    quick: LabBench, labgrid: Lab
) -> None:
    labgrid.end("exporter")
    try:
        night = quick.night(status=None)
        assert {name: one["measured"] for name, one in quick.places().items()} == {"a": 0, "b": 0, "c": 1}
        assert "attic: its resources are not there: its exporter is not connected" in quick.places()["a"]["why"]
        assert "2 of 3 places failed at once" in night["problems"][0]
        labgrid.end("coordinator")
        quick.night(status=5)
        assert {name: one["measured"] for name, one in quick.places().items()} == {"a": 0, "b": 0, "c": 1}
        assert f"coordinator at {labgrid.address} does not answer" in quick.places()["b"]["why"]
    finally:
        for name in ("coordinator", "exporter"):
            if name not in labgrid.processes:
                labgrid.start(name)
