"""`devbench plugins` tells a script whether all is sound, and looks into what is registered."""

from __future__ import annotations

import json

from tests.conftest import Bench

SOUND = """
from devbench import Place, Device, hookimpl

class Toaster(Device):
    kind = "toaster"
    runtimes = ("fake",)
    def discover(self):
        return [Place(name="kitchen", device=self.kind)]
    def setle(self, place):
        pass

@hookimpl
def devbench_devices():
    return [Toaster]
"""
SICK = """
from pathlib import Path
from devbench import Device, Runtime, hookimpl

ENGINE = Path(__file__).with_name("sick_engine.py")
ENGINE.write_text("from devbench import Place\\n\\nclass Engine:\\n    def facts(self):\\n        return (x := {})\\n")

class Sick(Device):
    kind = "sick"
    def discover(self):
        return []

class SickRuntime(Runtime):
    name = "sick"
    formats = ("sick",)
    engine = ENGINE

@hookimpl
def devbench_devices():
    return [Sick]

@hookimpl
def devbench_runtimes():
    return [SickRuntime]
"""
TAKER = """
from devbench import Device, hookimpl

class Mine(Device):
    kind = "desktop-cpu"
    def discover(self):
        return []

@hookimpl
def devbench_devices():
    return [Mine]
"""


def test_the_exit_status_says_whether_all_is_sound(bench: Bench) -> None:
    bench.plugin("toaster", SOUND)
    bench.env["DEVBENCH_PLUGINS"] = "fake,toaster"
    assert bench("plugins").returncode == 0
    done = bench("plugins", "--check", "toaster")
    assert done.returncode == 0
    assert "good  device toaster: discover() names 1 place here" in done.stdout
    assert "note  registration: Toaster.setle means nothing to devbench: is it `settle`?" in done.stdout
    assert "fake (" not in done.stdout, "only what was asked for"
    wrong = bench("plugins", "toster")
    assert (wrong.returncode, "there is no plugin 'toster'; did you mean 'toaster'?" in wrong.stderr) == (1, True)


def test_check_looks_into_what_loads_well_and_cannot_work(bench: Bench) -> None:
    bench.plugin("sick", SICK)
    bench.env["DEVBENCH_PLUGINS"] = "sick"
    assert bench("plugins").returncode == 0
    done = bench("plugins", "--check", "--json")
    assert done.returncode == 1
    (info,) = json.loads(done.stdout)
    broken = [one["text"] for one in info["checks"] if one["good"] is False]
    assert broken[:2] == ["discover() gave nothing", "no runtime drives it"]
    assert broken[2].startswith("sick_engine.py:5: Python 3.6 cannot read it")
    assert broken[3] == "no installed device is driven by it"


MISSPELT = """
from devbench import Device, Runtime, hookimpl
from devbench.testing.fake import FakeRuntime

class Nameless(Device):
    name = "toaster"
    def find(self):
        return []

class Engineless(Runtime):
    name = "oven"
    format = ("fake",)
    engine_file = FakeRuntime.engine

@hookimpl
def devbench_devices():
    return [Nameless]

@hookimpl
def devbench_runtimes():
    return [Engineless]

def devbench_models():
    return []

def devbench_run_finish(run):
    pass
"""


def test_what_is_misspelt_is_named_with_what_is_meant(bench: Bench) -> None:
    bench.plugin("typos", MISSPELT)
    bench.plugin("typo", "from devbench import hookimpl\n\n@hookimpl\ndef devbench_device():\n    return []\n")
    env = {"DEVBENCH_PLUGINS": "typos,typo"}
    infos = {info["name"]: info for info in json.loads(bench("plugins", "--json", env=env).stdout)}
    assert infos["typo"]["problems"] == ["TypeError: unknown hook 'devbench_device'; did you mean 'devbench_devices'?"]
    assert infos["typos"]["problems"] == [
        "devbench_models() is not marked as a hook: write @hookimpl above it",
        "devbench_runtimes(): TypeError: Engineless lacks formats (is it called format here?), engine (is it called"
        " engine_file here?)",
        "devbench_devices(): TypeError: Nameless lacks kind (is it called name here?)",
    ]
    assert infos["typos"]["notes"] == [
        "devbench_run_finish() is not a hook: is it `devbench_run_finished`, with @hookimpl above it?"
    ]


def test_the_heading_counts_what_check_finds(bench: Bench) -> None:
    bench.plugin("sick", SICK)
    bench.env["DEVBENCH_PLUGINS"] = "fake,sick"
    assert bench("plugins").stdout.startswith("2 plugins, none of them broken.")
    assert bench("plugins", "--check").stdout.startswith("2 plugins, 1 of them broken: sick.")


def test_what_is_bundled_keeps_its_names(bench: Bench) -> None:
    """And its plugins keep theirs."""
    bench.plugin("aaa", TAKER)
    bench.plugin("zoo", TAKER)
    done = bench("plugins", "aaa", env={"DEVBENCH_PLUGINS": "aaa,desktop"})
    assert done.returncode == 1
    assert "device 'desktop-cpu' is already brought by plugin 'desktop' (edge-devbench" in done.stdout
    infos = json.loads(bench("plugins", "--json", env={"DEVBENCH_PLUGINS": "zoo,desktop"}).stdout)
    other = next(info for info in infos if info["distribution"] == "zoo 1.0")
    assert other["problems"] == ["the name 'zoo' is that of a plugin of devbench: its entry point needs another one"]
    assert all(not info["problems"] for info in infos if info is not other)
