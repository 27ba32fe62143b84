"""The OpenVINO plugin: Intel's runtime on the CPU, which is often the fastest that an x86-64 CPU has."""

from collections.abc import Iterable

from devbench import Runtime, hookimpl


@hookimpl
def devbench_runtimes() -> Iterable[type[Runtime]]:
    """OpenVINO, on the CPU only."""
    from devbench_openvino.runtime import OpenVino

    return [OpenVino]
