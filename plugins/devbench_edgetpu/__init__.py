"""The Edge TPU plugin: Coral's USB Accelerator, PCIe cards and Dev Board. Untested on real hardware."""

from collections.abc import Iterable

from devbench import Device, Runtime, hookimpl


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """The stick, the cards, the board, and the board's own CPU."""
    from devbench_edgetpu.devices import CoralDevBoard, CoralDevBoardCpu, CoralPcie, CoralUsb

    return [CoralUsb, CoralPcie, CoralDevBoard, CoralDevBoardCpu]


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """LiteRT and tflite-runtime with the delegate libedgetpu, and pycoral."""
    from devbench_edgetpu.runtimes import EdgeTpuLiteRt, EdgeTpuTfliteRuntime, Pycoral

    return [EdgeTpuLiteRt, EdgeTpuTfliteRuntime, Pycoral]
