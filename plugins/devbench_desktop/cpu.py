"""The CPU of the machine devbench runs on."""

from collections.abc import Iterable
from typing import ClassVar

from devbench import Absent, Device, Place, Traits


class DesktopCpu(Device):
    """Always there, and there once."""

    kind: ClassVar[str] = "desktop-cpu"
    runtimes: ClassVar[tuple[str, ...]] = ("litert", "tflite-runtime", "onnxruntime", "openvino")
    traits: ClassVar[Traits] = Traits(power_meters=("rapl",))

    def discover(self) -> Iterable[Place | Absent]:
        """This machine, as the place `local`."""
        return [Place(name="local", device=self.kind)]
