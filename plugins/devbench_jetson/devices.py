"""Recognises an NVIDIA Jetson by the file that every L4T release has. No hardware has seen this code yet."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from devbench import Absent, Device, Place


class Jetson(Device):
    """An NVIDIA Jetson, if this machine is one."""

    kind: ClassVar[str] = "jetson"

    def discover(self) -> Iterable[Place | Absent]:
        """That this machine is no Jetson, or that it is one and cannot be measured yet."""
        if not Path("/etc/nv_tegra_release").exists():
            return [Absent(device=self.kind, reason="this machine is no Jetson")]
        reason = "this machine is a Jetson, but this version of devbench does not measure on its GPU yet"
        return [Absent(device=self.kind, reason=reason, hint="`desktop-cpu` measures its CPU.")]
