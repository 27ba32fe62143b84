"""Which files of the CPUs' clocks measuring wants changed, and which may change along with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.linux_files import as_ranges, cpu_folders
from devbench.settings.guardian import FileEntry, read_value
from devbench.settings.state import FileBefore

_GOVERNOR = "performance"
# The files that are ever changed here, below the folder of the CPUs: no others are put back.
_CHANGED = re.compile(
    r"""(cpu[0-9]+/cpufreq|cpufreq/policy[0-9]+)/
          (scaling_governor|energy_performance_preference|scaling_setspeed|scaling_min_freq)
      | (cpu[0-9]+/cpufreq/|cpufreq/(policy[0-9]+/)?)(?!stats/|policy)[a-z]+/[a-z0-9_]+""",
    re.VERBOSE,
)
_VALUE = re.compile("[ -~]{0,200}")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One file. wanted: None for what is only restored, because it may move when another setting is changed."""

    name: str
    cpus: tuple[int, ...]
    file: Path
    before: str
    wanted: str | None


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What is to be changed, and after it what has to be restored: nothing that is already as it is wanted."""

    settings: tuple[Setting, ...]

    @property
    def changes(self) -> list[Setting]:
        """Those that are set."""
        return [setting for setting in self.settings if setting.wanted is not None]

    def lines(self, form: str) -> list[str]:
        """The changes as text, one line for all CPUs to which the same is done."""
        groups: dict[tuple[str, str, str | None], list[int]] = {}
        for one in self.changes:
            groups.setdefault((one.name, one.before, one.wanted), []).extend(one.cpus)
        return [
            form.format(name=name, before=before, wanted=wanted, cpus=f"cpu{as_ranges(cpus)}")
            for (name, before, wanted), cpus in groups.items()
        ]


def find_tuning(root: Path, *, pin_frequency: bool) -> Tuning:
    """What measuring wants changed below `root`: the governor, and with `pin_frequency` the lowest clock too."""
    policies: dict[Path, list[int]] = {}  # CPUs that share a clock share this folder
    for cpu, folder in cpu_folders(root).items():
        if (folder / "cpufreq/scaling_governor").exists():
            policies.setdefault((folder / "cpufreq").resolve(), []).append(cpu)
    cpus_folder = _cpus_folder(root)
    if not policies:
        raise DevbenchError(
            f"{cpus_folder}: no CPU has a governor that can be set",
            "Virtual machines are like that: tune their host instead, and leave out --tune.",
        )
    settings: list[Setting] = []
    for folder, cpus in policies.items():
        settings += _of_policy(folder, tuple(cpus), pin_frequency=pin_frequency)
    if any(setting.name == "governor" for setting in settings):
        settings += _governor_options((cpus_folder / "cpufreq").glob("*/*"))
    # What comes along with a governor can be put back only after it, and some of it after all governors.
    settings.sort(key=lambda setting: setting.wanted is None)
    return Tuning(settings=tuple(settings))


def kept(setting: Setting, root: Path) -> FileBefore:
    """What the state file says of the setting."""
    return FileBefore(file=str(setting.file.relative_to(_cpus_folder(root))), before=setting.before)


def entry_of(one: FileBefore, root: Path) -> FileEntry:
    """What to restore for a line of the state file; a `DevbenchError` for what devbench would never have changed."""
    folder = _cpus_folder(root)
    file = folder / one.file
    if not _CHANGED.fullmatch(one.file) or not file.resolve().is_relative_to(folder):
        raise DevbenchError(f"{one.file!r} is not a setting of the clocks, so nothing is restored")
    if not _VALUE.fullmatch(one.before):
        raise DevbenchError(f"{one.before!r} is not a value of {one.file}, so nothing is restored")
    return FileEntry(file=str(file), before=one.before)


def _cpus_folder(root: Path) -> Path:
    return (root / "sys/devices/system/cpu").resolve()


def _of_policy(folder: Path, cpus: tuple[int, ...], *, pin_frequency: bool) -> Iterator[Setting]:
    def setting(name: str, file: str, wanted: str | None) -> Setting:
        return Setting(name=name, cpus=cpus, file=folder / file, before=_value(folder / file), wanted=wanted)

    governor = setting("governor", "scaling_governor", _GOVERNOR)
    if governor.before != _GOVERNOR:
        available = folder / "scaling_available_governors"
        if available.exists() and _GOVERNOR not in (names := _value(available)).split():
            raise DevbenchError(
                f"{available}: there is no '{_GOVERNOR}' among: {names}", "Type: sudo modprobe cpufreq_performance"
            )
        yield governor
        # Drivers with a preference of their own move it along with the governor, and not all move it back.
        if (folder / "energy_performance_preference").exists():
            yield setting("energy preference", "energy_performance_preference", None)
        if governor.before == "userspace":
            yield setting("chosen clock", "scaling_setspeed", None)
        yield from _governor_options(folder.glob("*/*"))
    if pin_frequency and _value(folder / "scaling_min_freq") != (top := _value(folder / "scaling_max_freq")):
        yield setting("lowest clock", "scaling_min_freq", top)


def _governor_options(files: Iterable[Path]) -> Iterator[Setting]:
    """Options of the governors in use, such as boards set at boot: the kernel drops them when the governor goes."""
    for file in sorted(files):
        governor = file.parent.name
        if governor == "stats" or governor.startswith("policy") or not file.is_file():
            continue
        mode = file.stat().st_mode
        if mode & 0o222 and mode & 0o444:
            yield Setting(name=f"{governor} {file.name}", cpus=(), file=file, before=_value(file), wanted=None)


def _value(file: Path) -> str:
    try:
        return read_value(str(file))
    except OSError as error:
        raise DevbenchError(
            f"{file}: cannot be read: {error.strerror}; so nothing was changed",
            "Is this CPU switched on? See: lscpu -e",
        ) from error
