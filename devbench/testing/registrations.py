"""What a plugin brings, looked into without measuring anything: `devbench plugins --check`."""

from __future__ import annotations

from collections.abc import Iterator

from devbench.domain.check import Check
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.plugin.calls import KnownDevice, KnownRuntime
from devbench.plugin.methods import PREPARE
from devbench.plugin.registry import PluginInfo, Registry
from devbench.testing.engine_file import engine_file_problems

_READ_BY_DEVBENCH = "tflite"


def looked_into(info: PluginInfo, registry: Registry) -> list[Check]:
    """Everything that the plugin has registered, good or broken; `good` is None for what one should know."""
    checks: list[Check] = []
    for name in info.brings:
        word, _, title = name.partition(" ")
        if word == "device":
            checks += _device(registry.devices[title], registry)
        elif word == "runtime":
            checks += _runtime(registry.runtimes[title], registry)
    checks += [Check(name="registration", good=None, text=note) for note in info.notes]
    return checks


def _device(device: KnownDevice, registry: Registry) -> Iterator[Check]:
    name = f"device {device.kind}"
    try:
        found = device.places()
    except DevbenchError as error:
        yield Check(name=name, good=False, text=error.message)
    else:
        places = sum(isinstance(one, Place) for one in found)
        text = f"discover() names {places} place{'' if places == 1 else 's'} here"
        if found:
            yield Check(name=name, good=True, text=text)
        else:
            hint = "Give an Absent with the reason where there is no place."
            yield Check(name=name, good=False, text="discover() gave nothing", hint=hint)
    drivers = registry.drivers(device.kind)
    if missing := [one for one in drivers if one not in registry.runtimes]:
        yield Check(name=name, good=None, text=f"no installed plugin brings its runtime {', '.join(missing)}")
    if not drivers:
        hint = "Name one in `runtimes`, or have a runtime name it in `devices`."
        yield Check(name=name, good=False, text="no runtime drives it", hint=hint)


def _runtime(runtime: KnownRuntime, registry: Registry) -> Iterator[Check]:
    name = f"runtime {runtime.name}"
    engine = runtime.engine
    problems = engine_file_problems(engine.path, engine.parts, builds=engine.build_limit_s > 0)
    for problem in problems:
        yield Check(name=name, good=False, text=problem)
    if not problems:
        yield Check(name=name, good=True, text=f"{engine.path.name} can run on a device")
    others = [one for one in runtime.formats if one != _READ_BY_DEVBENCH]
    if others and PREPARE.name not in runtime.written:
        text = f"nobody says what stands in a .{others[0]} file, so its cases get no ratio"
        yield Check(name=name, good=None, text=text, hint="Write prepare(), which gives a Prepared.")
    driven = [kind for kind, device in registry.devices.items() if runtime.name in (*device.runtimes,)]
    driven += [kind for kind in runtime.devices if kind in registry.devices]
    if unknown := [kind for kind in runtime.devices if kind not in registry.devices]:
        yield Check(name=name, good=None, text=f"no installed plugin brings its device {', '.join(unknown)}")
    if not driven:
        hint = "Name a kind of device in `devices`: see `devbench devices`."
        yield Check(name=name, good=False, text="no installed device is driven by it", hint=hint)
