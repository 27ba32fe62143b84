"""`devbench doctor`: says what keeps this machine from measuring well, and with --tune changes what it may."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from devbench.cli.app import run_app
from tests.conftest import Bench
from tests.settings.test_tuning import guardian_of
from tests.trees import CPUS, Tree


@pytest.fixture
def tree(bench: Bench) -> Tree:
    """A machine of files, on which `bench` acts."""
    bench.env |= {"DEVBENCH_ROOT": str(bench.folder / "root"), "DEVBENCH_PLUGINS": "edgetpu"}
    return Tree(bench.folder / "root", governor="powersave")


@pytest.fixture
def here(bench: Bench, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line in this process, where starting another one would show nothing more."""
    for name in ("DEVBENCH_ROOT", "DEVBENCH_PLUGINS", "DEVBENCH_CACHE"):
        monkeypatch.setenv(name, bench.env[name])
    return lambda *arguments: run_app(["doctor", *arguments])


def holding(bench: Bench, *command: str) -> subprocess.Popen[str]:
    """`doctor --tune` that has made its changes and says what it does next."""
    process = bench.start("doctor", "--tune", "--", *command)
    assert process.stderr
    assert process.stderr.readline() == "tuning: governor of cpu0-3: powersave → performance\n"
    process.stderr.readline()
    return process


def test_doctor_judges_the_tree_it_is_given(bench: Bench, tree: Tree) -> None:
    tree.write(f"{CPUS}/cpu1/cpufreq/scaling_governor", "performance")
    tree.write(f"{CPUS}/cpufreq/boost", "1")
    tree.remove(f"{CPUS}/intel_pstate/no_turbo")
    done = bench("doctor")
    assert done.returncode == 0, done.stderr
    assert re.match(r"Not fit to measure: governor[ ,.]", done.stdout), "the judgement comes first"
    assert "improve governor: powersave on cpu0,2-3; performance on cpu1\n          → Type: devbench" in done.stdout
    assert "note    turbo: on" in done.stdout
    assert "power: no battery" not in done.stdout
    assert "good    power: no battery\n" in bench("doctor", "--verbose").stdout


def test_a_command_is_run_with_the_settings_and_its_status_comes_back(bench: Bench, tree: Tree) -> None:
    governor = tree.root / CPUS / "cpu3/cpufreq/scaling_governor"
    script = f"cat {governor}; echo to stdout --json; exit 7"
    done = bench("doctor", "--tune", "--pin-frequency", "--", "sh", "-c", script)
    assert done.returncode == 7
    assert done.stdout == "performance\nto stdout --json\n"
    assert done.stderr.splitlines() == [
        "tuning: governor of cpu0-3: powersave → performance",
        "tuning: lowest clock of cpu0-3: 800000 → 3500000",
        f"tuning: running sh -c '{script}'",
        "tuning: governor of cpu0-3: restored to powersave",
        "tuning: lowest clock of cpu0-3: restored to 800000",
    ]
    assert tree.values() == ["powersave"] * 4
    assert tree.values("scaling_min_freq") == ["800000"] * 4


def test_a_command_that_is_not_there_is_an_error(
    here: Callable[..., int], tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here("--tune", "no-such-command") == 1
    assert "error: no-such-command: cannot be started: No such file or directory" in capsys.readouterr().err
    assert tree.values() == ["powersave"] * 4


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_without_a_command_it_holds_until_it_is_ended(bench: Bench, tree: Tree, number: int, status: int) -> None:
    process = bench.start("doctor", "--tune")
    assert process.stderr
    process.stderr.readline()
    assert process.stderr.readline() == "tuning: holding these settings until Ctrl-C\n"
    assert tree.values() == ["performance"] * 4
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert errors == "tuning: governor of cpu0-3: restored to powersave\n"
    assert process.returncode == status
    assert tree.values() == ["powersave"] * 4


def test_a_signal_reaches_the_command_and_its_ending_is_waited_for(bench: Bench, tree: Tree) -> None:
    governor = tree.root / CPUS / "cpu0/cpufreq/scaling_governor"
    code = (
        "import signal, sys, time\n"
        "def end(number, frame):\n"
        "    time.sleep(0.3)\n"
        f"    print(number, open({str(governor)!r}).read().strip())\n"
        "    sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = holding(bench, sys.executable, "-c", code)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert out == "15 performance\n"
    assert process.returncode == 5
    assert tree.values() == ["powersave"] * 4


def test_a_kill_is_made_good_by_the_guardian(bench: Bench, tree: Tree) -> None:
    process = holding(bench)
    process.kill()
    _, errors = process.communicate(timeout=10)
    assert errors == "guardian of the settings: devbench was ended; everything is restored\n"
    assert tree.values() == ["powersave"] * 4


def test_a_kill_of_both_is_made_good_by_the_next_doctor(bench: Bench, tree: Tree) -> None:
    process = holding(bench)
    second = bench("doctor", "--tune", "--", "true")
    assert second.returncode == 1
    assert f"another devbench holds the settings of this machine (process {process.pid})" in second.stderr
    os.kill(guardian_of(process.pid), signal.SIGKILL)
    process.kill()
    process.communicate(timeout=10)
    time.sleep(0.1)
    assert tree.values() == ["performance"] * 4
    done = bench("doctor", "--json")
    assert f"tuning: process {process.pid}, which had changed settings, is gone" in done.stderr
    assert "tuning: restored all 4 settings that it had left" in done.stderr
    assert json.loads(done.stdout)[0]["text"] == "powersave on every CPU"
    assert not (bench.folder / "cache" / "tuned.json").exists()


@pytest.mark.parametrize("arguments", [("--pin-frequency",), ("--", "true"), ("--tune", "--json")])
def test_options_that_do_not_go_together(
    here: Callable[..., int], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert here(*arguments) == 2
    assert "--tune" in capsys.readouterr().err


def test_a_machine_without_governors_cannot_be_tuned(
    here: Callable[..., int], bench: Bench, tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.remove(f"{CPUS}/cpu*/cpufreq/scaling_governor")
    assert here("--tune", "--", "true") == 1
    assert "no CPU has a governor that can be set" in capsys.readouterr().err
    assert not (bench.folder / "cache" / "tuned.json").exists()
