"""Finds Edge TPUs in sysfs: sticks by USB port, chips by their apex node. Python 3.6: it travels with the engine.

Vendor and product of a stick are 1a6e:089a before its firmware is loaded and 18d1:9302 after
(google-coral/libedgetpu); a chip on PCIe has an entry in /sys/class/apex (google/gasket-driver).
"""

import json
import os
import sys
from typing import Any, Dict, List

BEFORE_FIRMWARE, AFTER_FIRMWARE = "1a6e:089a", "18d1:9302"
USB_DEVICES, APEX_CLASS = "sys/bus/usb/devices", "sys/class/apex"
_TEMPERATURES = (
    ("temp", "edgetpu_temperature_c"),
    ("trip_point0_temp", "edgetpu_trip0_c"),
    ("trip_point1_temp", "edgetpu_trip1_c"),
    ("trip_point2_temp", "edgetpu_trip2_c"),
)


def sticks(root: str = "/") -> List[Dict[str, Any]]:
    """A dict for each stick: port, id, speed_mbps (0 if unknown) and node, the device file that must be writable."""
    folder = os.path.join(root, USB_DEVICES)
    found = []
    for port in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        where = os.path.join(folder, port)
        name = "{}:{}".format(text(where, "idVendor"), text(where, "idProduct"))
        if name in (BEFORE_FIRMWARE, AFTER_FIRMWARE):
            node = "dev/bus/usb/{:03d}/{:03d}".format(number(where, "busnum"), number(where, "devnum"))
            speed_mbps = number(where, "speed")
            found.append({"port": port, "id": name, "speed_mbps": speed_mbps, "node": os.path.join(root, node)})
    return found


def chips(root: str = "/") -> List[Dict[str, Any]]:
    """A dict for each chip on PCIe: name (`apex_0`), node, and folder with its temperatures."""
    folder = os.path.join(root, APEX_CLASS)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [
        {"name": name, "node": os.path.join(root, "dev", name), "folder": os.path.join(folder, name)}
        for name in names
        if name.startswith("apex")
    ]


def temperatures(folder: str) -> Dict[str, str]:
    """Degrees Celsius, as text, of a chip and of the points at which its clock halves, as far as they can be read."""
    found = {}
    for file, name in _TEMPERATURES:
        value = number(folder, file)
        if value:
            found[name] = f"{value / 1000.0:.1f}"
    return found


def access_problem(node: str) -> str:
    """Why the device file cannot be used by this user; "" if it can."""
    if not os.path.exists(node):
        return f"{node} is not there"
    return "" if os.access(node, os.R_OK | os.W_OK) else f"no permission for {node}"


def holders(node: str) -> List[str]:
    """The other processes that have the device file open, as `name (pid 12)`; those of other users stay unseen."""
    found = []
    for pid in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if pid.isdigit() and int(pid) != os.getpid():
            try:
                folder = f"/proc/{pid}/fd"
                links = [os.readlink(os.path.join(folder, name)) for name in os.listdir(folder)]
            except OSError:  # it has ended, or is not ours to look into
                continue
            if node in links:
                found.append("{} (pid {})".format(text("/proc/" + pid, "comm"), pid))
    return found


def seen(root: str = "/") -> Dict[str, Any]:
    """What is on this machine, each with the problem that it has: sticks, chips, and the board's name."""
    usb, pcie = sticks(root), chips(root)
    for one in usb + pcie:
        one["problem"] = access_problem(one["node"])
    return {"sticks": usb, "chips": pcie, "board": board(root)}


def board(root: str = "/") -> str:
    """What the device tree calls the machine; "" where there is none."""
    return text(os.path.join(root, "proc/device-tree"), "model").strip("\0")


def tree() -> str:
    """Where `proc`, `sys` and `dev` are looked for: $DEVBENCH_ROOT for tests and containers, else the root."""
    return os.environ.get("DEVBENCH_ROOT", "/")


def text(folder: str, name: str) -> str:
    """What the file says; "" where there is none to read."""
    try:
        with open(os.path.join(folder, name), errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def number(folder: str, name: str) -> int:
    """The number in the file; 0 where there is none."""
    try:
        return int(float(text(folder, name)))
    except ValueError:
        return 0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(seen(tree())))
