"""What this process may use of the machine, what feeds it, and what it runs inside of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from devbench.domain.check import Check
from devbench.linux_files import as_ranges, cpu_folders, from_ranges, number_of, online_cpus, text_of

_CONTAINERS = re.compile(r"docker|kubepods|libpod|lxc|containerd")
_VIRTUAL = re.compile(
    r"qemu|kvm|vmware|virtualbox|innotek|xen|bochs|parallels|amazon ec2|google compute|virtual machine", re.I
)


def threads(root: Path) -> Check:
    """CPUs that share one core: no fault, but work on one slows the other."""
    lists = {text_of(folder / "topology/thread_siblings_list") for folder in cpu_folders(root).values()}
    cores = sorted(from_ranges(text) for text in lists if text)
    if not cores:
        return Check(name="core sharing", good=None, text="cannot be read here")
    shared = [core for core in cores if len(core) > 1]
    if not shared:
        return Check(name="core sharing", good=True, text=f"none: {len(cores)} CPUs, as many cores")
    one_each = as_ranges(core[0] for core in cores)
    text = f"{sum(map(len, cores))} CPUs on {len(cores)} cores (such as cpu{' and cpu'.join(map(str, shared[0]))})"
    switch = root / "sys/devices/system/cpu/smt/control"
    hint = f"For one thread per core: taskset -c {one_each} COMMAND; or for all: echo off | sudo tee {switch}"
    return Check(name="core sharing", good=True, text=text, hint=hint)


def affinity(root: Path) -> Check:
    """Whether this process may run on every CPU that is on."""
    found = re.search(r"^Cpus_allowed_list:\s*(\S+)", text_of(root / "proc/self/status") or "", re.M)
    allowed, online = set(from_ranges(found[1])) if found else set(), set(online_cpus(root))
    if not allowed or not online:
        return Check(name="affinity", good=None, text="cannot be read here")
    missing = online - allowed
    if not missing:
        return Check(name="affinity", good=True, text=f"may run on all {len(online)} CPUs")
    every = as_ranges(online)
    hint = (
        f"Unless you want it so: taskset -cp {every} $$ and start again;"
        f" in a container: docker run --cpuset-cpus {every}; under systemd: AllowedCPUs={every}"
    )
    text = f"may run only on cpu{as_ranges(allowed & online)} of cpu{every}"
    return Check(name="affinity", good=False, text=text, hint=hint)


def quota(root: Path) -> Check:
    """Whether a control group limits CPU time: at the limit, everything in it stands still until the next period."""
    if text_of(root / "proc/self/cgroup") is None or not (root / "sys/fs/cgroup").is_dir():
        return Check(name="CPU quota", good=None, text="cannot be read here (no control groups)")
    limits = sorted(_quotas(root))
    online = len(online_cpus(root)) or 1
    if not limits or limits[0][0] >= online:
        return Check(name="CPU quota", good=True, text=f"{limits[0][0]:g} of {online} CPUs" if limits else "none")
    cpus, file, unlimited = limits[0]
    text = f"{cpus:g} of {online} CPUs ({file}){_stops(file)}: when it is used up, the model stops"
    hint = (
        f"Start the container without --cpus, or: sudo systemctl set-property --runtime UNIT CPUQuota=;"
        f" or: echo {unlimited} | sudo tee {file}"
    )
    return Check(name="CPU quota", good=False, text=text, hint=hint)


def _quotas(root: Path) -> Iterator[tuple[float, Path, str]]:
    """CPUs, file and the word for `no limit`, of each group that this process is in and that has a limit."""
    for line in (text_of(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = ("cpu", "cpu,cpuacct") if controllers else ("", "unified")
        for mount in mounts:
            top = root / "sys/fs/cgroup" / mount
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                yield from _quota_of(folder)
                if folder == top:
                    break


def _quota_of(folder: Path) -> Iterator[tuple[float, Path, str]]:
    new, old = folder / "cpu.max", folder / "cpu.cfs_quota_us"
    fields = (text_of(new) or "").split()
    if len(fields) == 2 and fields[0].isdecimal():  # noqa: PLR2004 - quota and period
        yield int(fields[0]) / int(fields[1]), new, "max"
    limit, period = number_of(old), number_of(folder / "cpu.cfs_period_us")
    if limit and period and limit > 0:
        yield limit / period, old, "-1"


def _stops(file: Path) -> str:
    found = re.search(r"^nr_throttled (\d+)", text_of(file.with_name("cpu.stat")) or "", re.M)
    return f", used up {found[1]} times so far" if found and found[1] != "0" else ""


def power(root: Path) -> Check:
    """Whether the machine runs on its battery; those of mice and headsets do not count."""
    supplies = root / "sys/class/power_supply"
    if not supplies.is_dir():
        return Check(name="power", good=None, text="cannot be read here")
    batteries = [
        folder
        for folder in sorted(supplies.iterdir())
        if text_of(folder / "type") == "Battery" and text_of(folder / "scope") != "Device"
    ]
    if not batteries:
        return Check(name="power", good=True, text="no battery")
    for folder in batteries:
        if text_of(folder / "status") == "Discharging":
            text = f"on battery, {text_of(folder / 'capacity') or '?'} %"
            return Check(name="power", good=False, text=text, hint="Plug it in: on battery, clocks drop.")
    return Check(name="power", good=True, text="plugged in")


def surroundings(root: Path) -> Check:
    """Virtual machine or container: facts, which a reader of the numbers wants to know."""
    found = [*_virtual_machine(root), *_container(root)]
    if not found:
        return Check(name="surroundings", good=True, text="no sign of a virtual machine or a container")
    hint = ""
    if found[0].startswith("virtual"):
        hint = (
            "Other guests of the host affect the samples, and clocks cannot be read. Say so when you publish results."
        )
    return Check(name="surroundings", good=True, text=", ".join(found), hint=hint)


def _virtual_machine(root: Path) -> Iterator[str]:
    names = [text_of(root / "sys/class/dmi/id" / name) or "" for name in ("sys_vendor", "product_name")]
    maker = " ".join(name for name in names if name)
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", text_of(root / "proc/cpuinfo") or "", re.M)
    if "microsoft" in (text_of(root / "proc/version") or "").lower():
        yield "virtual machine (WSL)"
    elif flags or _VIRTUAL.search(maker) or text_of(root / "sys/hypervisor/type"):
        yield f"virtual machine ({maker})" if maker else "virtual machine"


def _container(root: Path) -> Iterator[str]:
    groups = _CONTAINERS.search(text_of(root / "proc/self/cgroup") or "")
    marks = {".dockerenv": "docker", "run/.containerenv": "podman"}
    kind = next((name for file, name in marks.items() if (root / file).exists()), groups[0] if groups else "")
    if kind:
        yield f"container ({kind})"
