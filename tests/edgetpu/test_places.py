"""Which sticks and chips are places: those that are found, and those that lab.yaml names, here and behind ssh."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import devbench_edgetpu
from devbench import Absent, Device, Place, Ssh
from devbench.plugin.local import LocalPlugin
from devbench.plugin.plugin import Owner
from devbench.plugin.registry import Registry
from devbench.run import plan
from devbench_edgetpu.devices import CoralDevBoard, CoralDevBoardCpu, CoralPcie, CoralUsb
from tests.board import Board
from tests.conftest import Bench
from tests.edgetpu.conftest import TpuMachine

USB = "usb:/sys/bus/usb/devices/"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> TpuMachine:
    """A machine without an Edge TPU yet, whose files this process sees too."""
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("DEVBENCH_ROOT", str(tmp_path / "root"))
    return TpuMachine(bench, tmp_path / "root", tmp_path)


def find_places(device: type[Device], lab: list[Place]) -> tuple[list[Place], list[Absent]]:
    """What `devbench run` finds of `device`, whose plugin is in this process."""
    plugin = LocalPlugin(Owner(plugin="edgetpu", distribution="edge-devbench"), devbench_edgetpu)
    plugin.load()
    registry = Registry()
    registry.add_all(plugin)
    return plan.find_places(registry.devices[device.kind], lab)


def _stick(name: str, **options: str) -> Place:
    return Place(name=name, device="coral-usb", options=options)


def test_a_stick_that_lab_yaml_names_is_one_place_not_two(machine: TpuMachine) -> None:
    machine.stick("1-2", number=3)
    machine.stick("2-1", speed=480, number=4)
    places, absent = find_places(CoralUsb, [_stick("desk", port="2-1")])
    assert [(place.name, place.options) for place in places] == [("desk", {"port": "2-1"}), ("1-2", {"port": "1-2"})]
    assert places[0].facts["link"] == "USB 480 Mbit/s"
    assert absent == []


def test_a_place_that_names_no_port(machine: TpuMachine) -> None:
    machine.stick("2-1", number=4)
    places, _ = find_places(CoralUsb, [_stick("mine")])
    assert [(place.name, place.options) for place in places] == [("mine", {"port": "2-1"})], "the only one is meant"
    machine.stick("1-2", number=3)
    places, _ = find_places(CoralUsb, [_stick("1-2")])
    assert {place.name: place.options for place in places} == {"1-2": {"port": "1-2"}, "2-1": {"port": "2-1"}}
    places, (absent,) = find_places(CoralUsb, [_stick("mine")])
    assert absent.reason == "lab.yaml does not say which of the USB Accelerators in ports 1-2, 2-1 it means"
    assert absent.hint == "Say it: `options: {port: 1-2}`."
    assert len(places) == 2


def test_an_empty_port_is_not_ready_and_the_others_are(machine: TpuMachine) -> None:
    assert find_places(CoralUsb, [])[1] == [
        Absent(device="coral-usb", reason="no USB Accelerator is plugged into this machine")
    ]
    _, (absent,) = find_places(CoralUsb, [_stick("desk", port="3-1")])
    assert (absent.place, absent.reason) == ("desk", "no USB Accelerator is plugged in here")
    assert "pass through both USB ids" in absent.hint
    machine.stick("2-1")
    places, (absent,) = find_places(CoralUsb, [_stick("desk", port="3-1")])
    assert absent.reason == "nothing is in port 3-1; there are USB Accelerators in 2-1"
    assert [place.name for place in places] == ["2-1"]


def test_a_stick_without_permission_is_said_beside_one_that_works(
    machine: TpuMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.stick("1-2", number=3)
    node = str(machine.stick("2-1", number=4))
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != node and allowed(path, mode))  # root may everything
    for lab in ([], [_stick("desk", port="2-1")]):
        places, (absent,) = find_places(CoralUsb, lab)
        assert [place.name for place in places] == ["1-2"]
        assert absent.reason == f"stick in port 2-1: no permission for {node}"
        assert "sudo usermod -aG plugdev" in absent.hint


def test_chips_and_the_dev_board(machine: TpuMachine) -> None:
    chip = Place(name="card", device="coral-pcie")
    assert "gasket" in find_places(CoralPcie, [])[1][0].reason
    assert find_places(CoralPcie, [chip])[1][0].reason.startswith("there is no /dev/apex_0")
    machine.chip()
    (card,), _ = find_places(CoralPcie, [chip])
    assert (card.name, card.options, card.facts["link"]) == ("card", {"node": "apex_0"}, "PCIe")
    _, (absent,) = find_places(CoralPcie, [Place(name="two", device="coral-pcie", options={"node": "apex_1"})])
    assert absent.reason.startswith("there is no /dev/apex_1; there is apex_0")
    for device in (CoralDevBoard, CoralDevBoardCpu):
        here = Place(name="board", device=device.kind)
        assert "not a Coral Dev Board" in find_places(device, [here])[1][0].reason
        far = Place(name="far", device=device.kind, ssh=Ssh(host="attic"))
        (reached,), none_absent = find_places(device, [far])
        assert (reached.name, reached.ssh, reached.options) == ("far", far.ssh, device.place_options)
        assert none_absent == []
    machine.dev_board()
    assert find_places(CoralDevBoard, [])[0][0].name == "apex_0"
    assert find_places(CoralDevBoardCpu, [])[0][0].name == "local"
    assert find_places(CoralPcie, [])[1][0].reason == (
        "the chip of this machine is that of a Dev Board: it is called coral-dev-board"
    )


def test_nothing_is_here_and_what_to_do_about_it(tpu: TpuMachine) -> None:
    tpu.bench.write("lab.yaml", "places: [{name: desk, device: coral-usb, options: {port: 3-1}}]\n")
    done = tpu.run(tpu.suite())
    assert done.returncode == 3
    assert "none of its devices is here (coral-usb: no USB Accelerator is plugged in here)" in done.stderr
    assert "pass through both USB ids" in done.stderr, "the remedy, too"


def test_places_behind_ssh_are_looked_at_over_there(tpu: TpuMachine, board: Board) -> None:
    tpu.stick("2-1")
    tpu.stick("1-2", number=8).unlink()
    devices = f"{USB}1-2,{USB}2-1"
    there = " ".join(f"{name}={value}" for name, value in tpu.env(devices=devices).items())
    board.start(f"SetEnv {there}")
    reached = f"python: {sys.executable}, ssh: {{host: attic, config: {board.config}, cache: '{board.cache}'}}"
    sticks = {"good": "2-1", "empty": "3-1", "closed": "1-2"}
    tpu.bench.write(
        "lab.yaml",
        "places:\n"
        + "".join(
            f"- {{name: {name}, device: coral-usb, options: {{port: {port}}}, {reached}}}\n"
            for name, port in sticks.items()
        ),
    )
    done = tpu.bench("devices", "--json", env={"DEVBENCH_PLUGINS": "edgetpu"})
    lines = [line for line in json.loads(done.stdout) if line["device"] == "coral-usb"]
    assert {line["place"] for line in lines if line["ready"]} == {"good"}
    reasons = {line["place"]: line["text"] for line in lines if not line["runtime"]}
    assert reasons["empty"] == "nothing is in port 3-1; there are USB Accelerators in 1-2, 2-1"
    assert reasons["closed"].startswith("stick in port 1-2: ")
    run = tpu.bench("run", tpu.suite(), "--out", "out")
    assert run.returncode == 0, run.stderr
    (case,) = tpu.bench.run_file()["cases"]
    assert (case["place"], case["rounds"][0]["facts"]["edgetpu_device"]) == ("good", "usb:1")
