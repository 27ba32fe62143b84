"""A plugin that misbehaves costs its own devices, runtimes or cases, is named, and nothing else happens.

`benchmarks/reliability/plugins.py` tries many more faults, one at a time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Bench

HEAD = "import os, subprocess, sys, time\nfrom dataclasses import replace\nfrom pathlib import Path\nfrom devbench import *\n"
DEVICE = """
class Sick(Device):
    kind = "{kind}"
    runtimes = ("{runtime}",)
    def discover(self):
        {discover}
    {method}

@hookimpl
def devbench_devices():
    return [Sick]
"""
HERE = "return [Place(name='local', device=self.kind)]"
MEASURE = "{rounds: 1, max_rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 3, min_s: 0, cap_s: 5, time_limit_s: 20}"

DISCOVER = {
    "raiser": ("raise ValueError('no')", "raiser.discover(): ValueError: no"),
    "quitter": ("sys.exit(3)", "quitter.discover(): SystemExit: 3"),
    "ender": (
        "print('so long'); os._exit(3)",
        "ender.discover() ended its process (exit status 3); it last printed: so long",
    ),
    "presser": ("raise KeyboardInterrupt", "presser.discover(): KeyboardInterrupt"),
    "crasher": ("os.kill(os.getpid(), 11)", "crasher.discover() ended its process (killed by SIGSEGV)"),
    "talker": ("return iter(int, 1)", "talker.discover(): ValueError: it gave more than 1000 items"),
    "liar": ("return [Place(name='local', device='fake')]", "liar.discover() gave a place of 'fake'"),
    "dreamer": ("return [5]", "dreamer.discover(): TypeError: it gave a value of type int, not Place or Absent"),
    "teller": ("return [Absent(device='teller', reason='x' * 10**5)]", "teller.discover() gave an invalid answer: 0."),
    "hanger": (
        "pid = subprocess.Popen(['sleep', '3600']).pid; Path('pid').write_text(str(pid)); time.sleep(3600)",
        "hanger.discover() took longer than 2 s, so it was ended",
    ),
}
PRINTS = "print('hello'); os.write(1, b'hello'); os.write(2, b'hello'); " + HERE


def _device(kind: str, discover: str = HERE, method: str = "", runtime: str = "fake") -> str:
    return HEAD + DEVICE.format(kind=kind, discover=discover, method=method, runtime=runtime)


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _gone(pid: int, within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while _is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _is_there(pid)


def test_whatever_discover_does_every_other_device_is_listed(bench: Bench) -> None:
    for name, (body, _) in DISCOVER.items():
        bench.plugin(name, _device(name, body))
    bench.plugin("printer", _device("printer", PRINTS))
    bench.env |= {"DEVBENCH_PLUGINS": ",".join(["fake", "printer", *DISCOVER]), "DEVBENCH_PLUGIN_LIMIT_S": "2"}
    done = bench("devices", "--json")
    assert done.returncode == 0, done.stderr
    lines = {line["device"]: line for line in json.loads(done.stdout)}
    for name, (_, reason) in DISCOVER.items():
        assert lines[name]["text"].startswith(f"plugin '{name}' ({name} 1.0): {reason}"), lines[name]
        assert lines[name]["hint"] == "Update or uninstall it: see `devbench plugins`."
    assert lines["fake"]["ready"]
    assert lines["printer"]["ready"]
    assert "hello" not in done.stderr
    assert _gone(int((bench.folder / "pid").read_text())), "what a plugin has started ends with it"


ATTRIBUTES = """
class Sound(Device):
    kind = "sound"
    def discover(self):
        return []

class Number(Sound):
    kind = 5

class Text(Sound):
    kind = "text"
    settle_limit_s = "soon"

class Thing(Sound):
    kind = "thing"
    traits = object()

class Gone(Runtime):
    name = "gone"
    formats = ("fake",)
    engine = Path("gone.py")

class Pairs(Gone):
    name = "pairs"
    options = ("threads",)

@hookimpl
def devbench_devices():
    return [Number, Text, Thing, Sound]

@hookimpl
def devbench_runtimes():
    return [Gone, Pairs]

@hookimpl
def devbench_models():
    variant = Variant(precision="int8", format="fake", source="a.fake")
    return [Model(name="heavy", variants=(variant,), macs=float("nan")), Model(name="light", variants=(variant,))]
"""


def test_attributes_of_wrong_types_cost_what_has_them(bench: Bench) -> None:
    bench.plugin("sick", HEAD + ATTRIBUTES)
    (info,) = json.loads(bench("plugins", "--json", env={"DEVBENCH_PLUGINS": "sick"}).stdout)
    assert info["brings"] == ["device sound", "model light"]
    problems = "\n".join(info["problems"])
    for part in (
        "devbench_devices(): 5: kind: Input should be a valid string",
        "devbench_devices(): text: settle_limit_s: Input should be a valid number",
        "devbench_devices(): thing: TypeError: it holds a value of type object, which is not plain data",
        "runtime 'gone': its file gone.py is not there",
        "devbench_runtimes(): pairs: options: Input should be an object",
        "devbench_models(): heavy: macs: Input should be",
    ):
        assert part in problems


SICK_RUNTIME = """
from devbench.testing.fake import FakeRuntime

class SickRuntime(Runtime):
    name = "ender"
    formats = ("fake",)
    engine = FakeRuntime.engine
    def prepare(self, artifact, place, options):
        os._exit(3)

@hookimpl
def devbench_runtimes():
    return [SickRuntime]
"""
METER = """
@hookimpl(wrapper=True)
def devbench_run_round(case, place):
    {before}
    done = yield
    {after}
"""


def test_whatever_happens_in_a_run_the_sound_device_is_measured(bench: Bench) -> None:
    bench.plugin("settler", _device("settler", method="def settle(self, place): sys.exit('settled')"))
    bench.plugin("ender", _device("ender", runtime="ender") + SICK_RUNTIME)
    bench.plugin("remarker", _device("remarker", method="def remarks(self, facts): return [5]"))
    bench.plugin("early", HEAD + METER.format(before="raise KeyboardInterrupt", after="return done"))
    bench.plugin("late", HEAD + METER.format(before="pass", after="os._exit(3)"))
    halved = "return replace(done, samples_ns=done.samples_ns // 2, about=replace(done.about, energy_mj=1.5))"
    bench.plugin("halver", HEAD + METER.format(before="pass", after=halved))
    bench.plugin("claimer", HEAD + "@hookimpl\ndef devbench_run_round(case, place):\n    raise ValueError('mine')\n")
    bench.plugin("listener", HEAD + "@hookimpl\ndef devbench_run_finished(run):\n    raise ValueError('no')\n")
    names = ("fake", "settler", "ender", "remarker", "early", "late", "halver", "claimer", "listener")
    bench.env["DEVBENCH_PLUGINS"] = ",".join(names)
    bench.fake("a", invoke_us=3000)
    suite = f"name: s\nmodels: [{{name: a, source: a.fake}}]\ndevices: [fake, settler, ender, remarker]\nmeasure: {MEASURE}\n"
    done = bench("run", bench.write("suite.yaml", suite), "--out", "out")
    assert done.returncode == 3, done.stderr
    cases = {case["device"]: case for case in bench.run_file()["cases"]}
    assert cases["fake"]["outcome"]["status"] == "measured"
    assert cases["fake"]["outcome"]["summary"]["median_ms"] > 2.9, "a meter does not change samples"
    (about,) = cases["fake"]["rounds"]
    assert about["energy_mj"] == 1.5
    early = "plugin 'early' (early 1.0): devbench_run_round() before the round: KeyboardInterrupt"
    late = "plugin 'late' (late 1.0): devbench_run_round() after the round ended its process (exit status 3)"
    assert (about["facts"]["trouble_early"], about["facts"]["trouble_late"]) == (early, late)
    failed = {name: (cases[name]["outcome"]["error"], cases[name]["outcome"]["phase"]) for name in ("settler", "ender")}
    assert failed == {
        "settler": ("plugin 'settler' (settler 1.0): settler.settle(): SystemExit: settled", "settle"),
        "ender": ("plugin 'ender' (ender 1.0): ender.prepare() ended its process (exit status 3)", "prepare"),
    }
    assert "plugin 'remarker' (remarker 1.0): remarker.remarks(): TypeError" in cases["remarker"]["remarks"][0]
    for text in (early, late, "plugin 'listener' (listener 1.0): devbench_run_finished(): ValueError: no"):
        assert f"warning: {text}" in done.stderr
    assert "claimer" not in done.stderr, "what it does not bring is not its to measure"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_plugin_that_hangs_ends_with_the_command(bench: Bench, number: int) -> None:
    bench.plugin("hanger", HEAD + "Path('pid').write_text(str(os.getpid()))\ntime.sleep(3600)\n")
    bench.env["DEVBENCH_PLUGINS"] = "hanger"
    command = bench.start("devices")
    path = bench.folder / "pid"
    while not (path.exists() and path.read_text()):
        assert command.poll() is None
        time.sleep(0.02)
    started = time.monotonic()
    os.kill(command.pid, number)
    command.communicate(timeout=20)
    assert _gone(int(path.read_text()))
    assert time.monotonic() - started < 15, "it did not wait for the limit of 20 s"


def test_in_devbench_s_own_process_a_plugin_can_be_debugged(bench: Bench) -> None:
    bench.plugin("printer", _device("printer", PRINTS))
    chosen = {"DEVBENCH_PLUGIN_PROCESSES": "0", "DEVBENCH_PLUGINS": "printer"}
    assert "hellohello" in bench("devices", env=chosen).stdout.replace("\n", "")


def test_the_benchmark_tries_a_fault_and_counts_no_harm() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "reliability" / "plugins.py"
    done = subprocess.run(
        [sys.executable, script, "--only", "Device.discover: a place of nobody (devices)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "| all | 1 | 0 | 0 | 0 | 0 | 0 | 0 |"
