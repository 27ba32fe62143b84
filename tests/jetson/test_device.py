"""A Jetson is recognised, says how it is set, and is set otherwise only for as long as somebody wants it to be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devbench.domain.extend import Device
from devbench.domain.place import Place
from devbench.testing import check_device
from devbench_jetson import board as snapshot
from devbench_jetson.devices import Jetson, JetsonCpu
from devbench_jetson.settings import changes_for
from tests.conftest import Bench
from tests.jetson import boards
from tests.jetson.boards import Board
from tests.settings.test_tuning import guardian_of

QUICK = "{rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 0.2, time_limit_s: 20, max_rounds: 2}"
LONG = "{rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 20, cap_s: 30, time_limit_s: 60, max_rounds: 1}"


@pytest.fixture
def make(bench: Bench) -> Callable[[str], Board]:
    """Makes a board of a generation, on which `bench` acts; its CPU has a runtime that does nothing."""

    def one(generation: str) -> Board:
        made = Board(bench.folder, generation)
        source = Path(__file__).with_name("plugin_rail.py").read_text().replace("return [Cpu, JetsonCpu]", "return []")
        bench.plugin("rail", source.replace("__file__", repr(__file__)))
        bench.env |= {"DEVBENCH_ROOT": str(made.root), "DEVBENCH_PLUGINS": "jetson,rail"}
        bench.env["PATH"] = boards.path_with(made.bin)
        bench.write(
            "net.fake",
            json.dumps(
                dict.fromkeys(("idle", "loading", "inferring"), 1)
                | {"invoke_us": 1000, "rail": str(bench.folder / "rail")}
            ),
        )
        return made

    return one


def suite(bench: Bench, measure: str = QUICK) -> Path:
    return bench.write(
        "suite.yaml",
        f"name: board\nmodels:\n  - {{name: net, source: net.fake}}\ndevices: [jetson-cpu]\nmeasure: {measure}\n",
    )


def lab(bench: Bench, settle: str) -> None:
    bench.write("lab.yaml", f"places:\n  - {{name: local, device: jetson-cpu, settle: {settle}}}\n")


def run(bench: Bench, *arguments: object) -> subprocess.CompletedProcess[str]:
    return bench("run", suite(bench), "--out", "out", *arguments)


@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        (
            "nano",
            {
                "board": "NVIDIA Jetson Nano Developer Kit",
                "accelerator": "tegra210 (Nano or TX1)",
                "l4t": "32.7.4",
                "jetpack": "4.6.4",
                "power_mode": "1 (5W)",
                "clocks_pinned": "no",
                "gpu_mhz": "76 (76 to 921)",
                "cpu_mhz": "921 921",
                "temperatures_c": "CPU=40.5",
                "fan": "0 of 255",
            },
        ),
        (
            "orin",
            {
                "board": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
                "accelerator": "tegra234 (Orin)",
                "l4t": "36.4.3",
                "jetpack": "6.2",
                "power_mode": "1 (25W)",
                "clocks_pinned": "no",
                "gpu_mhz": "306 (306 to 1020)",
                "cpu_mhz": "921 921",
                "temperatures_c": "cpu=48.2 tj=49.5",
                "overcurrent_events": "2",
                "fan": "90 of 255",
            },
        ),
    ],
)
def test_each_round_keeps_what_the_board_was_and_how_it_was_set(
    bench: Bench, make: Callable[[str], Board], generation: str, expected: dict[str, str]
) -> None:
    made = make(generation)
    before = made.set()
    done = run(bench)
    assert done.returncode == 0, done.stderr
    (record,) = bench.run_file()["cases"]
    for about in record["rounds"]:
        facts = about["facts"]
        assert {name: facts[name] for name in expected} == expected
        assert facts["temperatures_c_end"] == expected["temperatures_c"]
    assert "throttled" not in [reason["code"] for reason in record["outcome"]["verdict"]["reasons"]]
    assert made.set() == before
    assert not any(word in made.calls.read_text() for word in ("-m", "--store"))  # it looks, and changes nothing


def test_a_machine_that_is_no_jetson_says_so(bench: Bench, tmp_path: Path) -> None:
    bench.env |= {"DEVBENCH_ROOT": str(tmp_path), "DEVBENCH_PLUGINS": "jetson"}
    assert "missing jetson, jetson-cpu: this machine is not a Jetson" in bench("devices").stdout
    assert "jetson power mode" not in bench("doctor").stdout


def test_a_board_that_throttles_meanwhile_is_a_doubt_with_its_cause(bench: Bench, make: Callable[[str], Board]) -> None:
    made = make("orin")
    boards.write(made.root, "sys/class/thermal/cooling_device1/type", "gpu-throttle-alert\n")
    boards.write(made.root, "sys/class/thermal/cooling_device1/cur_state", "3\n")
    run(bench)
    (record,) = bench.run_file()["cases"]
    assert record["rounds"][0]["facts"]["throttling"] == "gpu-throttle-alert at 3"
    assert "throttled" in [reason["code"] for reason in record["outcome"]["verdict"]["reasons"]]
    assert "improve jetson throttling: slowed down by heat: gpu-throttle-alert at 3" in bench("doctor").stdout


@pytest.mark.parametrize(("generation", "mode", "wanted"), [("nano", "0", "0"), ("orin", "MAXN_SUPER", "2")])
def test_settings_are_made_for_the_rounds_and_put_back(
    bench: Bench, make: Callable[[str], Board], generation: str, mode: str, wanted: str
) -> None:
    made = make(generation)
    before = made.set()
    lab(bench, f"{{nvpmodel: {mode}, jetson_clocks: true, cool_c: 60}}")
    done = run(bench)
    assert done.returncode == 0, done.stderr
    facts = bench.run_file()["cases"][0]["rounds"][0]["facts"]
    assert facts["power_mode"].startswith(f"{wanted} (MAXN")
    assert facts["clocks_pinned"] == "yes"
    assert made.set() == before
    assert not (bench.folder / "cache/settled.json").exists()
    assert not (made.root / "run/devbench-jetson-clocks.conf").exists()
    assert "settle: clocks pinned by jetson_clocks" in done.stderr
    assert "settle: everything is restored" in done.stderr


def test_a_power_mode_that_needs_a_reboot_is_refused_with_the_reason(
    bench: Bench, make: Callable[[str], Board]
) -> None:
    made = make("orin")
    before = made.set()
    lab(bench, "{nvpmodel: 3, jetson_clocks: true}")
    done = run(bench)
    assert done.returncode == 1
    assert "power mode 1 (25W) → 3 (7W): not possible: the board must be rebooted for it" in done.stderr
    assert "sudo nvpmodel -m 3" in done.stderr
    assert not (bench.folder / "rebooted").exists()
    assert made.set() == before
    assert not (bench.folder / "cache/settled.json").exists()
    lab(bench, "{}")
    again = bench("run", "--resume", "out")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("settle", "why"),
    [
        ("{nvpmodel: 9}", "this board has no power mode 9"),
        ("{nvpmode: 0}", "jetson-cpu has no setting 'nvpmode'"),
        ("[fast]", "settle"),
    ],
)
def test_what_is_not_possible_is_said_before_anything_is_changed(
    bench: Bench, make: Callable[[str], Board], settle: str, why: str
) -> None:
    made = make("nano")
    before = made.set()
    lab(bench, settle)
    done = run(bench)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert made.set() == before


def measuring(bench: Bench, made: Board) -> tuple[subprocess.Popen[str], tuple[str, dict[str, str]]]:
    """A run whose settings are made and whose worker is in its loop."""
    before = made.set()
    lab(bench, "{nvpmodel: 0, jetson_clocks: true}")
    process = bench.start("run", suite(bench, LONG), "--out", "out")
    wait_until(lambda: made.set()[0] == "0" and made.set()[1] != before[1])
    return process, before


def wait_until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60  # a busy machine may stand still for a while
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_run_ends_the_settings_come_back(bench: Bench, make: Callable[[str], Board], number: int) -> None:
    made = make("nano")
    process, before = measuring(bench, made)
    process.send_signal(number)
    process.communicate(timeout=20)
    wait_until(lambda: made.set() == before)
    wait_until(lambda: not (bench.folder / "cache/settled.json").exists())


def test_a_kill_of_the_guardian_too_is_made_good_by_the_next_doctor(bench: Bench, make: Callable[[str], Board]) -> None:
    made = make("nano")
    process, before = measuring(bench, made)
    os.kill(guardian_of(process.pid), signal.SIGKILL)
    process.kill()
    process.communicate(timeout=20)
    time.sleep(0.2)
    assert made.set() != before
    refused = run(bench, "--seed", 1)
    assert refused.returncode == 1
    done = bench("doctor")
    assert "restored all 2 settings that it had left" in done.stderr
    assert made.set() == before


def test_after_a_boot_the_power_mode_is_put_back_for_it_outlives_one(
    bench: Bench, make: Callable[[str], Board]
) -> None:
    made = make("nano")
    process, before = measuring(bench, made)
    os.kill(guardian_of(process.pid), signal.SIGKILL)
    process.kill()
    process.communicate(timeout=20)
    left = bench.folder / "cache/settled.json"
    left.write_text(json.dumps(json.loads(left.read_text()) | {"boot_id": "another boot"}))
    done = bench("doctor")
    assert "restored all 1 settings that it had left" in done.stderr
    assert made.set()[0] == before[0]
    assert "--restore" not in made.calls.read_text()  # the clocks start anew with the board
    assert not left.exists()


def test_a_user_who_is_not_root_changes_the_board_by_sudo(
    make: Callable[[str], Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make("nano")
    monkeypatch.setenv("PATH", boards.path_with(made.bin))
    monkeypatch.setenv("DEVBENCH_ROOT", str(made.root))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    place = Place(name="local", device="jetson", settle={"nvpmodel": "MAXN", "jetson_clocks": True})
    mode, clocks = changes_for(place)
    assert mode.apply[0] == ("sudo", "-n", "nvpmodel", "-m", "0")
    undone = [Jetson().undo(change.setting, change.was) for change in (mode, clocks)]
    assert undone[0] == ("sudo", "-n", "nvpmodel", "-m", "1")
    assert {command[:2] for command in (*clocks.apply, undone[1])} == {("sudo", "-n")}


def test_programs_that_are_broken_leave_their_facts_out(bench: Bench, make: Callable[[str], Board]) -> None:
    made = make("orin")
    boards.program(made.bin, "nvpmodel", "#!/no/such/interpreter")
    done = run(bench)
    assert done.returncode == 0, done.stderr
    facts = bench.run_file()["cases"][0]["rounds"][0]["facts"]
    assert "power_mode" not in facts
    assert facts["l4t"] == "36.4.3"
    lab(bench, "{nvpmodel: 0}")
    refused = bench("run", suite(bench), "--out", "second")
    assert refused.returncode == 1
    assert "nvpmodel does not say the power mode" in refused.stderr


@pytest.mark.parametrize("device", [Jetson, JetsonCpu])
def test_the_devices_keep_the_contract(device: type[Device]) -> None:
    assert check_device(device) == []


def test_a_kill_while_the_clocks_are_being_set_waits_for_the_program_before_it_undoes(
    bench: Bench, make: Callable[[str], Board]
) -> None:
    made = make("nano")
    made.jetson_clocks(slow=1)
    before = made.set()
    lab(bench, "{jetson_clocks: true}")
    process = bench.start("run", suite(bench, LONG), "--out", "out")
    wait_until(lambda: made.calls.exists() and made.calls.read_text().endswith("jetson_clocks\n"))
    process.kill()
    process.communicate(timeout=20)
    wait_until(lambda: not (bench.folder / "cache/settled.json").exists())
    assert "jetson_clocks --restore" in made.calls.read_text()
    time.sleep(1.2)  # in which one that was not waited for would have set them again
    assert made.set() == before


def test_a_board_that_is_too_hot_is_waited_for(bench: Bench, make: Callable[[str], Board]) -> None:
    made = make("orin")
    lab(bench, "{cool_c: 45}")
    process = bench.start("run", suite(bench), "--out", "out")
    wait_until((bench.folder / "out/run.json").exists)
    time.sleep(1.5)
    assert not bench.run_file()["cases"][0]["rounds"]
    made.zone(0, "cpu-thermal", 44000)
    made.zone(1, "tj-thermal", 45000)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert bench.run_file()["cases"][0]["rounds"][0]["facts"]["temperatures_c"] == "cpu=44.0 tj=45.0"


def test_doctor_says_what_keeps_the_board_from_its_best(bench: Bench, make: Callable[[str], Board]) -> None:
    made = make("orin")
    said = bench("doctor", "--verbose").stdout
    assert (
        "good    jetson board: NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super, JetPack 6.2, L4T 36.4.3"
        in said
    )
    assert (
        "improve jetson power mode: 1 (25W); there is MAXN_SUPER\n          → For all that the board can do: sudo nvpmodel -m 2"
        in said
    )
    assert "improve jetson clocks: move with the load\n          → Type: sudo jetson_clocks" in said
    assert "note    jetson throttling: 2 for too much current since boot" in said
    assert "good    jetson fan: driven at 90 of 255, the hottest sensor is at 49.5 °C" in said
    made.state.write_text("2\n")
    subprocess.run([made.bin / "jetson_clocks"], check=True)
    said = bench("doctor", "--verbose").stdout
    assert "good    jetson power mode: 2 (MAXN_SUPER)" in said
    assert "good    jetson clocks: pinned" in said


def test_the_snapshot_runs_on_a_board_s_own_interpreter(
    bench: Bench, make: Callable[[str], Board], interpreters: Callable[[str], str]
) -> None:
    made = make("nano")
    done = subprocess.run(
        [interpreters("3.6"), snapshot.__file__],
        env={"PATH": bench.env["PATH"], "DEVBENCH_ROOT": str(made.root)},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    found = json.loads(done.stdout)
    assert found["jetpack"] == "4.6.4"
    assert found["power_mode"] == "1 (5W)"
