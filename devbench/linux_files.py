"""Small readers of /proc and /sys."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def text_of(path: Path) -> str | None:
    """What the file says, or None where there is none to read: sysfs has files that refuse to be read."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


def number_of(path: Path) -> int | None:
    """The number in the file, or None where there is none."""
    text = text_of(path)
    try:
        return int(text) if text else None
    except ValueError:
        return None


def cpu_folders(root: Path) -> dict[int, Path]:
    """The folder of each CPU below `root`, by its number."""
    found = (root / "sys/devices/system/cpu").glob("cpu[0-9]*")
    return dict(sorted((int(path.name[3:]), path) for path in found if path.name[3:].isdecimal()))


def online_cpus(root: Path) -> list[int]:
    """The CPUs that are switched on."""
    return from_ranges(text_of(root / "sys/devices/system/cpu/online") or "") or list(cpu_folders(root))


def from_ranges(text: str) -> list[int]:
    """The numbers of a list such as `0-2,5`."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal():
            numbers += range(int(first), int(last if last.isdecimal() else first) + 1)
    return numbers


def as_ranges(numbers: Iterable[int]) -> str:
    """`numbers` as a list such as `0-2,5`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def by_value(values: dict[int, str]) -> dict[str, list[int]]:
    """The CPUs that have each value; the most common value first."""
    groups: dict[str, list[int]] = {}
    for cpu, value in values.items():
        groups.setdefault(value, []).append(cpu)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))
