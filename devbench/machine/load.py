"""What else runs on this machine: load, other processes, stolen time, pressure, memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devbench.domain.check import Check
from devbench.linux_files import online_cpus, text_of

_BUSY_SHARE = 0.1  # of all cores: more than this and somebody else's work shows in the samples
_BUSY_CORES = 0.2  # of one core, by all others together, during the look
_NAMED_CORES = 0.1  # a process below this is not worth naming
_NAMED = 3
_STEAL_PERCENT = 5.0  # on two CPUs one tick of the look is 2.5 % already
_PRESSURE_PERCENT = {"cpu": 5.0, "memory": 1.0, "io": 5.0}
_PRESSURE_HINTS = {
    "cpu": "End the programs that `top` shows first.",
    "memory": "Close programs that `top -o %MEM` shows first.",
    "io": "Wait until the disk is quiet: sudo iotop -o shows who uses it.",
}
_SHORT_OF_MEMORY_MIB = 3000  # building Inception v4 takes about this much
_SWAPPED_MIB = 256  # less than this is what any machine puts aside


@dataclass(frozen=True, kw_only=True)
class LoadReading:
    """The kernel's accounts at one moment, in its ticks; a CPU has spent `total / cpus` of them since boot."""

    cpus: int
    total: int
    stolen: int
    processes: dict[int, tuple[str, int]]
    own: int


def look(root: Path) -> LoadReading:
    """The accounts as they are now."""
    lines = (text_of(root / "proc/stat") or "").splitlines()
    ticks = [int(number) for number in lines[0].split()[1:9]] if lines else []  # guests' time is in `user` already
    cpus = sum(line[:3] == "cpu" and line[3:4].isdecimal() for line in lines)
    processes: dict[int, tuple[str, int]] = {}
    for file in (root / "proc").glob("[0-9]*/stat"):
        head, _, tail = (text_of(file) or "").rpartition(")")  # a name may hold spaces and parentheses
        fields = tail.split()
        if len(fields) > 12:  # noqa: PLR2004 - fields 14 and 15 of proc(5), after the two in `head`
            processes[int(file.parent.name)] = (head.partition("(")[2], int(fields[11]) + int(fields[12]))
    own = (text_of(root / "proc/self/stat") or "").partition(" ")[0]
    return LoadReading(
        cpus=cpus or 1,
        total=sum(ticks),
        stolen=ticks[7] if len(ticks) > 7 else 0,  # noqa: PLR2004 - the 8th of proc(5)
        processes=processes,
        own=int(own) if own.isdecimal() else 0,
    )


def busy(before: LoadReading, after: LoadReading) -> Check:
    """Which other processes worked between the two looks, in parts of one core."""
    each_cpu = (after.total - before.total) / after.cpus
    if each_cpu <= 0:
        return Check(name="other processes", good=None, text="cannot be read here (its counters do not change)")
    shares = {
        pid: (ticks - before.processes.get(pid, ("", 0))[1]) / each_cpu
        for pid, (_, ticks) in after.processes.items()
        if pid != after.own
    }
    top = sorted((pid for pid in shares if shares[pid] >= _NAMED_CORES), key=lambda pid: -shares[pid])[:_NAMED]
    names = ", ".join(f"{after.processes[pid][0]} ({pid}) {shares[pid]:.0%}" for pid in top)
    cores = sum(share for share in shares.values() if share > 0)
    good = cores < _BUSY_CORES
    text = f"{cores:.0%} of one core" + (f": {names}" if names else "")
    hint = f"See what they are, and end what you can spare: ps -fp {','.join(map(str, top))}" if top else "See: top"
    return Check(name="other processes", good=good, text=text, hint="" if good else hint)


def steal(before: LoadReading, after: LoadReading) -> Check:
    """The share of time that the host of a virtual machine gave to others."""
    passed = after.total - before.total
    if passed <= 0:
        return Check(name="steal", good=None, text="cannot be read here (its counters do not change)")
    now = 100 * (after.stolen - before.stolen) / passed
    good = now < _STEAL_PERCENT
    text = f"{now:.1f} % of the CPU time stolen by the host, {100 * after.stolen / after.total:.1f} % since boot"
    hint = "This machine cannot change it. Measure at another hour, on dedicated CPUs, or on a physical machine."
    return Check(name="steal", good=good, text=text, hint="" if good else hint)


def load(root: Path) -> Check:
    """The load average of one minute, and what is ready to run now."""
    fields = (text_of(root / "proc/loadavg") or "").split()
    if len(fields) < 4:  # noqa: PLR2004 - see proc(5)
        return Check(name="load", good=None, text="cannot be read here")
    minute, cpus = float(fields[0]), len(online_cpus(root)) or 1
    others = max(0, int(fields[3].partition("/")[0]) - 1)  # the one that asks is running too
    good = minute <= max(_BUSY_SHARE * cpus, 0.3) and others <= cpus
    text = f"{minute:.2f} on {cpus} cores over the last minute, others ready to run now: {others}"
    hint = "End other programs (`top` shows them), or wait a minute."
    return Check(name="load", good=good, text=text, hint="" if good else hint)


def pressure(root: Path) -> Check:
    """The share of the last ten seconds in which something had to wait for CPU, memory or disk."""
    found = {name: _waited(text_of(root / "proc/pressure" / name) or "") for name in _PRESSURE_PERCENT}
    seen = {name: percent for name, percent in found.items() if percent is not None}
    if not seen:
        hint = "The kernel can show it: boot with psi=1."
        return Check(name="pressure", good=None, text="cannot be read here", hint=hint)
    high = [name for name, percent in seen.items() if percent > _PRESSURE_PERCENT[name]]
    text = "waited for " + ", ".join(f"{name} {percent:.1f} %" for name, percent in seen.items()) + " of the last 10 s"
    hint = " ".join(_PRESSURE_HINTS[name] for name in high)
    return Check(name="pressure", good=not high, text=text, hint=hint)


def _waited(text: str) -> float | None:
    for line in text.splitlines():
        kind, *fields = line.split()
        if kind == "some" and fields and fields[0].startswith("avg10="):
            return float(fields[0].removeprefix("avg10="))
    return None


def memory(root: Path) -> Check:
    """What programs can still have."""
    free = _memory_mib(root).get("MemAvailable")
    if free is None:
        return Check(name="memory", good=None, text="cannot be read here")
    good = free >= _SHORT_OF_MEMORY_MIB
    hint = "Building models takes up to 3 GB: close a program, or build them on another machine."
    return Check(name="memory", good=good, text=f"{free} MiB available", hint="" if good else hint)


def swap(root: Path) -> Check:
    """What has been moved out of memory: touching it again takes milliseconds."""
    found = _memory_mib(root)
    if "SwapTotal" not in found or "SwapFree" not in found:
        return Check(name="swap", good=None, text="cannot be read here")
    used = found["SwapTotal"] - found["SwapFree"]
    if used < _SWAPPED_MIB:
        return Check(name="swap", good=True, text=f"{used} MiB in use")
    fits = found.get("MemAvailable", 0) > used + _SHORT_OF_MEMORY_MIB
    hint = "Type: sudo swapoff -a && sudo swapon -a" if fits else "Close programs: `top -o %MEM` shows the largest."
    return Check(name="swap", good=False, text=f"{used} MiB in use", hint=hint)


def _memory_mib(root: Path) -> dict[str, int]:
    found = {}
    for line in (text_of(root / "proc/meminfo") or "").splitlines():
        name, _, value = line.partition(":")
        amount = value.split()
        if amount and amount[0].isdecimal():
            found[name] = int(amount[0]) // 1024
    return found
