"""Power mode and clocks of a Jetson: what to run to set them, and what puts them back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from devbench import Change, DevbenchError, Place
from devbench_jetson import board


def root() -> str:
    """Where `etc`, `proc` and `sys` are; tests have trees of their own."""
    return os.environ.get("DEVBENCH_ROOT", "/")


def changes_for(place: Place) -> Iterator[Change]:
    """What lab.yaml wants changed and is not so already: the power mode first, as it moves the clocks' limits."""
    if place.ssh is not None:
        raise DevbenchError(
            f"lab.yaml: place '{place.name}': settings of a board behind ssh cannot be changed from here yet",
            "Set them on the board, and leave out `settle:`.",
        )
    mode = place.settle.get("nvpmodel")
    if mode is not None:
        yield from _power_mode(str(mode))
    if place.settle.get("jetson_clocks"):
        yield _pinned_clocks()


def _power_mode(wanted: str) -> Iterator[Change]:
    """By number or name."""
    now, modes = board.power_mode(), board.power_modes()
    if now is None:
        _, said = board.run(["nvpmodel", "-q"])
        raise DevbenchError(f"settle: nvpmodel does not tell the power mode: {' '.join(said.split())[:200]}")
    number = next((one for one, name in modes.items() if wanted in (one, name)), None)
    if number is None and (modes or not wanted.isdecimal()):
        have = ", ".join(f"{one} ({name})" for one, name in modes.items())
        raise DevbenchError(f"settle: this board has no power mode {wanted}", f"It has: {have}." if have else "")
    number = number or wanted
    if number != now[0]:
        yield Change(
            text=f"power mode {now[0]} ({now[1]}) → {number} ({modes.get(number, '?')})",
            apply=(_as_root("nvpmodel", "-m", number), ("nvpmodel", "-q")),
            answer="no\n",  # to the question whether to reboot
            refused=lambda said: _mode_refused(said, number),
            undo=_as_root("nvpmodel", "-m", now[0]),
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


def _pinned_clocks() -> Change:
    """`jetson_clocks`, undone from what it stored; the file is gone after a boot, as the clocks are."""
    file = os.path.join(root(), "run", "devbench-jetson-clocks.conf")  # noqa: PTH118 - text for programs
    restore = (
        f"test ! -e {shlex.quote(file)} || {{ jetson_clocks --restore {shlex.quote(file)} && rm {shlex.quote(file)}; }}"
    )
    return Change(
        text="clocks pinned by jetson_clocks",
        apply=(_as_root("jetson_clocks", "--store", file), _as_root("jetson_clocks")),
        undo=_as_root("sh", "-c", restore),
    )


def _as_root(*command: str) -> tuple[str, ...]:
    """The command; by sudo, which must not ask for a password, for a user who is not root."""
    return command if os.geteuid() == 0 else ("sudo", "-n", *command)
