"""Power mode and clocks of a Jetson: what to run to set them, and what puts them back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from devbench import Change, DevbenchError, Place
from devbench_jetson import board
from devbench_jetson.ask import ask

_SUDO = ("sudo", "-n")  # which must not ask for a password
# What the clocks were. Only root can write there, and a boot empties it; the variable is for tests.
_KEPT = '"${DEVBENCH_ROOT:-}/run/devbench-jetson-clocks.conf"'
_STORE = f"jetson_clocks --store {_KEPT}"
_RESTORE = f"test -e {_KEPT} || exit 0; jetson_clocks --restore {_KEPT} && rm {_KEPT}"


def changes_for(place: Place) -> Iterator[Change]:
    """What lab.yaml wants changed and is not so already: the power mode first, as it moves the clocks' limits."""
    mode, clocks = place.settle.get("nvpmodel"), place.settle.get("jetson_clocks")
    if mode is None and not clocks:
        return
    found = ask(place, "settings")
    sudo = () if found["superuser"] else _SUDO
    if mode is not None:
        yield from _power_mode(str(mode), found, sudo, f"{place.ssh.host}: " if place.ssh else "")
    if clocks:
        yield Change(
            setting="jetson_clocks",
            text="clocks pinned by jetson_clocks",
            apply=((*sudo, "sh", "-c", _STORE), (*sudo, "jetson_clocks")),
            was={"sudo": " ".join(sudo)},
        )


def undo_of(setting: str, was: Mapping[str, str]) -> tuple[str, ...]:
    """The program that undoes a change, from what it was before."""
    sudo = tuple(was["sudo"].split())
    if sudo not in ((), _SUDO):
        raise ValueError(was)
    if setting == "nvpmodel" and re.fullmatch("[0-9]{1,3}", was["mode"]):
        return (*sudo, "nvpmodel", "-m", was["mode"])
    if setting == "jetson_clocks":
        return (*sudo, "sh", "-c", _RESTORE)
    raise ValueError(setting)


def _power_mode(wanted: str, found: Mapping[str, Any], sudo: tuple[str, ...], where: str) -> Iterator[Change]:
    """By number or name."""
    now, modes = found["power_mode"], found["power_modes"]
    if now is None:
        raise DevbenchError(f"settle: {where}nvpmodel does not say the power mode: {found['nvpmodel_says']}")
    number = next((one for one, name in modes.items() if wanted in (one, name)), None)
    if number is None and (modes or not wanted.isdecimal()):
        have = ", ".join(f"{one} ({name})" for one, name in modes.items())
        raise DevbenchError(f"settle: {where}this board has no power mode {wanted}", f"It has: {have}." if have else "")
    number = number or wanted
    if number != now[0]:
        yield Change(
            setting="nvpmodel",
            text=f"power mode {now[0]} ({now[1]}) → {number} ({modes.get(number, '?')})",
            apply=((*sudo, "nvpmodel", "-m", number), (*sudo, "nvpmodel", "-q")),
            was={"mode": now[0], "sudo": " ".join(sudo)},
            answer="no\n",  # to the question whether to reboot
            refused=lambda said: _mode_refused(said, number),
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
