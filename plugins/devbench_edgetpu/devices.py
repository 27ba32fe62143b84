"""Finds Edge TPUs through sysfs. No hardware has seen this code yet."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from devbench import Absent, Device, Place

# Vendor and product before the firmware is loaded, and after (google-coral/libedgetpu).
_USB_IDS = {("1a6e", "089a"), ("18d1", "9302")}
_NOT_YET = "this version of devbench does not measure on Edge TPUs yet"


class CoralUsb(Device):
    """The USB Accelerator, in any port of this machine."""

    kind: ClassVar[str] = "coral-usb"

    def discover(self) -> Iterable[Place | Absent]:
        """The ports with an accelerator in them, or that there is none."""
        ports = [port.name for port in _usb_ports() if _usb_id(port) in _USB_IDS]
        if not ports:
            return [Absent(device=self.kind, reason="no USB Accelerator is plugged into this machine")]
        return [Absent(device=self.kind, reason=f"found in port {port}, but {_NOT_YET}") for port in ports]


class CoralDevBoard(Device):
    """The Dev Board, if this machine is one."""

    kind: ClassVar[str] = "coral-dev-board"

    def discover(self) -> Iterable[Place | Absent]:
        """This machine, if its Edge TPU is on PCIe; or that it is no Dev Board."""
        if not Path("/sys/class/apex/apex_0").exists():
            return [Absent(device=self.kind, reason="this machine is no Coral Dev Board")]
        return [Absent(device=self.kind, reason=f"found an Edge TPU on PCIe, but {_NOT_YET}")]


def _usb_ports() -> Iterator[Path]:
    root = Path("/sys/bus/usb/devices")
    return root.iterdir() if root.is_dir() else iter(())


def _usb_id(port: Path) -> tuple[str, str]:
    try:
        return (port / "idVendor").read_text().strip(), (port / "idProduct").read_text().strip()
    except OSError:  # interfaces have no ids of their own, and a stick can be pulled out while we look
        return "", ""
