"""This machine as a place to measure: what would make its numbers worth less, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

_CPUS = Path("/sys/devices/system/cpu")
_BUSY_SHARE = 0.1  # of all cores: more than this and somebody else's work shows in the samples
_SHORT_OF_MEMORY_MIB = 3000  # building Inception v4 takes about this much


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at. good: None where it cannot be seen."""

    name: str
    good: bool | None
    text: str
    hint: str = ""


def check_machine() -> list[Check]:
    """All checks, in the order in which they usually matter."""
    return [_governor(), _load(), _memory(), _power()]


def _governor() -> Check:
    files = sorted(_CPUS.glob("cpu[0-9]*/cpufreq/scaling_governor"))
    governors = sorted({file.read_text().strip() for file in files})
    if not governors:
        return Check(name="governor", good=None, text="cannot be seen here (a virtual machine, or no cpufreq)")
    good = governors == ["performance"]
    hint = "" if good else "sudo cpupower frequency-set --governor performance"
    return Check(name="governor", good=good, text=", ".join(governors), hint=hint)


def _load() -> Check:
    """The load average of one minute, and what is running now."""
    load = psutil.getloadavg()[0]
    cpus = psutil.cpu_count() or 1
    good = load <= max(_BUSY_SHARE * cpus, 0.3)
    text = f"{load:.2f} on {cpus} cores over the last minute"
    return Check(name="load", good=good, text=text, hint="" if good else "End other programs, or wait a minute.")


def _memory() -> Check:
    free_mib = psutil.virtual_memory().available >> 20
    good = free_mib >= _SHORT_OF_MEMORY_MIB
    hint = "" if good else "Building models takes up to 3 GB: close something, or build them on another machine."
    return Check(name="memory", good=good, text=f"{free_mib} MiB available", hint=hint)


def _power() -> Check:
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None:
        return Check(name="power", good=None, text="no battery is seen")
    good = bool(battery.power_plugged)
    text = "plugged in" if good else f"on battery, {battery.percent:.0f} %"
    return Check(name="power", good=good, text=text, hint="" if good else "Plug it in: on battery, clocks drop.")
