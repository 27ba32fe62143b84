"""The file that says how to undo changed settings, should this process and its guardian both be killed."""

from __future__ import annotations

import json
import os
import platform
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.errors import DevbenchError
from devbench.files import write_whole
from devbench.ownership import check_ours, read_ours

if TYPE_CHECKING:
    from pydantic import ConfigDict

_STRICT: ConfigDict = {"extra": "forbid", "strict": True}
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class FileBefore:
    """A file below the folder of the CPUs, by its path from there, and what it said before it was changed."""

    __pydantic_config__ = _STRICT
    file: str
    before: str


@dataclass(frozen=True, kw_only=True)
class ChangeMade:
    """A change that a device asked for. Its plugin and lab.yaml know the program that undoes it; this file does not.

    place, device: where it was made. host: the machine that ssh reaches it on; "" for this one.
    setting, was: see `Change`. text: what was changed, for a reader. lasting: it outlives a boot of this machine.
    """

    __pydantic_config__ = _STRICT
    device: str
    place: str
    host: str
    setting: str
    was: dict[str, str]
    text: str
    lasting: bool


@dataclass(frozen=True, kw_only=True)
class State:
    """Who changed what on which machine. boot_id: a new start of the machine resets all that does not last."""

    __pydantic_config__ = _STRICT
    pid: int
    boot_id: str
    machine: str
    settings: tuple[FileBefore | ChangeMade, ...]

    @classmethod
    def of(cls, settings: Iterable[FileBefore | ChangeMade]) -> State:
        """The state of this process on this machine."""
        boot_id = _BOOT_ID.read_text().strip()
        return cls(pid=os.getpid(), boot_id=boot_id, machine=platform.node(), settings=tuple(settings))

    @property
    def of_another_boot(self) -> bool:
        """Whether the machine has restarted since."""
        return self.boot_id != _BOOT_ID.read_text().strip()

    @property
    def elsewhere(self) -> bool:
        """Whether it belongs to another machine that has the same cache folder, in a home on the network."""
        return self.of_another_boot and self.machine != platform.node()


def save(state: State, path: Path) -> None:
    """Write the file; nothing may be changed before it is there, and where nobody else can change it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_ours(path.parent)
        write_whole(path, json.dumps(asdict(state), indent=1).encode())
        path.chmod(0o600)
    except PermissionError as error:
        raise DevbenchError(
            f"{error.filename or path}: {error.strerror}; so nothing was changed",
            "Devbench keeps there how to undo it. Set DEVBENCH_CACHE to a folder that only you can write. With sudo, "
            "use `sudo -H`.",
        ) from error
    except OSError as error:
        raise DevbenchError(
            f"{path}: cannot be written: {error.strerror}; so nothing was changed",
            "Free some space there, or set DEVBENCH_CACHE to another folder.",
        ) from error


def forget(path: Path) -> None:
    """Remove the file: everything has its former value again."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DevbenchError(
            f"{path}: cannot be removed: {error.strerror}. The settings are restored",
            f"Type: sudo rm {shlex.quote(str(path))}",
        ) from error


def read_state(path: Path) -> State | None:
    """What the file says; None where there is none. Only a file that this user or root wrote is believed."""
    try:
        data = read_ours(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        where = f"{error.filename}: " if error.filename and error.filename != str(path) else ""
        raise DevbenchError(f"{path}: was not used: {where}{error.strerror}", _by_hand(path)) from error
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(State).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise DevbenchError(f"{path}: is damaged: {where}: {first['msg']}", _by_hand(path)) from error


def _by_hand(path: Path) -> str:
    return (
        "It should say how to undo settings that an earlier devbench left. See what `devbench doctor` says of clocks "
        f"and power mode, set by hand what is not as it should be, then: rm {shlex.quote(str(path))}"
    )
