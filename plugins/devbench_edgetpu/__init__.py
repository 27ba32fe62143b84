"""The Edge TPU plugin: the Coral USB Accelerator and the Coral Dev Board.

This version finds them and says why they are not measured; it does not measure on them yet.
"""

from collections.abc import Iterable

from devbench import Device, hookimpl


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """The stick and the board."""
    from devbench_edgetpu.devices import CoralDevBoard, CoralUsb

    return [CoralUsb, CoralDevBoard]
