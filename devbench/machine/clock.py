"""What moves the clock of the CPUs: governor, limits, turbo, heat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench.domain.check import Check
from devbench.linux_files import as_ranges, by_value, cpu_folders, number_of, text_of

_NEAR_LIMIT_C = 5.0  # this near to its limit a sensor's chip is about to be slowed down
_SANE_LIMITS_C = (20.0, 150.0)  # drivers fill limits that they do not know with 0 or with 65261
_NO_CPUFREQ = "cannot be read here (a virtual machine, or no cpufreq)"


def governor(root: Path) -> Check:
    """The governor of every CPU; all must be `performance`."""
    found = {
        cpu: text
        for cpu, folder in cpu_folders(root).items()
        if (text := text_of(folder / "cpufreq/scaling_governor")) is not None
    }
    if not found:
        return Check(name="governor", good=None, text=_NO_CPUFREQ)
    groups = by_value(found)
    good = list(groups) == ["performance"]
    if len(groups) == 1:
        text = f"{next(iter(groups))} on every CPU"
    else:
        text = "; ".join(f"{name or 'none'} on cpu{as_ranges(cpus)}" for name, cpus in groups.items())
    hint = "Type: devbench doctor --tune (it restores the old one); or: sudo cpupower frequency-set -g performance"
    return Check(name="governor", good=good, text=text, hint="" if good else hint)


def frequency(root: Path) -> Check:
    """The limit that is set for every CPU, against what its hardware can do."""
    now: list[int] = []
    tops: set[int] = set()
    limited: dict[int, str] = {}
    for cpu, folder in cpu_folders(root).items():
        limit, top = (number_of(folder / f"cpufreq/{name}") for name in ("scaling_max_freq", "cpuinfo_max_freq"))
        if limit is None or top is None:
            continue
        tops.add(top)
        now.append(number_of(folder / "cpufreq/scaling_cur_freq") or 0)
        if limit < top:
            limited[cpu] = f"limited to {_mhz(limit)} of {_mhz(top)}"
    if not tops:
        return Check(name="frequency", good=None, text=_NO_CPUFREQ)
    current = f"; now {_span(now)}" if all(now) else ""
    if not limited:
        return Check(name="frequency", good=True, text=f"up to {_span(list(tops))}, as far as it goes{current}")
    text = "; ".join(f"cpu{as_ranges(cpus)} {what}" for what, cpus in by_value(limited).items())
    cpus = root / "sys/devices/system/cpu"
    hint = (
        f"Type: for c in {cpus}/cpu[0-9]*/cpufreq; do cat $c/cpuinfo_max_freq | sudo tee $c/scaling_max_freq; done"
        " (if it falls again, the cause is a power profile, heat or a weak supply)"
    )
    return Check(name="frequency", good=False, text=text + current, hint=hint)


def turbo(root: Path) -> Check:
    """Whether CPUs may exceed their nominal clock: no fault, but it makes the clock depend on heat and neighbours."""
    cpus = root / "sys/devices/system/cpu"
    for file, on, off in ((cpus / "intel_pstate/no_turbo", "0", "1"), (cpus / "cpufreq/boost", "1", "0")):
        value = text_of(file)
        if value == on:
            text = "on: the clock depends on temperature and on how many cores are busy"
            hint = f"Where runs must repeat on other days, switch it off: echo {off} | sudo tee {file}"
            return Check(name="turbo", good=True, text=text, hint=hint)
        if value is not None:
            hint = f"This is slower than what users get. To switch it on: echo {on} | sudo tee {file}"
            return Check(name="turbo", good=True, text="off: steadier clocks", hint=hint)
    return Check(name="turbo", good=None, text="no switch found")


def throttle_counts(root: Path) -> dict[str, int]:
    """How often each CPU was slowed down because of heat since boot, by file."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_count")
    return {
        f"{file.parts[-3]} {file.name}": number for file in sorted(files) if (number := number_of(file)) is not None
    }


def throttling(before: dict[str, int], after: dict[str, int]) -> Check:
    """Judges two looks at the throttle counters: only those that grow spoil what is measured now."""
    if not after:
        return Check(name="throttling", good=None, text="no counters found (they are an Intel feature)")
    grown = sorted({name.split()[0] for name, count in after.items() if count > before.get(name, count)})
    if grown:
        hint = "Let it cool down, and see to fan, dust and heat sink; then check again."
        return Check(name="throttling", good=False, text=f"slowed down by heat now: {', '.join(grown)}", hint=hint)
    most = max(after.values())
    if most:
        hint = "Check again after a run: if the count has grown, the run was slowed down."
        return Check(name="throttling", good=True, text=f"none now, {most} times since boot", hint=hint)
    return Check(name="throttling", good=True, text="none since boot")


def temperature(root: Path) -> Check:
    """Every sensor against its own limit."""
    sensors = [*_zones(root), *_monitors(root)]
    if not sensors:
        return Check(name="temperature", good=None, text="no sensor found")
    near = sorted({name for name, now, limit in sensors if limit and now >= limit - _NEAR_LIMIT_C})
    limits = [(limit - now, f"{name} {now:.0f} °C, limit {limit:.0f} °C") for name, now, limit in sensors if limit]
    hottest, degrees, _ = max(sensors, key=lambda sensor: sensor[1])
    text = min(limits)[1] if limits else f"{hottest} {degrees:.0f} °C, and no limit is known"
    if near:
        hint = "Let it cool down until it is 10 °C below, and see to fan, dust and heat sink."
        return Check(name="temperature", good=False, text=f"{text}; near the limit: {', '.join(near)}", hint=hint)
    return Check(name="temperature", good=True, text=text)


def _zones(root: Path) -> Iterator[tuple[str, float, float | None]]:
    """Name, degrees and lowest limit of each thermal zone; trip points that only start a fan are not limits."""
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        now = number_of(zone / "temp")
        if now is None:
            continue
        trips = [
            limit
            for kind in zone.glob("trip_point_*_type")
            if text_of(kind) in ("passive", "hot", "critical")
            and (limit := _limit(kind.with_name(kind.name.replace("_type", "_temp")))) is not None
        ]
        yield text_of(zone / "type") or zone.name, now / 1000, min(trips, default=None)


def _monitors(root: Path) -> Iterator[tuple[str, float, float | None]]:
    """The same of each hwmon sensor; `max` is where fans speed up, so `crit` counts where there is one."""
    for file in sorted((root / "sys/class/hwmon").glob("hwmon*/temp*_input")):
        now = number_of(file)
        if now is None:
            continue
        stem = file.name.removesuffix("_input")
        chip, label = text_of(file.with_name("name")) or file.parent.name, text_of(file.with_name(f"{stem}_label"))
        limit = _limit(file.with_name(f"{stem}_crit")) or _limit(file.with_name(f"{stem}_max"))
        yield f"{chip} {label or stem}", now / 1000, limit


def _limit(file: Path) -> float | None:
    degrees = (number_of(file) or 0) / 1000
    return degrees if _SANE_LIMITS_C[0] <= degrees <= _SANE_LIMITS_C[1] else None


def _mhz(khz: int) -> str:
    return f"{khz // 1000} MHz"


def _span(khz: list[int]) -> str:
    low, high = min(khz) // 1000, max(khz) // 1000
    return f"{low} MHz" if low == high else f"{low} to {high} MHz"
