"""An engine for Edge TPUs: a TensorFlow Lite interpreter with the delegate libedgetpu. Travels with the worker, 3.6.

libedgetpu answers every failure to open a device with an empty message, so what can be wrong is looked at here, in
the order in which it goes wrong: library, device, permission, somebody else.
"""

import ctypes
import os
from typing import Any, Dict, List, Optional, Tuple

from . import sysfs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from devbench.worker.tflite_interpreter import TfliteEngine
else:
    from .tflite_interpreter import TfliteEngine

Options = Dict[str, Any]

LIBRARY = "libedgetpu.so.1"
_PACKAGES = {
    "edgetpu-litert": "ai_edge_litert",
    "edgetpu-tflite-runtime": "tflite_runtime",
    "pycoral": "tflite_runtime",
}
_TYPES = ("pci", "usb")  # numbers of edgetpu_device_type
_OPTIONS = (
    ("performance", "Performance"),
    ("usb_always_dfu", "Usb.AlwaysDfu"),
    ("usb_max_bulk_in_queue_length", "Usb.MaxBulkInQueueLength"),
)
# What the two builds of the library say of themselves (google-coral/libedgetpu, port/default/builddata.cc).
_BUILDS = ((b"PERFORMANCE=THROTTLED", "std"), (b"PERFORMANCE=DIRECT", "max"))


class EdgeTpuEngine(TfliteEngine):
    """A TfliteEngine on the one Edge TPU that its place names: `port` of a stick, or `node` of a chip."""

    def __init__(self, runtime: str) -> None:
        super().__init__(_PACKAGES[runtime])
        self._library = _Library()
        self._facts: Dict[str, str] = {}
        self._chip: Optional[Dict[str, str]] = None

    def facts(self) -> Dict[str, str]:
        """Versions of interpreter and library, and once a device is open, what it is."""
        found = dict(super().facts(), **self._library.facts())
        found.update(self._facts)
        if self._chip:
            found.update(sysfs.temperatures(self._chip["folder"]))
        return found

    def delegates(self, options: Options) -> List[Any]:
        """The delegate on the place's device, addressed by an index: without one, options are dropped silently."""
        device = self._device_string(options)
        given = {"device": device}
        given.update({name: str(options[key]) for key, name in _OPTIONS if str(options.get(key, "")) != ""})
        before = self._look(options)
        try:
            delegate = self.load_delegate(given)
        except ValueError as error:
            raise RuntimeError(_cause(options, given, str(error))) from error
        self._facts.update(self._look(options))
        self._facts["edgetpu_firmware_before"] = before.get("edgetpu_firmware", "unknown")
        self._facts["edgetpu_device"] = device
        self._facts["delegate_options"] = ";".join("{}={}".format(*pair) for pair in sorted(given.items()))
        for name in sorted(os.environ):
            if name.startswith("USB_"):  # the library's own settings
                self._facts["env_" + name] = os.environ[name]
        return [delegate]

    def load_delegate(self, given: Dict[str, str]) -> Any:
        """A delegate with these options."""
        return self.module.load_delegate(LIBRARY, given)

    def devices(self) -> List[Tuple[str, str]]:
        """Pairs of type and path, in the library's order, which is what indices count."""
        return self._library.devices()

    def _device_string(self, options: Options) -> str:
        """`usb:0` or `pci:1`: the place's device among those of its type."""
        kind, end = ("pci", options["node"]) if options.get("node") else ("usb", options.get("port", ""))
        paths = [path for one, path in self.devices() if one == kind]
        for index, path in enumerate(paths):
            if not end or os.path.basename(path) == os.path.basename(end):
                return f"{kind}:{index}"
        listed = "it lists {}".format(", ".join(paths)) if paths else "it lists none of that type"
        raise RuntimeError(
            "{} finds no Edge TPU at {} {}: {}{}".format(
                LIBRARY, "port" if kind == "usb" else "node", end or "(any)", listed, _pulled_out(options)
            )
        )

    def _look(self, options: Options) -> Dict[str, str]:
        """What sysfs shows of the place's device."""
        stick = _stick(options)
        if stick:
            return {
                "accelerator": "Coral USB Accelerator",
                "link": "USB {} Mbit/s".format(stick["speed_mbps"] or "?"),
                "edgetpu_port": stick["port"],
                "edgetpu_firmware": "loaded" if stick["id"] == sysfs.AFTER_FIRMWARE else "not loaded",
            }
        self._chip = _chip(options)
        return {"accelerator": "Coral Edge TPU", "link": "PCIe"} if self._chip else {}


class _Library:
    """The library's C functions (tflite/public/edgetpu_c.h)."""

    def __init__(self) -> None:
        self._c = ctypes.CDLL(LIBRARY)
        self._c.edgetpu_version.restype = ctypes.c_char_p
        self._c.edgetpu_list_devices.restype = ctypes.POINTER(_Device)
        self._c.edgetpu_list_devices.argtypes = [ctypes.POINTER(ctypes.c_size_t)]
        self._c.edgetpu_free_devices.argtypes = [ctypes.POINTER(_Device)]

    def facts(self) -> Dict[str, str]:
        path = _path_of(self._c)
        return {
            "delegate": LIBRARY,
            "delegate_version": (self._c.edgetpu_version() or b"unknown").decode(errors="replace"),
            "delegate_build": _build(path),
            "delegate_path": path,
        }

    def devices(self) -> List[Tuple[str, str]]:
        """Pairs of type and path, in the library's order, which is what indices count."""
        count = ctypes.c_size_t()
        first = self._c.edgetpu_list_devices(ctypes.byref(count))
        found = [(_TYPES[first[k].type], first[k].path.decode()) for k in range(count.value)]
        if first:
            self._c.edgetpu_free_devices(first)
        return found


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("path", ctypes.c_char_p)]


def _cause(options: Options, given: Dict[str, str], said: str) -> str:
    """Why the delegate was refused: the library itself does not say."""
    stick, chip = _stick(options), _chip(options)
    node = (stick or chip or {}).get("node", "")
    if not node:
        return "no Edge TPU: " + (_pulled_out(options).lstrip("; ") or "none is visible in sysfs")
    problem = sysfs.access_problem(node)
    if problem:
        return f"{problem}: {LIBRARY} cannot open the Edge TPU"
    users = sysfs.holders(node)
    if users:
        return "the Edge TPU is in use: {} is held by {}".format(node, ", ".join(users))
    if len(given) > 1:
        return "{} refused {}: is one of the options wrong?".format(
            LIBRARY, ", ".join("{}={}".format(*pair) for pair in sorted(given.items()))
        )
    return "{} could not open {} and does not say why ({})".format(LIBRARY, node, " ".join(said.split()))


def _stick(options: Options) -> Optional[Dict[str, Any]]:
    if options.get("node"):
        return None
    port = options.get("port", "")
    return next((one for one in sysfs.sticks(sysfs.tree()) if port in ("", one["port"])), None)


def _chip(options: Options) -> Optional[Dict[str, str]]:
    name = os.path.basename(options.get("node", ""))
    return next((one for one in sysfs.chips(sysfs.tree()) if name == one["name"]), None) if name else None


def _pulled_out(options: Options) -> str:
    if options.get("port") and not _stick(options):
        return "; nothing is in port {}".format(options["port"])
    if options.get("node") and not _chip(options):
        return "; there is no {}".format(options["node"])
    return ""


def _path_of(library: ctypes.CDLL) -> str:
    """Where the loaded library stands, by the address of one of its functions."""
    address = ctypes.cast(library.edgetpu_version, ctypes.c_void_p).value or 0
    try:
        with open("/proc/self/maps") as file:
            for line in file:
                span = line.split(None, 5)
                start, end = (int(number, 16) for number in span[0].split("-"))
                if start <= address < end:
                    return span[5].strip() if len(span) > 5 else "unknown"  # noqa: PLR2004
    except OSError:
        pass
    return "unknown"


def _build(path: str) -> str:
    """`std`, `max` or `unknown`: the library's own bytes tell."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return "unknown"
    return next((name for mark, name in _BUILDS if mark in data), "unknown")
