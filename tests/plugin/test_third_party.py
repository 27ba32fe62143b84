"""Third-party plugins come through the same entry points; a broken one is a line, and never stops the rest."""

import json

from tests.conftest import Bench

BROKEN = {
    "importer": ("import a_module_nobody_has\n", "ModuleNotFoundError: No module named 'a_module_nobody_has'"),
    "speller": (
        "from devbench import hookimpl\n@hookimpl\ndef devbench_device():\n    return []\n",
        "unknown hook 'devbench_device'",
    ),
    "arguer": (
        "from devbench import hookimpl\n@hookimpl\ndef devbench_models(extra):\n    return []\n",
        "extra",
    ),
    "raiser": (
        "from devbench import hookimpl\n@hookimpl\ndef devbench_models():\n    raise OSError('no catalogue today')\n",
        "devbench_models(): OSError: no catalogue today",
    ),
    "nothing": (
        "from devbench import hookimpl\n@hookimpl\ndef devbench_models():\n    pass\n",
        "devbench_models(): TypeError: it must return a list, not None",
    ),
    "clasher": (
        "from devbench import Device, hookimpl\n"
        "class Other(Device):\n    kind = 'desktop-cpu'\n    def discover(self):\n        return []\n"
        "@hookimpl\ndef devbench_devices():\n    return [Other, object]\n",
        "device 'desktop-cpu' is already brought by plugin 'desktop' (edge-devbench",
    ),
    "quitter": ("raise SystemExit('bye')\n", "SystemExit: bye"),
}


def test_each_broken_plugin_is_listed_with_its_reason_and_the_rest_work(bench: Bench) -> None:
    for name, (source, _) in BROKEN.items():
        bench.plugin(name, source)
    bench.fake("a")
    infos = {info["name"]: info for info in json.loads(bench("plugins", "--json").stdout)}
    for name, (_, reason) in BROKEN.items():
        assert reason in " ".join(infos[name]["problems"]), (name, infos[name])
        assert infos[name]["distribution"] == f"{name} 1.0"
    done = bench("run", bench.fake_suite("a"), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "broken: ModuleNotFoundError" in bench("plugins").stdout
    assert "a_module_nobody_has" in bench("doctor").stdout


def test_devbench_plugins_loads_a_subset(bench: Bench) -> None:
    assert [
        info["name"] for info in json.loads(bench("plugins", "--json", env={"DEVBENCH_PLUGINS": "fake"}).stdout)
    ] == ["fake"]
    assert json.loads(bench("plugins", "--json", env={"DEVBENCH_PLUGINS": ""}).stdout) == []
    unknown = bench("plugins", env={"DEVBENCH_PLUGINS": "fakee"})
    assert unknown.returncode == 1
    assert "DEVBENCH_PLUGINS names 'fakee'" in unknown.stderr


ALL_HOOKS = """
from pathlib import Path
from devbench import Absent, Device, Model, Place, Runtime, Variant, hookimpl

def note(text):
    with open("hooks.txt", "a") as file:
        file.write(text + "\\n")

class Toaster(Device):
    kind = "toaster"
    runtimes = ("fake",)
    def discover(self):
        note("discover")
        return [Place(name="kitchen", device=self.kind)]
    def settle(self, place):
        note("settle " + place.name)

@hookimpl
def devbench_devices():
    note("devices")
    return [Toaster]

@hookimpl
def devbench_runtimes():
    note("runtimes")
    return []

@hookimpl
def devbench_models():
    note("models")
    return [Model(name="bread", variants=(Variant(precision="int8", format="fake", source="bakery:rye"),))]

@hookimpl
def devbench_fetch_model(source, into):
    if not source.startswith("bakery:"):
        return None
    note("fetch " + source)
    path = into / "bread.fake"
    path.write_text("{}")
    return path

@hookimpl(wrapper=True)
def devbench_run_round(case, place):
    note("meter on " + case.planned.model)
    try:
        return (yield)
    finally:
        note("meter off")

@hookimpl
def devbench_run_finished(run):
    note("finished " + run.suite)
    raise RuntimeError("the listener is unwell")
"""


def test_a_plugin_with_every_hook_is_asked_in_this_order(bench: Bench) -> None:
    bench.plugin("toaster", ALL_HOOKS)
    suite = bench.write(
        "suite.yaml",
        "name: breakfast\nmodels: [bread]\ndevices: [toaster]\nmeasure: {profile: quick, rounds: 1, min_runs: 3, min_s: 0}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert (bench.folder / "hooks.txt").read_text().split("\n") == [
        "runtimes",
        "devices",
        "models",
        "discover",
        "fetch bakery:rye",
        "discover",  # to tell later whether what is gone was there when the run began
        "settle kitchen",
        "meter on bread",
        "meter off",
        "finished breakfast",
        "",
    ]
    assert (
        "plugin 'toaster' (toaster 1.0): devbench_run_finished(): RuntimeError: the listener is unwell" in done.stderr
    )
    assert bench.outcomes()["bread"]["status"] == "measured"
