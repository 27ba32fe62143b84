"""A Jetson behind ssh: what it says of itself, how it is set and put back, and its energy; by a real ssh server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from devbench.domain.place import Place, Ssh
from devbench_jetson.devices import Jetson
from devbench_jetson.settings import changes_for
from tests.board import Board as Server
from tests.board import gone_within
from tests.conftest import Bench
from tests.jetson import boards
from tests.jetson.boards import Board
from tests.jetson.test_device import LONG, QUICK, suite, wait_until
from tests.settings.test_tuning import guardian_of

POWER = "{rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 1, cap_s: 5, time_limit_s: 20, max_rounds: 1}"


class Far:
    """A board of files behind a server, and this machine, which is none: it has a root of its own."""

    def __init__(self, bench: Bench, server: Server, generation: str) -> None:
        self.bench, self.server = bench, server
        folder = bench.folder / "far"
        folder.mkdir()
        self.board = Board(folder, generation)
        self.left = bench.folder / "cache/settled.json"
        self.rail = next(self.board.root.glob("sys/bus/i2c/drivers/*/*/*/*/curr1_input"), None) or next(
            self.board.root.glob("sys/bus/i2c/drivers/*/*/*/in_power0_input")
        )
        here = bench.folder / "here"
        boards.write(here, "sys/devices/system/cpu/online", "0\n")
        boards.hwmon_rails(here)  # 2 W, which are not the board's
        source = Path(__file__).with_name("plugin_rail.py").read_text().replace("return [Cpu, JetsonCpu]", "return []")
        bench.plugin("rail", source.replace("__file__", repr(__file__)))
        bench.env |= {"DEVBENCH_ROOT": str(here), "DEVBENCH_PLUGINS": "jetson,rail"}
        self.plan(idle=1, loading=1, inferring=1, invoke_us=1000, rail=str(bench.folder / "rail"))
        self.starts(self.board.root)

    def plan(self, **plan: object) -> None:
        self.bench.write("net.fake", json.dumps(plan))

    def starts(self, root: Path) -> None:
        """The server, whose programs see `root`."""
        self.server.start(f"SetEnv DEVBENCH_ROOT={root} PATH={boards.path_with(self.board.bin)}")

    def lab(self, settle: str = "{}", python: str = sys.executable) -> None:
        ssh = f"{{host: attic, config: '{self.server.config}', cache: '{self.server.cache}'}}"
        place = f"{{name: attic, device: jetson-cpu, settle: {settle}, python: '{python}', ssh: {ssh}}}"
        self.bench.write("lab.yaml", f"places:\n  - {place}\n")

    def run(self, measure: str = QUICK) -> dict[str, Any]:
        """The record of the case."""
        self.done = self.bench("run", suite(self.bench, measure), "--out", "out")
        assert self.done.returncode in (0, 3), self.done.stderr
        record: dict[str, Any] = self.bench.run_file()["cases"][0]
        return record

    def start(self, settle: str = "{nvpmodel: 0, jetson_clocks: true}") -> subprocess.Popen[str]:
        """A run whose settings are made and whose worker is in its loop."""
        before = self.board.set()
        self.lab(settle)
        process = self.bench.start("run", suite(self.bench, LONG), "--out", "out")
        wait_until(lambda: self.board.set()[0] == "0" and self.board.set()[1] != before[1])
        return process

    def worker(self) -> list[psutil.Process]:
        return [one for one in self.server.running() if "devbench-worker" in " ".join(_words(one))]

    def started(self) -> list[psutil.Process]:
        """What this side has sent there as text."""
        return [one for one in self.server.running() if "exec(sys.stdin" in " ".join(_words(one)[2:3])]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def far(bench: Bench, board: Server) -> Callable[[str], Far]:
    return lambda generation: Far(bench, board, generation)


def test_each_round_keeps_what_the_board_over_there_says(
    far: Callable[[str], Far], interpreters: Callable[[str], str]
) -> None:
    nano = far("nano")
    before = nano.board.set()
    nano.lab(python=interpreters("3.6"))
    record = nano.run()
    assert len(record["rounds"]) == 2
    for about in record["rounds"]:
        facts = about["facts"]
        assert facts["python"].startswith("3.6.")
        assert facts["board"] == "NVIDIA Jetson Nano Developer Kit"
        assert facts["power_mode"] == "1 (5W)"
        assert facts["clocks_pinned"] == "no"
        assert facts["gpu_mhz"] == facts["gpu_mhz_end"] == "76 (76 to 921)"
        assert facts["temperatures_c"] == facts["temperatures_c_end"] == "CPU=40.5"
        assert "board_unknown" not in facts
    assert record["remarks"] == []
    assert nano.board.set() == before
    assert nano.server.logins() == 1, "all of it shared one connection"


def test_a_place_that_is_no_jetson_says_so(far: Callable[[str], Far], tmp_path: Path) -> None:
    orin = far("orin")
    orin.starts(tmp_path / "nothing")
    orin.lab()
    record = orin.run()
    assert record["outcome"]["status"] == "measured"
    assert record["rounds"][0]["facts"]["board_unknown"].startswith("not a Jetson")
    assert record["remarks"][0].startswith("The settings of the board are not known: not a Jetson")
    assert "not a Jetson" in orin.done.stdout


@pytest.mark.parametrize(("generation", "mode", "wanted"), [("nano", "0", "0"), ("orin", "MAXN_SUPER", "2")])
def test_settings_are_made_over_there_and_put_back(
    far: Callable[[str], Far], generation: str, mode: str, wanted: str
) -> None:
    one = far(generation)
    before = one.board.set()
    one.lab(f"{{nvpmodel: {mode}, jetson_clocks: true, cool_c: 60}}")
    facts = one.run()["rounds"][0]["facts"]
    assert facts["power_mode"].startswith(f"{wanted} (MAXN")
    assert facts["clocks_pinned"] == "yes"
    assert one.board.set() == before
    assert not one.left.exists()
    assert not (one.board.root / "run/devbench-jetson-clocks.conf").exists()
    assert "settle: attic: clocks pinned by jetson_clocks" in one.done.stderr
    assert "settle: everything is restored" in one.done.stderr


def test_what_the_board_refuses_is_said_with_its_reason(far: Callable[[str], Far]) -> None:
    orin = far("orin")
    before = orin.board.set()
    for settle, why in (
        ("{nvpmodel: 3}", "attic: power mode 1 (25W) → 3 (7W): not possible: the board must be rebooted for it"),
        ("{nvpmodel: 9}", "attic: this board has no power mode 9"),
    ):
        orin.lab(settle)
        done = orin.bench("run", suite(orin.bench), "--out", f"out{settle[-2]}")
        assert done.returncode == 1
        assert why in done.stderr
        assert orin.board.set() == before
        assert not orin.left.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_however_the_run_ends_the_settings_come_back(far: Callable[[str], Far], number: int) -> None:
    nano = far("nano")
    before = nano.board.set()
    process = nano.start()
    process.send_signal(number)
    process.communicate(timeout=20)
    wait_until(lambda: nano.board.set() == before)
    wait_until(lambda: not nano.left.exists())
    assert "jetson_clocks --restore" in nano.board.calls.read_text()


def test_a_kill_while_the_clocks_are_being_set_waits_for_the_program_before_it_undoes(
    far: Callable[[str], Far],
) -> None:
    nano = far("nano")
    nano.board.jetson_clocks(slow=1)
    before = nano.board.set()
    nano.lab("{jetson_clocks: true}")
    process = nano.bench.start("run", suite(nano.bench, LONG), "--out", "out")
    calls = nano.board.calls
    wait_until(lambda: calls.exists() and calls.read_text().endswith("jetson_clocks\n"))
    process.kill()
    process.communicate(timeout=20)
    wait_until(lambda: not nano.left.exists())
    assert calls.read_text().count("--restore") == 1
    time.sleep(1.2)  # in which one that was not waited for would have set them again
    assert nano.board.set() == before


def test_a_connection_that_is_lost_leaves_the_undoing_to_doctor(far: Callable[[str], Far]) -> None:
    nano = far("nano")
    before = nano.board.set()
    process = nano.start()
    wait_until(nano.worker)
    nano.server.stop()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert nano.board.set() != before
    assert nano.left.exists()
    assert "cannot restore: `ssh -F " in error
    assert "Connection refused" in error
    assert "or: ssh -F " in error, "no sudo: the board is another machine"
    assert "sudo" not in error
    (case,) = nano.bench.run_file()["cases"]
    during_a_round, before_it = "the connection to attic was lost", "attic is there, but no ssh server answers"
    assert case["outcome"]["error"] in (during_a_round, before_it)
    left = json.loads(nano.left.read_text())
    nano.left.write_text(json.dumps(left | {"boot_id": "this machine was started anew, and the board was not"}))
    assert "cannot restore" in nano.bench("doctor").stdout
    nano.starts(nano.board.root)
    assert "restored all 2 settings that it had left" in nano.bench("doctor").stderr
    assert nano.board.set() == before
    assert not nano.left.exists()


def test_a_kill_of_the_guardian_too_is_made_good_by_the_next_doctor(far: Callable[[str], Far]) -> None:
    nano = far("nano")
    before = nano.board.set()
    process = nano.start()
    os.kill(guardian_of(process.pid), signal.SIGKILL)
    process.kill()
    process.communicate(timeout=20)
    time.sleep(0.3)
    assert nano.board.set() != before
    assert "restored all 2 settings that it had left" in nano.bench("doctor").stderr
    assert nano.board.set() == before


def test_a_board_that_is_too_hot_is_waited_for(far: Callable[[str], Far]) -> None:
    nano = far("nano")
    nano.lab("{cool_c: 40}")
    process = nano.bench.start("run", suite(nano.bench), "--out", "out")
    wait_until((nano.bench.folder / "out/run.json").exists)
    time.sleep(2)
    assert not nano.bench.run_file()["cases"][0]["rounds"]
    nano.board.zone(0, "CPU-therm", 39900)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert nano.bench.run_file()["cases"][0]["rounds"][0]["facts"]["temperatures_c"] == "CPU=39.9"


def test_another_user_over_there_changes_the_board_by_sudo(
    far: Callable[[str], Far], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nano = far("nano")
    shadow = "import os; os.geteuid = lambda: 1000"
    python = boards.program(tmp_path, "python", f"#!/bin/sh\nexec {sys.executable} -c '{shadow}; '\"$2\"\n")
    ssh = Ssh(host="attic", config=nano.server.config)
    settle = {"nvpmodel": "MAXN", "jetson_clocks": True}
    mode, clocks = changes_for(Place(name="attic", device="jetson", ssh=ssh, settle=settle, python={"": str(python)}))
    undone = [Jetson().undo(change.setting, change.was) for change in (mode, clocks)]
    assert [*mode.apply, undone[0]] == [
        ("sudo", "-n", "nvpmodel", "-m", "0"),
        ("sudo", "-n", "nvpmodel", "-q"),
        ("sudo", "-n", "nvpmodel", "-m", "1"),
    ]
    assert all(command[:2] == ("sudo", "-n") for command in (*clocks.apply, undone[1]))


@pytest.mark.parametrize("generation", ["nano", "orin"])
def test_the_energy_is_read_over_there(
    far: Callable[[str], Far], interpreters: Callable[[str], str], generation: str
) -> None:
    one = far(generation)
    unit = 5 if generation == "nano" else 1  # the older driver gives milliwatts, the newer milliamperes on 5 V
    one.plan(rail=str(one.rail), idle=400 * unit, loading=1800 * unit, inferring=1000 * unit, invoke_us=10_000)
    one.bench.env["DEVBENCH_PLUGINS"] = "jetson,rail,energy"
    one.lab(python=interpreters("3.6"))
    (about,) = one.run(POWER)["rounds"]
    begin_s, end_s = about["loop_s"]
    inferences = about["samples"] * about["inferences_per_sample"]
    assert about["facts"]["energy_source"] == ("ina3221: POM_5V_IN" if generation == "nano" else "ina3221: VDD_IN")
    assert about["energy_mj"] == pytest.approx(3e3 * (end_s - begin_s) / inferences, rel=0.02)
    assert about["energy_mj"] > 29
    assert float(about["facts"]["power_idle_w"]) == pytest.approx(2, rel=0.01)
    assert gone_within(one.server.running())


def test_a_board_without_a_rail_has_no_energy(far: Callable[[str], Far], tmp_path: Path) -> None:
    one = far("orin")
    one.starts(tmp_path / "nothing")
    one.bench.env["DEVBENCH_PLUGINS"] = "jetson,rail,energy"
    one.lab()
    (about,) = one.run(POWER)["rounds"]
    assert about["energy_mj"] is None
    assert "energy_unknown" not in about["facts"]


@pytest.mark.parametrize("what", ["kill", "drop"])
def test_no_meter_is_left_over_there(far: Callable[[str], Far], what: str) -> None:
    one = far("orin")
    one.bench.env["DEVBENCH_PLUGINS"] = "jetson,rail,energy"
    one.lab()
    process = one.bench.start("run", suite(one.bench, LONG), "--out", "out")
    wait_until(lambda: len(one.started()) >= 2)  # the receiver and the meter
    wait_until(one.worker)
    left = one.server.running()
    if what == "kill":
        process.kill()
    else:
        one.server.stop()
    assert gone_within(left), [_words(process) for process in left]
    process.communicate(timeout=30)
