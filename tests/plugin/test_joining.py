"""A runtime joins devices that others bring, in precisions of its own, and is told what it asks for and no more."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Bench

PLUGIN = """
import json
from pathlib import Path
from devbench import EngineFile, Prepared, Runtime, TensorSpec, hookimpl
from devbench.testing.fake import FakeRuntime

ENGINE = Path(__file__).with_name("oven_engine.py")
ENGINE.write_text(
    FakeRuntime.engine.read_text().replace(
        'return {"runtime_version": "0 (fake)"}',
        'return {"runtime_version": "1", "options": json.dumps(getattr(self, "_options", {}), sort_keys=True)}',
    ).replace("        self._misbehave(\\"load\\")", "        self._options = options")
)

class Oven(Runtime):
    name = "oven"
    devices = ("fake", "no-such-device")
    formats = ("fake",)
    engine = EngineFile(path=ENGINE, place_options=("port", "processor"))
    options = {"slowdown": 1, "bf16": False}
    makes = {"bfloat16": ("float32", {"bf16": True})}

    def wrong_option(self, name, value):
        return "that number is unlucky" if value == 13 else ""

    def prepare(self, artifact, place, options):
        made = artifact.path.with_suffix(".baked")
        made.write_text(artifact.path.read_text())
        return Prepared.like(
            artifact, path=made, precision="bfloat16" if options["bf16"] else "float32", quantization="none",
            facts={"oven": "hot"},
        )

@hookimpl
def devbench_runtimes():
    return [Oven]
"""
LAB = """
places:
  - name: kitchen
    device: fake
    options: {port: "1-2", slowdown: "1000"}
"""
SUITE = """
name: s
models: [{name: a, source: a.fake, precision: bfloat16}]
devices: [{fake: {runtime: oven}}]
measure: {profile: quick, rounds: 1, max_rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 3, min_s: 0}
"""


def test_a_runtime_joins_a_device_and_gets_the_options_that_it_asks_for(bench: Bench) -> None:
    bench.plugin("oven", PLUGIN)
    bench.env["DEVBENCH_PLUGINS"] = "fake,oven"
    bench.fake("a")
    bench.write("lab.yaml", LAB)
    done = bench("run", bench.write("suite.yaml", SUITE), "--out", "out")
    assert done.returncode == 0, done.stderr
    cases = {case["place"]: case for case in bench.run_file()["cases"]}
    kitchen = cases["kitchen"]
    assert (kitchen["runtime"], kitchen["precision"], kitchen["outcome"]["status"]) == ("oven", "bfloat16", "measured")
    told = json.loads(kitchen["rounds"][0]["facts"]["options"])
    assert told == {"slowdown": 1, "bf16": True, "port": "1-2", "processor": "cpu"}, "the place cannot slow it down"
    artifact = kitchen["artifact"]
    assert (artifact["quantization"], artifact["facts"]["oven"], artifact["format"]) == ("none", "hot", "fake")
    assert len(artifact["sha256"]) == 64


def test_a_suite_that_names_no_runtime_goes_on_using_the_device_s_own(bench: Bench) -> None:
    bench.plugin("oven", PLUGIN)
    bench.env["DEVBENCH_PLUGINS"] = "fake,oven"
    bench.fake("a")
    done = bench("run", bench.fake_suite("a"), "--dry-run")
    assert "a@fake:local:fake" in done.stdout, done.stderr
    assert "oven" not in done.stdout
    lines = json.loads(bench("devices", "--json").stdout)
    assert {(one["runtime"], one["ready"]) for one in lines} == {("fake", True), ("oven", True)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("bf16: maybe", "s.yaml:4:40: 'bf16' must be true or false, not 'maybe'"),
        ("bf16: 3", "'bf16' must be true or false, not 3"),
        ("slowdown: [1, two]", "'slowdown' must be a whole number, not 'two'"),
        ("slowdown: 13", "'slowdown' cannot be 13: that number is unlucky"),
        ("bf61: true", "unknown option 'bf61' of fake; did you mean 'bf16'?"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_a_mistake_with_its_place(bench: Bench, options: str, said: str) -> None:
    bench.plugin("oven", PLUGIN)
    device = f"[{{fake: {{runtime: oven, {options}}}}}]"
    suite = bench.write("s.yaml", SUITE.replace("[{fake: {runtime: oven}}]", device))
    done = bench("run", suite, "--dry-run", env={"DEVBENCH_PLUGINS": "fake,oven"})
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_a_value_that_only_one_of_two_runtimes_takes_is_a_skipped_case_of_the_other(bench: Bench) -> None:
    bench.plugin("oven", PLUGIN)
    bench.fake("a")
    both = "[{fake: {runtime: [fake, oven], slowdown: 13}}]"
    text = SUITE.replace("[{fake: {runtime: oven}}]", both).replace(", precision: bfloat16", "")
    done = bench("run", bench.write("s.yaml", text), "--dry-run", env={"DEVBENCH_PLUGINS": "fake,oven"})
    assert done.returncode == 0, done.stderr
    assert "oven: 'slowdown' cannot be 13: that number is unlucky" in done.stdout
    assert "1 cases, " in done.stdout


def test_a_precision_that_nobody_knows_is_a_mistake_with_its_place(bench: Bench) -> None:
    bench.plugin("oven", PLUGIN)
    suite = bench.write("suite.yaml", SUITE.replace("bfloat16", "bfloat61"))
    assert "'precision' cannot be 'bfloat61'; did you mean 'bfloat16'?" in bench("run", suite).stderr


WRONG = """
from pathlib import Path
from devbench import EngineFile, OptionSpec, Runtime, hookimpl
from devbench.testing.fake import FakeRuntime

class Sound(Runtime):
    name = "sound"
    formats = ("fake",)
    engine = FakeRuntime.engine

def wrong(name, **attributes):
    return type(name, (Sound,), {"name": name, **attributes})

@hookimpl
def devbench_runtimes():
    return [
        Sound,
        wrong("dotted", formats=(".fake",)),
        wrong("texts", formats="fake"),
        wrong("pairs", options=("threads",)),
        wrong("lists", options={"threads": [1, 2]}),
        wrong("reserved", options={"precision": 1}),
        wrong("both", options={"port": ""}, engine=EngineFile(path=FakeRuntime.engine, place_options=("port",))),
        wrong("maker", makes={"bfloat16": ("float32", {"bf16": True})}),
        wrong("idle", options={"threads": 0}),
        wrong("torn", options={"mode": OptionSpec(default="fast", choices=("low", "high"))}),
        wrong("typed", options={"bf16": False}, makes={"bfloat16": ("float32", {"bf16": "yes"})}),
        wrong("former", packages=lambda python: ("oven",)),
    ]
"""


def test_what_cannot_be_used_is_refused_when_it_is_registered(bench: Bench) -> None:
    """In a process of its own, and in devbench's."""
    bench.plugin("wrong", WRONG)
    for processes in ("1", "0"):
        env = {"DEVBENCH_PLUGINS": "wrong", "DEVBENCH_PLUGIN_PROCESSES": processes}
        (info,) = json.loads(bench("plugins", "--json", env=env).stdout)
        assert info["brings"] == ["runtime sound"]
        problems = "\n".join(info["problems"])
        for part in (
            "runtime 'dotted': formats: '.fake' is not the end of a file name without its dot, such as 'tflite'",
            "options: Input should be an object",
            "options.threads",
            "runtime 'reserved': options: 'precision' of a device in a suite means something else",
            "runtime 'both': options: 'port' is an option of the place as well (engine.place_options)",
            "runtime 'maker': makes: bfloat16: 'bf16' is not one of its options",
            "runtime 'idle': options: 'threads' must be from 1 to 1024, not 0",
            "runtime 'torn': options: 'mode' must be 'low' or 'high', not 'fast'",
            "runtime 'typed': makes: bfloat16: 'bf16' must be true or false, not 'yes'",
            "former: 'packages' is now a part of `install` (docs/plugins.md)",
        ):
            assert part in problems, (processes, part, problems)
        assert len(info["problems"]) == 11, problems
