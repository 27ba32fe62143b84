"""Edge TPUs as devices: the stick, the chip on PCIe, the Dev Board and its CPU. No hardware has seen this code yet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from devbench import Absent, Check, Device, Place
from devbench_edgetpu import sysfs
from devbench_edgetpu.remarks import remarks_on
from devbench_edgetpu.troubles import advice

_RUNTIMES = ("edgetpu-litert", "edgetpu-tflite-runtime", "pycoral")
_SUPERSPEED_MBPS = 5000
# What the device tree of the Dev Board is believed to say; nobody of us has read it on one.
_DEV_BOARD_MODELS = ("Phanbell", "Coral")


class _EdgeTpu(Device):
    runtimes: ClassVar[tuple[str, ...]] = _RUNTIMES

    def remarks(self, facts: Mapping[str, str]) -> Iterable[str]:
        """Why it may be slower than what others publish."""
        return remarks_on(facts)


class CoralUsb(_EdgeTpu):
    """The USB Accelerator: each port with one in it is a place."""

    kind: ClassVar[str] = "coral-usb"

    def discover(self) -> Iterable[Place | Absent]:
        """A place for each stick that may be used, by its port: the order of sticks changes from boot to boot."""
        found = sysfs.sticks(_root())
        if not found:
            return [Absent(device=self.kind, reason="no USB Accelerator is plugged into this machine")]
        return [_stick_place(self.kind, stick) for stick in found]

    def checks(self) -> Iterable[Check]:
        """Each stick: permission, link, firmware, and whether somebody has it open."""
        for stick in sysfs.sticks(_root()):
            name = f"{self.kind} {stick['port']}"
            problem = sysfs.access_problem(stick["node"])
            yield Check(
                name=f"{name} permission", good=not problem, text=problem or "may be opened", hint=_hint(problem)
            )
            yield _link(name, stick["speed_mbps"])
            yield _use(name, stick["node"])
            loaded = stick["id"] == sysfs.AFTER_FIRMWARE
            yield Check(
                name=f"{name} firmware",
                good=True,
                text="loaded"
                if loaded
                else "not loaded yet: the first use loads it, and the stick gets another USB id",
            )


class _Pcie(_EdgeTpu):
    """A chip on PCIe, wherever it sits."""

    place_options: ClassVar[Mapping[str, str]] = {"node": "apex_0"}

    def _chips(self) -> list[dict[str, str]]:
        return sysfs.chips(_root())

    def discover(self) -> Iterable[Place | Absent]:
        """A place for each apex node that may be used."""
        found = self._chips()
        if not found:
            return [Absent(device=self.kind, reason=self._absent())]
        return [_chip_place(self.kind, chip) for chip in found]

    def checks(self) -> Iterable[Check]:
        """Each chip: permission, use, and how far it is from the temperature that halves its clock."""
        for chip in self._chips():
            name = f"{self.kind} {chip['name']}"
            problem = sysfs.access_problem(chip["node"])
            yield Check(
                name=f"{name} permission", good=not problem, text=problem or "may be opened", hint=_hint(problem)
            )
            yield _use(name, chip["node"])
            yield _temperature(name, sysfs.temperatures(chip["folder"]))

    def _absent(self) -> str:
        return "no Edge TPU is on PCIe here (there is no /dev/apex_0)"


class CoralPcie(_Pcie):
    """Mini PCIe and M.2 cards."""

    kind: ClassVar[str] = "coral-pcie"

    def _chips(self) -> list[dict[str, str]]:
        return [] if _is_dev_board() else super()._chips()


class CoralDevBoard(_Pcie):
    """The Dev Board's own Edge TPU, where devbench runs on the board; over ssh it is named in lab.yaml."""

    kind: ClassVar[str] = "coral-dev-board"

    def _chips(self) -> list[dict[str, str]]:
        return super()._chips() if _is_dev_board() else []

    def _absent(self) -> str:
        if _is_dev_board():
            return "this Dev Board shows no /dev/apex_0: is the gasket driver loaded?"
        return "this machine is no Coral Dev Board; name one that ssh reaches in lab.yaml"


class CoralDevBoardCpu(Device):
    """The Dev Board's Cortex-A53: the `embedded CPU` of the published tables."""

    kind: ClassVar[str] = "coral-dev-board-cpu"
    runtimes: ClassVar[tuple[str, ...]] = ("tflite-runtime", "litert")

    def discover(self) -> Iterable[Place | Absent]:
        """This machine, if it is a Dev Board."""
        if _is_dev_board():
            return [Place(name="local", device=self.kind)]
        return [Absent(device=self.kind, reason="this machine is no Coral Dev Board; name one in lab.yaml")]


def _stick_place(kind: str, stick: Mapping[str, Any]) -> Place | Absent:
    problem = sysfs.access_problem(stick["node"])
    if problem:
        return Absent(device=kind, reason=f"stick in port {stick['port']}: {problem}", hint=_hint(problem))
    facts = {"link": f"USB {stick['speed_mbps'] or '?'} Mbit/s", "usb_id": stick["id"]}
    return Place(name=stick["port"], device=kind, options={"port": stick["port"]}, facts=facts)


def _chip_place(kind: str, chip: Mapping[str, str]) -> Place | Absent:
    problem = sysfs.access_problem(chip["node"])
    if problem:
        return Absent(device=kind, reason=f"{chip['name']}: {problem}", hint=_hint(problem))
    return Place(name=chip["name"], device=kind, options={"node": chip["name"]}, facts={"link": "PCIe"})


def _link(name: str, speed_mbps: int) -> Check:
    if not speed_mbps:
        return Check(name=f"{name} link", good=None, text="the speed of its port cannot be read")
    hint = "Use a USB 3 port and cable: Inception v4 was published at 1060 ms on USB 2, and 84 ms on USB 3."
    slow = speed_mbps < _SUPERSPEED_MBPS
    return Check(name=f"{name} link", good=not slow, text=f"USB at {speed_mbps} Mbit/s", hint=hint if slow else "")


def _use(name: str, node: str) -> Check:
    users = sysfs.holders(node)
    text = f"held by {', '.join(users)}" if users else "nobody has it open"
    return Check(name=f"{name} use", good=not users, text=text, hint=advice("is in use") if users else "")


def _temperature(name: str, found: Mapping[str, str]) -> Check:
    now, trip = found.get("edgetpu_temperature_c"), found.get("edgetpu_trip0_c")
    if now is None or trip is None:
        return Check(name=f"{name} temperature", good=None, text="cannot be read")
    hot = float(now) >= float(trip)
    hint = "Cool it: each trip point that is passed halves the clock." if hot else ""
    return Check(name=f"{name} temperature", good=not hot, text=f"{now} °C; its clock halves at {trip} °C", hint=hint)


def _hint(problem: str) -> str:
    return advice(problem) if problem else ""


def _is_dev_board() -> bool:
    try:
        model = (Path(_root()) / "proc/device-tree/model").read_text(errors="replace")
    except OSError:
        return False
    return any(name in model for name in _DEV_BOARD_MODELS)


def _root() -> str:
    return os.environ.get("DEVBENCH_ROOT", "/")
