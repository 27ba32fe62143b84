"""A machine of files whose power is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bench

MEASURE = "{rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 1, cap_s: 5, time_limit_s: 20, max_rounds: 1}"


class Powered:
    """Runs a case whose engine sets a rail."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.root = bench, bench.folder / "root"
        bench.plugin("rail", module="tests.jetson.plugin_rail")
        bench.env |= {"DEVBENCH_ROOT": str(self.root), "DEVBENCH_PLUGINS": "energy,rail"}
        bench.env["PYTHONPATH"] += f":{Path(__file__).parents[2]}"

    def measure(
        self, rail: Path, device: str = "desktop-cpu", measure: str = MEASURE, **plan: object
    ) -> dict[str, Any]:
        """The record of the case, after a run through the command line."""
        said = {"rail": str(rail), "invoke_us": 10_000, "idle": 400, "loading": 1800, "inferring": 1000, **plan}
        self.bench.write("net.fake", json.dumps(said))
        text = f"name: power\nmodels:\n  - {{name: net, source: net.fake}}\ndevices: [{device}]\nmeasure: {measure}\n"
        self.done = self.bench("run", self.bench.write("suite.yaml", text), "--out", "out")
        assert self.done.returncode in (0, 3), self.done.stderr
        record: dict[str, Any] = self.bench.run_file()["cases"][0]
        return record

    def cell(self) -> str:
        """What the results CSV says of the energy."""
        (row,) = csv.DictReader((self.bench.folder / "out/results.csv").read_text().splitlines())
        return row["energy_mj"]


@pytest.fixture
def powered(bench: Bench) -> Powered:
    return Powered(bench)
