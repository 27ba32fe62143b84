"""A rail whose power is known gives the energy that follows from it; one that cannot be read gives none."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from devbench_energy import meter
from devbench_energy.joules import UnknownEnergyError, energy_of
from tests.jetson import boards
from tests.jetson.conftest import Powered


def test_only_the_timed_loop_counts_and_the_idle_power_is_taken_off(powered: Powered) -> None:
    # 5 V: 2 W idle, 9 W while it loads and ends, 5 W while it infers for 10 ms; so 30 mJ and the little between samples.
    record = powered.measure(boards_rail(powered))
    about = record["rounds"][0]
    begin_s, end_s = about["loop_s"]
    inferences = about["samples"] * about["inferences_per_sample"]
    assert about["energy_mj"] == pytest.approx(3e3 * (end_s - begin_s) / inferences, rel=0.02)
    assert about["energy_mj"] == pytest.approx(30, rel=0.1)
    assert float(powered.cell()) == pytest.approx(about["energy_mj"], rel=1e-5)
    assert about["facts"]["energy_source"] == "ina3221: VDD_IN"
    assert float(about["facts"]["power_idle_w"]) == pytest.approx(2)
    assert float(about["facts"]["power_loop_w"]) == pytest.approx(5, rel=0.01)
    assert f"{about['energy_mj']:.3g} mJ" in powered.done.stdout


def boards_rail(powered: Powered) -> Path:
    """The current of a board's total rail; in this test the machine's CPU is fed by it."""
    return boards.hwmon_rails(powered.root)
