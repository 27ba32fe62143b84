"""What `check_machine` says of machines that are real trees of files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench.domain.check import Check
from devbench.linux_files import as_ranges, from_ranges
from devbench.machine.checks import check_machine
from tests.trees import CPUS, QUIET_STAT, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def judged(tree: Tree, wait: Callable[[], None] | None = None) -> dict[str, Check]:
    checks = check_machine(tree.root, wait or tree.pass_time)
    for check in checks:
        assert check.hint or check.good is not False, f"{check.name} says nothing about what to do"
    return {check.name: check for check in checks}


def test_a_quiet_machine_is_good_in_everything(tree: Tree) -> None:
    checks = judged(tree)
    assert len(checks) == 16
    assert {name for name, check in checks.items() if check.good is not True} == set()


def test_an_empty_tree_gives_no_judgement_and_no_error(tmp_path: Path) -> None:
    checks = {check.name: check for check in check_machine(tmp_path, lambda: None)}
    assert len(checks) == 16
    assert {name for name, check in checks.items() if check.good is not None} == {"surroundings"}


def test_the_real_machine_can_be_looked_at() -> None:
    checks = {check.name: check for check in check_machine()}
    assert checks["load"].good is not None
    assert checks["memory"].good is not None
    assert checks["other processes"].good is not None
    assert checks["steal"].good is not None
    assert checks["affinity"].good is (len(os.sched_getaffinity(0)) == os.cpu_count())


def test_the_cpus_whose_governor_differs_are_named(tree: Tree) -> None:
    for cpu in (1, 2):
        tree.write(f"{CPUS}/cpu{cpu}/cpufreq/scaling_governor", "powersave\n")
    check = judged(tree)["governor"]
    assert (check.good, check.text) == (False, "performance on cpu0,3; powersave on cpu1-2")
    assert "devbench doctor --tune" in check.hint
    assert "sudo cpupower frequency-set -g performance" in check.hint


def test_one_wrong_governor_for_all_is_not_good(tmp_path: Path) -> None:
    check = judged(Tree(tmp_path, governor="schedutil"))["governor"]
    assert (check.good, check.text) == (False, "schedutil on every CPU")


def test_a_limit_below_what_the_hardware_can_do(tree: Tree) -> None:
    tree.write(f"{CPUS}/cpu3/cpufreq/scaling_max_freq", "1200000")
    check = judged(tree)["frequency"]
    assert (check.good, check.text) == (False, "cpu3 limited to 1200 MHz of 3500 MHz; now 3400 MHz")
    assert "cpuinfo_max_freq | sudo tee" in check.hint


def test_big_and_little_cores_are_no_limit(tree: Tree) -> None:
    for name in ("scaling_max_freq", "cpuinfo_max_freq"):
        tree.write(f"{CPUS}/cpu0/cpufreq/{name}", "1800000")
    check = judged(tree)["frequency"]
    assert (check.good, check.text) == (True, "up to 1800 to 3500 MHz, as far as it goes; now 3400 MHz")


@pytest.mark.parametrize(
    ("file", "on", "typed"), [("intel_pstate/no_turbo", "0", "echo 1"), ("cpufreq/boost", "1", "echo 0")]
)
def test_turbo_is_a_note_and_no_fault(tree: Tree, file: str, on: str, typed: str) -> None:
    tree.remove(f"{CPUS}/intel_pstate/no_turbo")
    path = tree.write(f"{CPUS}/{file}", on)
    check = judged(tree)["turbo"]
    assert check.good is True
    assert check.text.startswith("on")
    assert f"{typed} | sudo tee {path}" in check.hint


def test_throttling_that_goes_on_is_bad_and_that_of_yesterday_a_note(tree: Tree) -> None:
    count = f"{CPUS}/cpu2/thermal_throttle/core_throttle_count"
    tree.write(count, "12")
    check = judged(tree)["throttling"]
    assert (check.good, check.text) == (True, "none now, 12 times since boot")

    def wait() -> None:
        tree.write(count, "13")

    check = judged(tree, wait)["throttling"]
    assert (check.good, check.text) == (False, "slowed down by heat now: cpu2")


def test_a_sensor_near_its_trip_point(tree: Tree) -> None:
    tree.write("sys/class/thermal/thermal_zone0/temp", "96000")
    check = judged(tree)["temperature"]
    assert check.good is False
    assert "x86_pkg_temp 96 °C, limit 100 °C; near the limit: x86_pkg_temp" in check.text


def test_trips_of_fans_and_limits_that_mean_unknown_do_not_count(tree: Tree) -> None:
    tree.write("sys/class/thermal/thermal_zone0/trip_point_1_type", "active")
    tree.write("sys/class/thermal/thermal_zone0/trip_point_1_temp", "40000")
    tree.write("sys/class/thermal/thermal_zone0/trip_point_2_type", "critical")
    tree.write("sys/class/thermal/thermal_zone0/trip_point_2_temp", "-274000")
    tree.write("sys/class/hwmon/hwmon0/temp1_input", "60000")
    tree.write("sys/class/hwmon/hwmon0/temp1_max", "0")
    assert judged(tree)["temperature"].good is True


def test_hwmon_goes_by_crit_before_max(tree: Tree) -> None:
    tree.write("sys/class/hwmon/hwmon0/name", "coretemp")
    tree.write("sys/class/hwmon/hwmon0/temp1_label", "Package id 0")
    tree.write("sys/class/hwmon/hwmon0/temp1_input", "79000")
    tree.write("sys/class/hwmon/hwmon0/temp1_max", "80000")
    tree.write("sys/class/hwmon/hwmon0/temp1_crit", "100000")
    check = judged(tree)["temperature"]
    assert (check.good, check.text) == (True, "coretemp Package id 0 79 °C, limit 100 °C")
    tree.write("sys/class/hwmon/hwmon0/temp1_input", "95000")
    assert judged(tree)["temperature"].good is False


@pytest.mark.parametrize("text", ["1.70 0.2 0.1 1/300 9", "0.01 0.2 0.1 9/300 9"])
def test_a_loaded_machine(tree: Tree, text: str) -> None:
    tree.write("proc/loadavg", text)
    assert judged(tree)["load"].good is False


def test_other_busy_processes_are_named_and_this_one_is_not(tree: Tree) -> None:
    tree.write("proc/4242/stat", tree.process(4242, "tab (old) x", 100))

    def wait() -> None:
        tree.pass_time()
        tree.write("proc/4242/stat", tree.process(4242, "tab (old) x", 115))
        tree.write("proc/77/stat", tree.process(77, "python", 520))

    check = judged(tree, wait)["other processes"]
    assert (check.good, check.text) == (False, "75% of one core: tab (old) x (4242) 75%")
    assert check.hint.endswith("ps -fp 4242")


def test_time_stolen_by_the_host(tree: Tree) -> None:
    check = judged(tree, lambda: tree.pass_time(stolen=8))["steal"]
    assert check.good is False
    assert check.text.startswith("10.0 % of the CPU time stolen")
    tree.write("proc/stat", QUIET_STAT)
    assert judged(tree, lambda: tree.pass_time(stolen=3))["steal"].good is True


@pytest.mark.parametrize(("kind", "typed"), [("cpu", "`top`"), ("memory", "top -o %MEM"), ("io", "sudo iotop -o")])
def test_pressure_of_each_kind(tree: Tree, kind: str, typed: str) -> None:
    tree.write(f"proc/pressure/{kind}", "some avg10=17.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n")
    check = judged(tree)["pressure"]
    assert check.good is False
    assert f"{kind} 17.5 %" in check.text
    assert typed in check.hint


def test_little_memory_and_much_in_swap(tree: Tree) -> None:
    tree.write("proc/meminfo", "MemAvailable: 2048000 kB\nSwapTotal: 4096000 kB\nSwapFree: 3072000 kB\n")
    checks = judged(tree)
    assert (checks["memory"].good, checks["memory"].text) == (False, "2000 MiB available")
    assert (checks["swap"].good, checks["swap"].text) == (False, "1000 MiB in use")
    assert "Close programs" in checks["swap"].hint
    tree.write("proc/meminfo", "MemAvailable: 8192000 kB\nSwapTotal: 4096000 kB\nSwapFree: 3072000 kB\n")
    assert judged(tree)["swap"].hint == "Type: sudo swapoff -a && sudo swapon -a"


def test_cpus_that_share_a_core_are_a_note(tree: Tree) -> None:
    for cpu, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        tree.write(f"{CPUS}/cpu{cpu}/topology/thread_siblings_list", siblings)
    check = judged(tree)["core sharing"]
    assert (check.good, check.text) == (True, "4 CPUs on 2 cores (such as cpu0 and cpu2)")
    assert "taskset -c 0-1 COMMAND" in check.hint


def test_an_affinity_narrower_than_the_machine(tree: Tree) -> None:
    tree.write("proc/self/status", "Cpus_allowed_list:\t1-2\n")
    check = judged(tree)["affinity"]
    assert (check.good, check.text) == (False, "may run only on cpu1-2 of cpu0-3")
    assert "taskset -cp 0-3 $$" in check.hint


def test_a_quota_of_a_group_above_ours(tree: Tree) -> None:
    tree.write("sys/fs/cgroup/user.slice/session.scope/cpu.max", "max 100000\n")
    tree.write("sys/fs/cgroup/user.slice/cpu.stat", "nr_periods 9\nnr_throttled 4\n")
    file = tree.write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n")
    check = judged(tree)["CPU quota"]
    assert check.good is False
    assert check.text.startswith(f"1.5 of 4 CPUs ({file}), used up 4 times so far")
    assert f"echo max | sudo tee {file}" in check.hint
    file.write_text("400000 100000\n")
    assert judged(tree)["CPU quota"].good is True


def test_a_quota_of_version_1_in_a_container(tree: Tree) -> None:
    tree.write("proc/self/cgroup", "3:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    file = tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000")
    check = judged(tree)["CPU quota"]
    assert (check.good, check.text[:13]) == (False, "0.5 of 4 CPUs")
    file.write_text("-1")
    assert judged(tree)["CPU quota"].text == "none"


def test_a_battery_that_feeds_the_machine(tree: Tree) -> None:
    tree.write("sys/class/power_supply/mouse/type", "Battery")
    tree.write("sys/class/power_supply/mouse/scope", "Device")
    tree.write("sys/class/power_supply/mouse/status", "Discharging")
    assert judged(tree)["power"].text == "no battery"
    tree.write("sys/class/power_supply/BAT0/type", "Battery")
    tree.write("sys/class/power_supply/BAT0/capacity", "61")
    status = tree.write("sys/class/power_supply/BAT0/status", "Discharging")
    check = judged(tree)["power"]
    assert (check.good, check.text) == (False, "on battery, 61 %")
    status.write_text("Charging\n")
    assert judged(tree)["power"].text == "plugged in"


def test_virtual_machine_and_container_are_facts(tree: Tree) -> None:
    tree.write("proc/cpuinfo", "flags\t\t: fpu hypervisor avx2\n")
    tree.write("sys/class/dmi/id/sys_vendor", "QEMU")
    tree.write("proc/self/cgroup", "0::/kubepods/pod1\n")
    check = judged(tree)["surroundings"]
    assert (check.good, check.text) == (True, "virtual machine (QEMU), container (kubepods)")


@pytest.mark.parametrize("text", ["", "0", "0-3", "0,2", "0-1,3,5-7", "10-12"])
def test_lists_of_cpus(text: str) -> None:
    assert as_ranges(from_ranges(text)) == text
