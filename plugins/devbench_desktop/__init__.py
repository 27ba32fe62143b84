"""The desktop plugin: this machine's CPU, and the two TensorFlow Lite runtimes that drive it."""

from collections.abc import Iterable

from devbench import Device, Runtime, hookimpl


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """This machine's CPU."""
    from devbench_desktop.cpu import DesktopCpu

    return [DesktopCpu]


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """LiteRT, and the runtime it succeeds."""
    from devbench_desktop.tflite import LiteRt, TfliteRuntime

    return [LiteRt, TfliteRuntime]
