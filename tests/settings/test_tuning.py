"""Settings are changed for a while and come back, however the one who changed them ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devbench.domain.check import Check
from devbench.errors import DevbenchError
from devbench.settings import tuning
from devbench.settings.guardian import Undo
from devbench.settings.holding import MachineTakenError, guarded, lock_machine
from devbench.settings.state import ChangeMade, State
from devbench.settings.tuning import tuned
from tests.trees import CPUS, Tree

# A process of its own that changes the settings and waits; short of Ctrl-C it ends as it is made to end.
HOLDER = """
import sys, time
from pathlib import Path
from devbench.settings.tuning import tuned
with tuned(Path(sys.argv[1]), Path(sys.argv[2]), tell=lambda text: None):
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "root", governor="powersave")


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "tuned.json"


def recover(tree: Tree, state_file: Path, tell: Said) -> Check | None:
    return tuning.recover(tree.root, state_file, _no_change, tell)


def _no_change(made: ChangeMade) -> Undo:
    raise AssertionError(made)


class Said(list[str]):
    """Keeps what is told."""

    def __call__(self, text: str) -> None:
        self.append(text)


@contextmanager
def holder(tree: Tree, state_file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(tree.root), str(state_file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout and process.stdout.readline() == "holding\n"
        assert tree.values() == ["performance"] * 4
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def guardian_of(pid: int) -> int:
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(file.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"guardian.py" in (file.parent / "cmdline").read_bytes():
                return int(file.parent.name)
        except OSError:
            continue
    raise AssertionError(f"{pid} has no guardian")


def wait_until_put_back(tree: Tree, state_file: Path, before: dict[str, str]) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (tree.state() != before or state_file.exists()):
        time.sleep(0.02)
    assert tree.state() == before
    assert not state_file.exists()
    for _ in range(100):  # the guardian holds the lock for a moment longer than the settings
        try:
            with lock_machine(tree.root, None):
                return
        except MachineTakenError:
            time.sleep(0.02)
    raise AssertionError("the guardian is still there")


def test_settings_are_changed_and_put_back(tree: Tree, state_file: Path) -> None:
    before, said = tree.state(), Said()
    with tuned(tree.root, state_file, tell=said):
        assert tree.values() == ["performance"] * 4
        assert tree.values("scaling_min_freq") == ["800000"] * 4
        assert said == ["governor of cpu0-3: powersave → performance"]
        assert json.loads(state_file.read_text())["settings"][0]["before"] == "powersave"
    assert tree.state() == before
    assert not state_file.exists()
    assert said[1:] == ["governor of cpu0-3: restored to powersave"]


def test_a_guardian_that_needs_its_time_is_given_it(
    tree: Tree, state_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Ctrl-C comes while a board far away is being set back."""
    monkeypatch.setattr("devbench.settings.holding._GUARDIAN_ENDS_WITHIN_S", 0.1)
    undone = tmp_path / "undone"
    slow = Undo(command=["sh", "-c", f"sleep 0.5; touch {undone}"], host="", by_hand="")
    with (
        pytest.raises(KeyboardInterrupt),
        lock_machine(tree.root, None) as lock,
        guarded(State.of([]), state_file, [slow], lock),
    ):
        raise KeyboardInterrupt
    assert undone.exists()
    assert not state_file.exists()


def test_each_cpu_gets_its_own_value_back(tree: Tree, state_file: Path) -> None:
    tree.write(f"{CPUS}/cpu1/cpufreq/scaling_governor", "performance")
    tree.write(f"{CPUS}/cpu3/cpufreq/scaling_governor", "schedutil")
    tree.write(f"{CPUS}/cpu3/cpufreq/scaling_max_freq", "1200000")
    before, said = tree.state(), Said()
    with tuned(tree.root, state_file, pin_frequency=True, tell=said):
        assert tree.values() == ["performance"] * 4
        assert tree.values("scaling_min_freq") == ["3500000"] * 3 + ["1200000"]
    assert tree.state() == before
    assert said[:2] == ["governor of cpu0,2: powersave → performance", "lowest clock of cpu0-2: 800000 → 3500000"]


def test_cpus_that_share_a_clock_are_set_once(tree: Tree, state_file: Path) -> None:
    for cpu in (1, 2, 3):
        folder = tree.root / CPUS / f"cpu{cpu}/cpufreq"
        folder.rename(tree.root / f"gone{cpu}")
        folder.symlink_to("../cpu0/cpufreq")
    said = Said()
    with tuned(tree.root, state_file, tell=said):
        assert len(json.loads(state_file.read_text())["settings"]) == 1
        assert said == ["governor of cpu0-3: powersave → performance"]
    assert tree.values() == ["powersave"] * 4


def test_what_moves_along_with_a_governor_is_put_back_too(tree: Tree, state_file: Path) -> None:
    preference = tree.write(f"{CPUS}/cpu0/cpufreq/energy_performance_preference", "balance_power")
    option = tree.write(f"{CPUS}/cpufreq/ondemand/up_threshold", "50")
    tree.write(f"{CPUS}/cpufreq/ondemand/sampling_rate_min", "1").chmod(0o444)
    before = tree.state()
    with tuned(tree.root, state_file, tell=Said()):
        preference.write_text("performance")
        option.write_text("95")
    assert tree.state() == before


def test_nothing_to_change_changes_nothing(tmp_path: Path, state_file: Path) -> None:
    tree, said = Tree(tmp_path / "set"), Said()
    with tuned(tree.root, state_file, tell=said):
        assert not state_file.exists()
    assert said == ["nothing to change: every setting is right already"]


def test_an_exception_puts_everything_back(tree: Tree, state_file: Path) -> None:
    before = tree.state()
    with pytest.raises(ZeroDivisionError), tuned(tree.root, state_file, tell=Said()):
        raise ZeroDivisionError
    assert tree.state() == before
    assert not state_file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_every_way_to_be_ended_puts_everything_back(tree: Tree, state_file: Path, number: signal.Signals) -> None:
    before = tree.state()
    with holder(tree, state_file) as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
        wait_until_put_back(tree, state_file, before)
    assert process.returncode == -number
    assert ("guardian of the settings: devbench was ended; everything is restored" in errors) is (
        number != signal.SIGINT
    )


def test_the_guardian_outlives_signals_to_all_and_needs_no_file(tree: Tree, state_file: Path) -> None:
    before = tree.state()
    with holder(tree, state_file) as process:
        guardian = guardian_of(process.pid)
        assert os.getsid(guardian) != os.getsid(process.pid)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(guardian, number)
        state_file.unlink()  # somebody empties the cache
        process.kill()
        wait_until_put_back(tree, state_file, before)


def test_without_its_guardian_the_process_puts_back_itself(tree: Tree, state_file: Path) -> None:
    before = tree.state()
    with holder(tree, state_file) as process:
        os.kill(guardian_of(process.pid), signal.SIGKILL)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        wait_until_put_back(tree, state_file, before)


@pytest.mark.parametrize("after_s", [0.0, 0.06, 0.09, 0.12, 0.15])
def test_a_kill_while_it_starts_leaves_nothing_changed(tree: Tree, state_file: Path, after_s: float) -> None:
    before = tree.state()
    command = [sys.executable, "-c", HOLDER, str(tree.root), str(state_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        time.sleep(after_s)
        process.kill()
        process.communicate(timeout=10)  # waits for the guardian too: it has the same stderr
    recover(tree, state_file, Said())  # killed before the guardian knew anything, and so before the first change
    wait_until_put_back(tree, state_file, before)


def killed_with_its_guardian(tree: Tree, state_file: Path) -> int:
    with holder(tree, state_file) as process:
        os.kill(guardian_of(process.pid), signal.SIGKILL)
    assert tree.values() == ["performance"] * 4
    assert state_file.exists()
    return process.pid


def test_when_both_are_killed_the_next_one_puts_back(tree: Tree, state_file: Path) -> None:
    before, said = tree.state(), Said()
    pid = killed_with_its_guardian(tree, state_file)
    assert recover(tree, state_file, said) is None
    assert tree.state() == before
    assert not state_file.exists()
    assert said == [f"process {pid}, which had changed settings, is gone", "restored all 4 settings that it had left"]
    assert recover(tree, state_file, said) is None
    assert len(said) == 2


def test_settings_from_before_a_new_start_are_only_forgotten(tree: Tree, state_file: Path) -> None:
    killed_with_its_guardian(tree, state_file)
    state = json.loads(state_file.read_text())
    state_file.write_text(json.dumps({**state, "boot_id": "another", "machine": "another machine"}))
    assert recover(tree, state_file, Said()) is None
    assert state_file.exists(), "that of another machine with the same home is left alone"
    state_file.write_text(json.dumps({**state, "boot_id": "another"}))
    assert recover(tree, state_file, Said()) is None
    assert tree.values() == ["performance"] * 4
    assert not state_file.exists()


def test_what_cannot_be_put_back_is_said_and_kept_for_later(tree: Tree, state_file: Path) -> None:
    before = tree.state()
    killed_with_its_guardian(tree, state_file)
    folder = tree.root / CPUS / "cpu1"
    folder.rename(tree.root / "cpu1-is-off")
    check = recover(tree, state_file, Said())
    assert check is not None
    assert check.good is False
    assert f"{folder}/cpufreq/scaling_governor: No such file or directory" in check.text
    assert f"echo powersave | sudo tee {folder}/cpufreq/scaling_governor" in check.hint
    assert not folder.exists()
    assert state_file.exists()
    (tree.root / "cpu1-is-off").rename(folder)
    assert recover(tree, state_file, Said()) is None
    assert tree.state() == before


def test_a_damaged_state_file_is_a_check(tree: Tree, state_file: Path) -> None:
    state_file.parent.mkdir()
    state_file.write_text("{")
    check = recover(tree, state_file, Said())
    assert check is not None
    assert f"rm {state_file}" in check.hint


def test_the_second_is_refused_whatever_its_cache(tree: Tree, state_file: Path, tmp_path: Path) -> None:
    with holder(tree, state_file) as process:
        said = Said()
        assert recover(tree, state_file, said) is None, "a living one is left alone"
        assert not said
        with pytest.raises(DevbenchError, match="another devbench holds the settings") as caught:
            tuned(tree.root, state_file, tell=said).__enter__()
        assert f"kill {process.pid}" in caught.value.hint
        with pytest.raises(DevbenchError, match="another devbench holds the settings"):
            tuned(tree.root, tmp_path / "other" / "tuned.json", tell=said).__enter__()
        assert tree.values() == ["performance"] * 4


def refused(tree: Tree, state_file: Path) -> DevbenchError:
    before = tree.state()
    with pytest.raises(DevbenchError) as caught:
        tuned(tree.root, state_file, tell=Said()).__enter__()
    assert tree.state() == before
    assert not state_file.exists()
    with lock_machine(tree.root, None):  # nobody is left who holds it
        return caught.value


def test_a_cpu_that_cannot_be_read_changes_nothing(tree: Tree, state_file: Path) -> None:
    file = tree.root / CPUS / "cpu2/cpufreq/scaling_governor"
    file.unlink()
    file.mkdir()
    assert f"{file}: cannot be read: Is a directory; so nothing was changed" in refused(tree, state_file).message


def test_a_cpu_that_refuses_in_the_middle_has_the_others_put_back(tree: Tree, state_file: Path) -> None:
    file = tree.root / CPUS / "cpu2/cpufreq/scaling_governor"
    file.unlink()
    file.symlink_to("/proc/self/oom_score_adj")  # can be read, and answers a word with EINVAL, as cpufreq does
    error = refused(tree, state_file)
    assert f"{file}: does not take performance: Invalid argument" in error.message
    assert f"echo performance | sudo tee {file}" in error.hint


def test_a_governor_that_the_kernel_lacks_is_not_tried(tree: Tree, state_file: Path) -> None:
    tree.write(f"{CPUS}/cpu3/cpufreq/scaling_available_governors", "ondemand powersave")
    error = refused(tree, state_file)
    assert "there is no 'performance' among: ondemand powersave" in error.message
    assert "modprobe cpufreq_performance" in error.hint


def test_a_cache_that_cannot_be_written_changes_nothing(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = tree.state()
    with pytest.raises(DevbenchError, match="so nothing was changed"):
        tuned(tree.root, tmp_path / "file" / "tuned.json", tell=Said()).__enter__()
    assert tree.state() == before


def test_a_machine_without_governors_is_an_error(tmp_path: Path, state_file: Path) -> None:
    for root in (tmp_path, tmp_path / "bare"):
        with pytest.raises(DevbenchError, match="sys/devices/system/cpu"):
            tuned(root, state_file, tell=Said()).__enter__()
        (tmp_path / "bare" / CPUS / "cpu0").mkdir(parents=True, exist_ok=True)


def test_no_permission_says_which_file_and_what_to_type() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # pytest's own folders are closed to others
        tree = Tree(Path(folder) / "root", governor="powersave")
        file = tree.root / CPUS / "cpu0/cpufreq/scaling_governor"
        file.chmod(0o444)
        with not_root():
            error = refused(tree, Path(folder) / "tuned.json")
    assert error.message == f"{file}: you may not write it, so nothing was changed"
    assert error.hint.startswith(f"Type: sudo -H {sys.executable} -P -m devbench doctor --tune ")


@contextmanager
def not_root() -> Iterator[None]:
    """Somebody whom permissions bind, also where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
