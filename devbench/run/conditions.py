"""What two snapshots of the machine, before and after the timed loop, say of the time between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devbench.domain.conditions import Conditions

Snapshot = Mapping[str, Any]


def conditions_of(before: Snapshot, after: Snapshot, canaries: tuple[Snapshot, Snapshot], preempted: int) -> Conditions:
    """The conditions of a round; `canaries` are those at its start and its end, `preempted` counts switches."""
    seconds = max(float(after["at_s"]) - float(before["at_s"]), 1e-9)

    def share(name: str) -> float | None:
        """What the counter `name`, in seconds, gained, per second."""
        if name not in before or name not in after:
            return None
        return max(0.0, float(after[name]) - float(before[name])) / seconds

    busy, own = share("busy_s"), share("own_s")
    groups = after.get("quota_s", {})  # of one that the worker was moved into meanwhile, all counts
    start_mhz, end_mhz = before.get("frequency_mhz"), after.get("frequency_mhz")
    throttles = after["throttles"] - before["throttles"] if "throttles" in before and "throttles" in after else None
    return Conditions(
        seconds=round(seconds, 3),
        others_cores=None if busy is None or own is None else max(0.0, busy - own),
        busiest=_busiest(before.get("processes", {}), after.get("processes", {}), seconds),
        steal=_most(before.get("steal_s", {}), after.get("steal_s", {}), seconds, tick_s=float(after.get("tick_s", 0))),
        stall_cpu=share("stall_cpu_s"),
        stall_memory=share("stall_memory_s"),
        stall_io=share("stall_io_s"),
        quota=_most({**dict.fromkeys(groups, 0.0), **before.get("quota_s", {})}, groups, seconds),
        throttles=throttles,
        frequency_mhz=end_mhz,
        frequency_drop=1 - end_mhz / start_mhz if start_mhz and end_mhz else None,
        temperature_c_start=before.get("temperature_c"),
        temperature_c_end=after.get("temperature_c"),
        load_1min=after.get("load_1min"),
        preempted_per_s=preempted / seconds,
        canary_ns=(int(canaries[0]["total_ns"]), int(canaries[1]["total_ns"])),
        canary_best_ns=(int(canaries[0]["best_ns"]), int(canaries[1]["best_ns"])),
    )


def _most(was: Mapping[str, float], then: Mapping[str, float], seconds: float, tick_s: float = 0) -> float | None:
    """The share of the time that the counter of one core, or of one group, gained at most.

    Where it counts in ticks, a gain of one is none: nobody knows how long ago the tick before it was.
    """
    gained = [float(then[one]) - float(was[one]) for one in was if one in then]
    return max(0.0, max(gained) - tick_s) / seconds if gained else None


def _busiest(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]], seconds: float) -> str:
    """The other process that used most CPU time, if it used a visible part of a core."""
    used = {
        pid: float(entry[1]) - (float(before[pid][1]) if pid in before else 0.0)
        for pid, entry in after.items()
        if pid not in before or before[pid][0] == entry[0]
    }
    if not used:
        return ""
    pid, most = max(used.items(), key=lambda item: item[1])
    return f"{after[pid][0]} (pid {pid}), {most / seconds:.2f} cores" if most / seconds >= 0.02 else ""  # noqa: PLR2004
