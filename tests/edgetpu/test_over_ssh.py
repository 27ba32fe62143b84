"""A Dev Board and a stick on another machine: reached by a real ssh server, with the stand-in library over there."""

from __future__ import annotations

import sys

from tests.board import Board
from tests.edgetpu.conftest import TpuMachine


def test_a_dev_board_its_cpu_and_a_stick_over_ssh(tpu: TpuMachine, board: Board) -> None:
    tpu.dev_board()
    tpu.chip()
    tpu.stick("2-1")
    devices = "usb:/sys/bus/usb/devices/1-1,usb:/sys/bus/usb/devices/2-1,pci:/dev/apex_0"
    there = " ".join(f"{name}={value}" for name, value in tpu.env(devices=devices).items())
    board.start(f"SetEnv {there}")
    reached = f"python: {sys.executable}, ssh: {{host: attic, config: {board.config}, cache: '{board.cache}'}}"
    tpu.bench.write(
        "lab.yaml",
        "places:\n"
        f"- {{name: attic, device: coral-dev-board, {reached}}}\n"
        f"- {{name: attic, device: coral-dev-board-cpu, {reached}}}\n"
        f"- {{name: stick, device: coral-usb, options: {{port: 2-1}}, {reached}}}\n",
    )
    suite = tpu.suite("coral-dev-board, coral-dev-board-cpu, coral-usb")
    done = tpu.bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    chip, cpu, stick = tpu.bench.run_file()["cases"]
    assert chip["rounds"][0]["facts"]["edgetpu_device"] == "pci:0"
    assert chip["rounds"][0]["facts"]["edgetpu_temperature_c"] == "45.0"
    assert "edgetpu_device" not in cpu["rounds"][0]["facts"]
    assert stick["rounds"][0]["facts"]["edgetpu_device"] == "usb:1", "the one in the port that lab.yaml names"
    assert {case["outcome"]["status"] for case in (chip, cpu, stick)} == {"measured"}


def test_a_library_that_is_missing_over_there(tpu: TpuMachine, board: Board) -> None:
    board.lab(tpu.bench.folder, device="coral-dev-board")
    done = tpu.bench("run", tpu.suite("coral-dev-board"), "--out", "out")
    assert done.returncode == 3, done.stderr
    outcome = tpu.outcome()
    assert outcome["status"] == "skipped"
    assert "libedgetpu.so.1: cannot open shared object file" in str(outcome["reason"])
    assert str(outcome["hint"]).startswith("At attic, for ")


def test_two_sticks_here_and_a_board_over_ssh(tpu: TpuMachine, board: Board) -> None:
    tpu.stick("1-2", number=3)
    tpu.stick("2-1", number=4)
    tpu.chip()
    devices = "usb:/sys/bus/usb/devices/1-2,usb:/sys/bus/usb/devices/2-1,pci:/dev/apex_0"
    there = " ".join(f"{name}={value}" for name, value in tpu.env(devices=devices).items())
    board.start(f"SetEnv {there}")
    board.lab(tpu.bench.folder, device="coral-dev-board")
    done = tpu.run(tpu.suite("coral-usb, coral-dev-board"), devices=devices)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {case["place"]: case for case in tpu.bench.run_file()["cases"]}
    assert {case["outcome"]["status"] for case in found.values()} == {"measured"}
    used = {name: case["rounds"][0]["facts"]["edgetpu_device"] for name, case in found.items()}
    assert used == {"1-2": "usb:0", "2-1": "usb:1", "local": "pci:0"}
