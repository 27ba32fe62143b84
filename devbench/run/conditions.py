"""What two snapshots of the machine, before and after the timed loop, say of the time between them."""

from __future__ import annotations

from collections.abc import Mapping

from devbench.domain.conditions import Conditions
from devbench.places.answers import Canary, Snapshot


def conditions_of(before: Snapshot, after: Snapshot, canaries: tuple[Canary, Canary], preempted: int) -> Conditions:
    """The conditions of a round; `canaries` are those at its start and its end, `preempted` counts switches."""
    seconds = max(after.at_s - before.at_s, 1e-9)

    def share(was_s: float | None, then_s: float | None) -> float | None:
        """What a counter in seconds gained, per second."""
        return None if was_s is None or then_s is None else max(0.0, then_s - was_s) / seconds

    busy, own = share(before.busy_s, after.busy_s), share(before.own_s, after.own_s)
    groups = after.quota_s  # of one that the worker was moved into meanwhile, all counts
    start_mhz, end_mhz = before.frequency_mhz, after.frequency_mhz
    return Conditions(
        seconds=round(seconds, 3),
        others_cores=None if busy is None or own is None else max(0.0, busy - own),
        busiest=_busiest(before.processes, after.processes, seconds),
        steal=_most(before.steal_s, after.steal_s, seconds, tick_s=after.tick_s),
        stall_cpu=share(before.stall_cpu_s, after.stall_cpu_s),
        stall_memory=share(before.stall_memory_s, after.stall_memory_s),
        stall_io=share(before.stall_io_s, after.stall_io_s),
        quota=_most({**dict.fromkeys(groups, 0.0), **before.quota_s}, groups, seconds),
        throttles=_gained(before.throttles, after.throttles),
        frequency_mhz=end_mhz,
        frequency_drop=1 - end_mhz / start_mhz if start_mhz and end_mhz else None,
        temperature_c_start=before.temperature_c,
        temperature_c_end=after.temperature_c,
        load_1min=after.load_1min,
        preempted_per_s=preempted / seconds,
        canary_ns=(canaries[0].total_ns, canaries[1].total_ns),
        canary_best_ns=(canaries[0].best_ns, canaries[1].best_ns),
    )


def _gained(was: int | None, then: int | None) -> int | None:
    return None if was is None or then is None else then - was


def _most(was: Mapping[str, float], then: Mapping[str, float], seconds: float, tick_s: float = 0) -> float | None:
    """The share of the time that the counter of one core, or of one group, gained at most.

    Where it counts in ticks, a gain of one is none: nobody knows how long ago the tick before it was.
    """
    gained = [then[one] - was[one] for one in was if one in then]
    return max(0.0, max(gained) - tick_s) / seconds if gained else None


Processes = Mapping[str, tuple[str, float]]  # name and CPU seconds by pid


def _busiest(before: Processes, after: Processes, seconds: float) -> str:
    """The other process that used most CPU time, if it used a visible part of a core."""
    used = {
        pid: entry[1] - (before[pid][1] if pid in before else 0.0)
        for pid, entry in after.items()
        if pid not in before or before[pid][0] == entry[0]
    }
    if not used:
        return ""
    pid, most = max(used.items(), key=lambda item: item[1])
    return f"{after[pid][0]} (pid {pid}), {most / seconds:.2f} cores" if most / seconds >= 0.02 else ""  # noqa: PLR2004
