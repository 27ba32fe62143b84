"""Edge TPUs as devices: the stick, the chip on PCIe, the Dev Board and its CPU. Untested on real hardware."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from devbench import Absent, Check, Device, Peak, Place, Traits
from devbench_edgetpu import sysfs
from devbench_edgetpu.places import chip_place, meant_chip, meant_stick, seen_at, stick_place
from devbench_edgetpu.remarks import remarks_on
from devbench_edgetpu.troubles import advice

_RUNTIMES = ("edgetpu-litert", "edgetpu-tflite-runtime", "pycoral")
_SUPERSPEED_MBPS = 5000
# What the device tree of the Dev Board is believed to say; nobody of us has read it on one.
_DEV_BOARD_MODELS = ("Phanbell", "Coral")
_NOT_A_DEV_BOARD = "this machine is not a Coral Dev Board; to use one over ssh, add it to lab.yaml"
_NO_CHIP = "no Edge TPU is on PCIe here (there is no /dev/apex_0): is the gasket driver loaded?"


class _EdgeTpu(Device):
    runtimes: ClassVar[tuple[str, ...]] = _RUNTIMES
    traits: ClassVar[Traits] = Traits(processor="tpu")

    def remarks(self, facts: Mapping[str, str]) -> Iterable[str]:
        """Why it may be slower than what others publish."""
        return remarks_on(facts)


class CoralUsb(_EdgeTpu):
    """The USB Accelerator: each port with one in it is a place."""

    kind: ClassVar[str] = "coral-usb"

    def discover(self) -> Iterable[Place | Absent]:
        """A place for each stick that may be used, by its port: the order of sticks changes from boot to boot."""
        found = sysfs.seen(sysfs.tree())["sticks"]
        if not found:
            return [Absent(device=self.kind, reason="no USB Accelerator is plugged into this machine")]
        return [stick_place(self.kind, stick) for stick in found]

    def look(self, place: Place) -> Place | Absent:
        """The stick that a place of lab.yaml means."""
        seen = seen_at(place)
        if seen is None:
            return place
        stick = meant_stick(place, seen["sticks"])
        return stick if isinstance(stick, Absent) else stick_place(self.kind, stick, place)

    def peaks(self, facts: Mapping[str, str]) -> Iterable[Peak]:
        """Of the chip, and of its USB port."""
        from devbench_edgetpu.peaks import stick_peaks

        return stick_peaks(facts)

    def checks(self) -> Iterable[Check]:
        """Each stick: permission, link, firmware, and whether somebody has it open."""
        for stick in sysfs.seen(sysfs.tree())["sticks"]:
            name = f"{self.kind} {stick['port']}"
            yield _permission(name, stick["problem"])
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

    @abstractmethod
    def absent(self, *, dev_board: bool) -> str:
        """Why this machine has none of the kind, whatever is on its PCIe; "" if it may."""

    def _chips(self) -> list[dict[str, Any]]:
        seen = sysfs.seen(sysfs.tree())
        return [] if self.absent(dev_board=_is_dev_board(seen)) else seen["chips"]

    def discover(self) -> Iterable[Place | Absent]:
        """A place for each apex node that may be used."""
        seen = sysfs.seen(sysfs.tree())
        why = self.absent(dev_board=_is_dev_board(seen)) or ("" if seen["chips"] else _NO_CHIP)
        return [Absent(device=self.kind, reason=why)] if why else [chip_place(self.kind, one) for one in seen["chips"]]

    def look(self, place: Place) -> Place | Absent:
        """The chip that a place of lab.yaml means."""
        seen = seen_at(place)
        if seen is None:
            return place
        why = "" if place.ssh else self.absent(dev_board=_is_dev_board(seen))
        if why:
            return Absent(device=self.kind, place=place.name, reason=why)
        chip = meant_chip(place, seen["chips"])
        return chip if isinstance(chip, Absent) else chip_place(self.kind, chip, place)

    def peaks(self, facts: Mapping[str, str]) -> Iterable[Peak]:
        """Of the chip, and of PCIe."""
        from devbench_edgetpu.peaks import chip_peaks

        return chip_peaks(facts)

    def checks(self) -> Iterable[Check]:
        """Each chip: permission, use, and how far it is from the temperature that halves its clock."""
        for chip in self._chips():
            name = f"{self.kind} {chip['name']}"
            yield _permission(name, chip["problem"])
            yield _use(name, chip["node"])
            yield _temperature(name, sysfs.temperatures(chip["folder"]))


class CoralPcie(_Pcie):
    """Mini PCIe and M.2 cards."""

    kind: ClassVar[str] = "coral-pcie"

    def absent(self, *, dev_board: bool) -> str:
        """The chip of a Dev Board is another kind of device."""
        return "the chip of this machine is that of a Dev Board: it is called coral-dev-board" if dev_board else ""


class CoralDevBoard(_Pcie):
    """The Dev Board's own Edge TPU, where devbench runs on the board; over ssh it is named in lab.yaml."""

    kind: ClassVar[str] = "coral-dev-board"

    def absent(self, *, dev_board: bool) -> str:
        """Only a Dev Board is one."""
        return "" if dev_board else _NOT_A_DEV_BOARD


class CoralDevBoardCpu(Device):
    """The Dev Board's Cortex-A53: the `embedded CPU` of the published tables."""

    kind: ClassVar[str] = "coral-dev-board-cpu"
    runtimes: ClassVar[tuple[str, ...]] = ("tflite-runtime", "litert")

    def discover(self) -> Iterable[Place | Absent]:
        """This machine, if it is a Dev Board."""
        if _is_dev_board(sysfs.seen(sysfs.tree())):
            return [Place(name="local", device=self.kind)]
        return [Absent(device=self.kind, reason=_NOT_A_DEV_BOARD)]

    def look(self, place: Place) -> Place | Absent:
        """A place here is a Dev Board, or is not one; one behind ssh is what lab.yaml calls it."""
        if place.ssh or _is_dev_board(sysfs.seen(sysfs.tree())):
            return place
        return Absent(device=self.kind, place=place.name, reason=_NOT_A_DEV_BOARD)


def _permission(name: str, problem: str) -> Check:
    hint = advice(problem) if problem else ""
    return Check(name=f"{name} permission", good=not problem, text=problem or "may be opened", hint=hint)


def _link(name: str, speed_mbps: int) -> Check:
    if not speed_mbps:
        return Check(name=f"{name} link", good=None, text="the speed of its port cannot be read")
    hint = (
        "Use a USB 3 port and cable. For Inception v4, Google published 1060 ms with a Raspberry Pi 3 B, which has"
        " USB 2, and 141 ms with a Raspberry Pi 4, which has USB 3."
    )
    slow = speed_mbps < _SUPERSPEED_MBPS
    return Check(name=f"{name} link", good=not slow, text=f"USB at {speed_mbps} Mbit/s", hint=hint if slow else "")


def _use(name: str, node: str) -> Check:
    users = sysfs.holders(node)
    text = f"held by {', '.join(users)}" if users else "not in use"
    return Check(name=f"{name} use", good=not users, text=text, hint=advice("is in use") if users else "")


def _temperature(name: str, found: Mapping[str, str]) -> Check:
    now, trip = found.get("edgetpu_temperature_c"), found.get("edgetpu_trip0_c")
    if now is None or trip is None:
        return Check(name=f"{name} temperature", good=None, text="cannot be read")
    hot = float(now) >= float(trip)
    hint = "Cool it down: each trip point that is passed halves the clock." if hot else ""
    return Check(name=f"{name} temperature", good=not hot, text=f"{now} °C; its clock halves at {trip} °C", hint=hint)


def _is_dev_board(seen: Mapping[str, Any]) -> bool:
    return any(name in seen["board"] for name in _DEV_BOARD_MODELS)
