"""Power mode and clocks of a Jetson: what to run to set them, and what puts them back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from devbench import Change, DevbenchError, Place, command_there
from devbench_jetson import board
from devbench_jetson.ask import ask


def changes_for(place: Place) -> Iterator[Change]:
    """What lab.yaml wants changed and is not so already: the power mode first, as it moves the clocks' limits."""
    mode, clocks = place.settle.get("nvpmodel"), place.settle.get("jetson_clocks")
    if mode is None and not clocks:
        return
    found = ask(place, "settings")
    if mode is not None:
        for change in _power_mode(str(mode), found, _where(place)):
            yield _made_there(place, change)
    if clocks:
        yield _made_there(place, _pinned_clocks(found))


def _where(place: Place) -> str:
    return f"{place.ssh.host}: " if place.ssh else ""


def _made_there(place: Place, change: Change) -> Change:
    """The change for the machine of the place. Behind ssh it outlives a boot of this one, whatever it does to that."""
    return replace(
        change,
        text=_where(place) + change.text,
        apply=tuple(command_there(place, command) for command in change.apply),
        undo=command_there(place, change.undo),
        lasting=change.lasting or place.ssh is not None,
    )


def _power_mode(wanted: str, found: Mapping[str, Any], where: str) -> Iterator[Change]:
    """By number or name."""
    now, modes = found["power_mode"], found["power_modes"]
    if now is None:
        raise DevbenchError(f"settle: {where}nvpmodel does not tell the power mode: {found['nvpmodel_says']}")
    number = next((one for one, name in modes.items() if wanted in (one, name)), None)
    if number is None and (modes or not wanted.isdecimal()):
        have = ", ".join(f"{one} ({name})" for one, name in modes.items())
        raise DevbenchError(f"settle: {where}this board has no power mode {wanted}", f"It has: {have}." if have else "")
    number = number or wanted
    if number != now[0]:
        yield Change(
            text=f"power mode {now[0]} ({now[1]}) → {number} ({modes.get(number, '?')})",
            apply=(_as_root(found, "nvpmodel", "-m", number), _as_root(found, "nvpmodel", "-q")),
            answer="no\n",  # to the question whether to reboot
            refused=lambda said: _mode_refused(said, number),
            undo=_as_root(found, "nvpmodel", "-m", now[0]),
            lasting=True,
        )


def _mode_refused(said: str, number: str) -> str:
    """Why the mode was not taken. Of the question about a reboot nobody of us has seen more than its gist."""
    if "reboot" in said.lower():
        return f"the board must be rebooted for it; set it by hand: sudo nvpmodel -m {number}, and answer YES"
    errors = [line for line in said.splitlines() if "NVPM ERROR" in line]
    if errors:
        return "; ".join(errors)
    found = board.mode_in(said)
    return f"nvpmodel says that the mode is still {found[0]} ({found[1]})" if found and found[0] != number else ""


def _pinned_clocks(found: Mapping[str, Any]) -> Change:
    """`jetson_clocks`, undone from what it stored; the file is gone after a boot, as the clocks are."""
    file = os.path.join(found["root"], "run", "devbench-jetson-clocks.conf")  # noqa: PTH118 - text for programs
    kept = shlex.quote(file)
    restore = f"test -e {kept} || exit 0; jetson_clocks --restore {kept} && rm {kept}"
    return Change(
        text="clocks pinned by jetson_clocks",
        apply=(_as_root(found, "jetson_clocks", "--store", file), _as_root(found, "jetson_clocks")),
        undo=_as_root(found, "sh", "-c", restore),
    )


def _as_root(found: Mapping[str, Any], *command: str) -> tuple[str, ...]:
    """The command; by sudo, which must not ask for a password, for a user who is not root."""
    return command if found["superuser"] else ("sudo", "-n", *command)
