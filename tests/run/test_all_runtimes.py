"""`runtime: all` in a suite: every runtime of the device that works there, whoever brings it, and no other."""

from __future__ import annotations

from tests.conftest import QUICK, Bench

PLUGIN = """
from pathlib import Path
from typing import ClassVar

from devbench import Runtime, hookimpl

ENGINE = Path(__file__).with_name("engine_of_others.py")


class Second(Runtime):
    name = "second"
    devices = ("fake",)
    formats = ("fake",)
    engine = ENGINE
    options = {"slowdown": 1}


class Gone(Second):
    name = "gone"


@hookimpl
def devbench_runtimes():
    return [Second, Gone]
"""
ENGINE = """
class Engine:
    def __init__(self, runtime):
        if runtime == "gone":
            raise ImportError("No module named 'gone'")

    def facts(self):
        return {"runtime_version": "1"}

    def load(self, path, options):
        pass

    def inputs(self):
        return []

    def feed(self, arrays):
        pass

    def invoke(self):
        sum(range(1000))

    def outputs(self):
        return []
"""


def test_all_stands_for_every_runtime_that_works(bench: Bench) -> None:
    bench.plugin("others", PLUGIN)
    (bench.folder / "site" / "engine_of_others.py").write_text(ENGINE)
    bench.fake("net")
    suite = f"name: all\nmodels: [{{name: net, source: net.fake}}]\ndevices: [{{fake: {{runtime: all}}}}]\nmeasure: {QUICK}\n"
    done = bench("run", bench.write("suite.yaml", suite), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "fake:local:fake" in done.stdout or "fake" in done.stdout
    cases = {line.split()[-1] for line in done.stdout.splitlines() if "net" in line and "@" in line}
    assert len(cases) == 2, done.stdout
    assert not any("gone" in case for case in cases)
    mixed = bench.write("mixed.yaml", suite.replace("runtime: all", "runtime: [all, fake]"))
    assert "unknown runtime 'all'" in bench("run", mixed, "--dry-run").stderr
