"""What else the machine is doing: a snapshot before and one after the timed loop, never during it. Linux.

A snapshot is plain numbers; what they mean is worked out on the host. What cannot be seen is left out.
"""

import glob
import os
import resource

from .clock import now_ns

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def snapshot() -> "Dict[str, Any]":
    """Counters and gauges by name; times in seconds, temperatures in degrees Celsius, frequencies in MHz."""
    found: "Dict[str, Any]" = {"at_s": now_ns() / 1e9, "processes": _processes()}
    for part in (_cpu_times, _pressure, _quota, _frequencies, _temperature, _throttles, _load):
        found.update(_or_nothing(part))
    return found


def peak_memory_bytes() -> int:
    """The most memory this program has had resident. ru_maxrss would count what started it, before it was ours."""
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts it in KiB


def _or_nothing(part: "Callable[[], Dict[str, Any]]") -> "Dict[str, Any]":
    """What `part` finds; nothing where this system does not have it or does not let us see it."""
    try:
        return part()
    except (OSError, ValueError, IndexError):
        return {}


def _cpu_times() -> "Dict[str, Any]":
    """Seconds that all cores together were busy, and that the hypervisor gave each of them to somebody else."""
    with open("/proc/stat") as file:
        lines = [line.split() for line in file if line.startswith("cpu")]
    user, nice, system, _idle, _iowait, irq, softirq, _steal = [int(text) for text in lines[0][1:9]]
    busy = user + nice + system + irq + softirq
    own = os.times()
    return {
        "busy_s": busy * _TICK_S,
        "steal_s": {line[0]: int(line[8]) * _TICK_S for line in lines[1:]},
        "own_s": own.user + own.system,
        "tick_s": _TICK_S,
    }


def _processes() -> "Dict[str, List[Any]]":
    """CPU seconds of every other process, by pid, with its name."""
    found = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open("/proc/{}/stat".format(entry), errors="replace") as file:
                    text = file.read()
            except OSError:  # it has ended since
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text[text.rindex(")") + 2 :].split()
            found[entry] = [name, (int(fields[11]) + int(fields[12])) * _TICK_S]
    return found


def _pressure() -> "Dict[str, float]":
    """Seconds in which some task waited for a CPU, for memory, for a disk (pressure stall information)."""
    found = {}
    for kind in ("cpu", "memory", "io"):
        with open("/proc/pressure/" + kind) as file:
            found["stall_{}_s".format(kind)] = int(file.readline().rpartition("total=")[2]) / 1e6
    return found


def _quota() -> "Dict[str, Dict[str, float]]":
    """Seconds for which a quota kept us from running, by control group: ours, and those that it lies in."""
    with open("/proc/self/cgroup") as file:
        groups = [line.strip().split(":", 2)[1:] for line in file]
    for controllers, path in groups:  # version 2 names no controllers; version 1 has a folder for those it names
        if controllers == "" or "cpu" in controllers.split(","):
            found = {one: _stopped_s("/sys/fs/cgroup/{}{}/cpu.stat".format(controllers, one)) for one in _upwards(path)}
            known = {one: stopped_s for one, stopped_s in found.items() if stopped_s is not None}
            if known:
                return {"quota_s": known}
    return {}


def _upwards(group: str) -> "List[str]":
    """The group and those it lies in, up to "", which is all."""
    parts = [part for part in group.split("/") if part]
    return ["".join("/" + part for part in parts[:count]) for count in range(len(parts), -1, -1)]


def _stopped_s(path: str) -> "Optional[float]":
    try:
        with open(path) as file:
            values = dict(line.split() for line in file)
    except OSError:
        return None
    if "throttled_usec" in values:
        return int(values["throttled_usec"]) / 1e6
    return int(values["throttled_time"]) / 1e9 if "throttled_time" in values else None


def _frequencies() -> "Dict[str, float]":
    now = [_number(path) / 1e3 for path in glob.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")]
    return {"frequency_mhz": max(now)}


def _temperature() -> "Dict[str, float]":
    return {"temperature_c": max(_number(path) / 1e3 for path in glob.glob("/sys/class/thermal/thermal_zone*/temp"))}


def _throttles() -> "Dict[str, int]":
    paths = glob.glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count")
    return {"throttles": sum(_number(path) for path in paths)} if paths else {}


def _load() -> "Dict[str, float]":
    return {"load_1min": os.getloadavg()[0]}


def _number(path: str) -> int:
    with open(path) as file:
        return int(file.read())
