"""The plugin that brings the engine of a known power, under the name of a runtime that CPUs have, and two CPUs."""

from pathlib import Path

from devbench import Device, Place, Runtime, Traits, hookimpl


class Rail(Runtime):
    name = "litert"
    formats = ("fake",)
    engine = Path(__file__).with_name("rail_engine.py")


class Cpu(Device):
    kind = "desktop-cpu"
    runtimes = ("litert",)
    traits = Traits(power_meters=("rapl",))

    def discover(self):
        return [Place(name="local", device=self.kind)]


class JetsonCpu(Cpu):
    kind = "jetson-cpu"
    traits = Traits(power_meters=("ina3221", "tegrastats"))


@hookimpl
def devbench_runtimes():
    return [Rail]


@hookimpl
def devbench_devices():
    return [Cpu, JetsonCpu]
