"""`settle:` where groups go on side by side: no board waits for another one, and one that refuses stops no other."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.lab.simulated import install, install_ssh, write_lab
from tests.lab.conftest import LabBench

# A board is measured once all boards of `together` wait to be measured; its fan must be at full speed by then.
CHILLED = """
import time
from collections.abc import Callable
from pathlib import Path
from devbench import Absent, Change, Device, RoundError, hookimpl

BOARDS = Path({boards!r})

class Chilled(Device):
    kind = "chilled"
    runtimes = ("sleeper",)
    settings = ("fan",)

    def discover(self):
        return [Absent(device="chilled", reason="only lab.yaml knows one")]

    def changes(self, place):
        set_it = "test -e ~/stuck && exit 1; echo full > ~/fan"
        return [Change(setting="fan", text="fan auto -> full", apply=(("sh", "-c", set_it),), was={{"fan": "auto"}})]

    def undo(self, setting, was):
        return ("sh", "-c", f"echo {{was['fan']}} > ~/fan")

    def settle(self, place):
        if (BOARDS / place.name / "fan").read_text() != "full\\n":
            raise RoundError("the fan is not at full speed")
        (BOARDS / place.name / "waits").touch()
        until = time.monotonic() + 20
        while not all((BOARDS / name / "waits").exists() for name in {together!r}):
            if time.monotonic() > until:
                raise RoundError("it waits alone")
            time.sleep(0.02)

@hookimpl
def devbench_devices():
    return [Chilled]
"""


def _chilled(lab: LabBench, *names: str, together: tuple[str, ...]) -> None:
    """Boards behind the stand-in for ssh, of a device that another distribution brings, in a process of its own."""
    lab.bench.env |= {"PATH": install_ssh(lab.folder), "PYTHONPATH": str(lab.folder / "site")}
    lab.bench.env["DEVBENCH_ROOT"] = str(lab.folder / "root")
    (lab.folder / "root/sys/devices/system/cpu").mkdir(parents=True)
    install(lab.folder / "site", "cool", CHILLED.format(boards=str(lab.boards), together=together))
    entry = "device: chilled, python: {python}, name: {name}, ssh: {name}, settle: {{fan: full}}"
    places = [entry.format(python=sys.executable, name=name) for name in names]
    write_lab(lab.folder, places, "chilled", gold=False)
    for name in names:
        lab.board(name, fan="auto\n")


def _fans(lab: LabBench) -> dict[str, str]:
    return {path.parent.name: path.read_text().strip() for path in lab.boards.glob("*/fan")}


def test_boards_cool_side_by_side_and_one_that_refuses_its_settings_stops_no_other(lab: LabBench) -> None:
    _chilled(lab, "a", "b", "c", together=("a", "b"))
    lab.board("c", stuck="", fan="auto\n")
    done = lab.bench("run", "suite.yaml", "--out", "out")
    assert done.returncode == 3, done.stderr
    outcomes = {one["place"]: one["outcome"] for one in lab.bench.run_file()["cases"]}
    assert {name: one["status"] for name, one in outcomes.items()} == {"a": "measured", "b": "measured", "c": "failed"}
    assert outcomes["c"]["error"].startswith("settle: c: fan auto -> full: not possible")
    assert _fans(lab) == {"a": "auto", "b": "auto", "c": "auto"}, "undone"
    assert not list((lab.folder / "cache").glob("settled*"))


@pytest.mark.thorough
def test_a_night_sets_each_board_and_undoes_it_also_when_it_is_killed(lab: LabBench) -> None:
    _chilled(lab, "a", "b", together=("a", "b"))
    suite = lab.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("min_runs: 5", "min_runs: 1500"))  # 3 s
    night = lab.bench.start("lab", "run")
    _wait_for(lambda: all((lab.boards / name / "waits").exists() for name in "ab"), night)
    assert _fans(lab) == {"a": "full", "b": "full"}
    night.send_signal(signal.SIGKILL)
    night.communicate()
    _wait_for(lambda: _fans(lab) == {"a": "auto", "b": "auto"})
    _wait_for(lambda: not list(Path(lab.folder / "cache").glob("settled*")))
    suite.write_text(suite.read_text().replace("min_runs: 1500", "min_runs: 5"))
    night_of = lab.night()
    assert all(one["measured"] == 1 for one in night_of["places"])
    assert _fans(lab) == {"a": "auto", "b": "auto"}


def _wait_for(happened: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)
