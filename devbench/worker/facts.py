"""What the worker can see of the machine and the interpreter it runs on. What it cannot see is left out."""

import hashlib
import os
import platform
import sys

TYPE_CHECKING = False  # importing `typing` takes time on every start
if TYPE_CHECKING:
    from typing import Dict


def machine() -> "Dict[str, str]":
    """Facts as text, by name."""
    found = {
        "python": platform.python_version(),
        "python_path": sys.executable,
        "machine": platform.machine(),
        "kernel": platform.release(),
        "os": _os_name(),
        "cpu": _cpu_name(),
        "cpus": str(os.cpu_count()),
        "board": _text("/proc/device-tree/model").rstrip("\0"),
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_mib": _memory_mib(),
        "machine_id": _machine_id(),
        "boot_id": _text("/proc/sys/kernel/random/boot_id"),
        "virtual": _is_virtual(),
    }
    if hasattr(os, "sched_getaffinity"):
        found["cpus_allowed"] = str(len(os.sched_getaffinity(0)))
    return {name: value for name, value in found.items() if value}


def _text(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _os_name() -> str:
    for line in _text("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return platform.system()


def _cpu_name() -> str:
    for line in _text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor()


def _machine_id() -> str:
    """Tells this machine from another of the same name and kind; a hash, as the id itself is not for others."""
    found = _text("/etc/machine-id") + platform.node()
    return hashlib.sha256(found.encode("utf-8", "replace")).hexdigest()[:16] if found else ""


def _is_virtual() -> str:
    """Whether the machine shares its processor with others that nobody here can see; "" where that is not known."""
    for line in _text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return "yes" if "hypervisor" in value.split() else "no"
    return ""


def _memory_mib() -> str:
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return str(int(line.split()[1]) // 1024)
    return ""
