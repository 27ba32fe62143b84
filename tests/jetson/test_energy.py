"""A rail whose power is known gives the energy that follows from it; one that cannot be read gives none."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devbench_energy import meter
from devbench_energy.joules import UnknownEnergyError, energy_of
from tests.jetson import boards
from tests.jetson.conftest import Powered

# On 5 V: 2 W idle, 9 W while it loads and ends, 5 W while it infers. As milliwatts:
IN_MILLIWATTS = {"idle": 2000, "loading": 9000, "inferring": 5000}


def check(powered: Powered, record: dict[str, Any], source: str, *, within: float = 0.02) -> None:
    """3 W above idle for the whole of the loop, and nothing of what was before and after it."""
    (about,) = record["rounds"]
    assert about["facts"].get("energy_source") == source, about["facts"]
    begin_s, end_s = about["loop_s"]
    inferences = about["samples"] * about["inferences_per_sample"]
    assert about["energy_mj"] == pytest.approx(3e3 * (end_s - begin_s) / inferences, rel=within)
    assert about["energy_mj"] > 30 * (1 - within), "an inference takes 10 ms, and more on a busy machine"
    assert float(about["facts"]["power_idle_w"]) == pytest.approx(2, rel=within / 2)
    assert float(powered.cell()) == pytest.approx(about["energy_mj"], rel=1e-5)
    assert f"{about['energy_mj']:.3g} mJ" in powered.bench("report", "out", "--verbose").stdout


def test_the_layout_of_jetpack_5(powered: Powered) -> None:
    rail = boards.hwmon_rails(powered.root)
    check(powered, powered.measure(rail, "jetson-cpu"), "ina3221: VDD_IN")


def test_the_layout_of_jetpack_4(powered: Powered) -> None:
    rail = boards.iio_rails(powered.root)
    check(powered, powered.measure(rail, "jetson-cpu", **IN_MILLIWATTS), "ina3221: POM_5V_IN")


def test_tegrastats_where_there_is_nothing_else(powered: Powered) -> None:
    rail = powered.bench.write("milliwatts", "2000\n")
    boards.tegrastats(powered.bench.folder / "bin", boards.NANO_LINE.replace("{mw}", "$MW"), rail)
    powered.bench.env["PATH"] = boards.path_with(powered.bench.folder / "bin")
    check(powered, powered.measure(rail, "jetson-cpu", **IN_MILLIWATTS), "tegrastats: POM_5V_IN", within=0.1)


@contextmanager
def counting(milliwatts: Path, files: list[Path], *, limit_uj: int) -> Iterator[None]:
    """Counters that grow by the power that a file says, and start anew at their limit."""
    done = threading.Event()

    def count() -> None:
        counted_uj, last_s = 0.0, time.perf_counter()
        while not done.wait(0.005):
            now_s = time.perf_counter()
            counted_uj += (now_s - last_s) * float(milliwatts.read_text()) * 1e3 / len(files)
            last_s = now_s
            for file in files:
                boards.replace(file, f"{int(counted_uj) % limit_uj}\n")

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_rapl_of_two_packages_whose_counters_start_anew(powered: Powered) -> None:
    milliwatts = powered.bench.write("milliwatts", "2000\n")
    files = boards.rapl(powered.root, packages=2, limit_uj=700_000)  # twice or more in the timed loop of 5 J
    with counting(milliwatts, files, limit_uj=700_000):
        record = powered.measure(milliwatts, **IN_MILLIWATTS)
    check(powered, record, "rapl: package-0 + package-1", within=0.1)  # a busy machine counts late


def test_a_board_without_a_total_rail_is_the_sum_of_all(tmp_path: Path) -> None:
    boards.hwmon_rails(tmp_path, labels=("VDD_GPU_SOC", "NC", "VIN_SYS_5V0"))
    source = meter.find(str(tmp_path), ["ina3221", "rapl"])
    assert source is not None
    assert source.parts == ["VDD_GPU_SOC", "VIN_SYS_5V0"]
    assert source.read() == pytest.approx(4)
    (tmp_path / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr3_input").unlink()
    assert meter.find(str(tmp_path), ["ina3221"]) is None  # half a sum is no sum


@pytest.mark.parametrize(
    ("line", "parts", "watts"),
    [
        (boards.NANO_LINE.replace("{mw}", "933"), ["POM_5V_IN"], 0.933),
        (boards.XAVIER_LINE, ["CPU", "CV", "GPU", "SOC", "SYS5V", "VDDRQ"], 3.53),
        (boards.ORIN_LINE, ["VDD_CPU_CV", "VDD_GPU_SOC", "VIN_SYS_5V0"], 6.37),
        (boards.ORIN_NX_LINE, ["VDD_IN"], 5.113),
    ],
)
def test_a_line_of_tegrastats_of_each_generation(line: str, parts: list[str], watts: float) -> None:
    found, power = meter.watts_of(line)
    assert found == parts
    assert power == pytest.approx(watts)


def test_no_rail_no_energy(powered: Powered) -> None:
    record = powered.measure(powered.bench.write("no rail", "0\n"))
    assert record["outcome"]["status"] == "measured"
    assert record["rounds"][0]["energy_mj"] is None
    assert powered.cell() == ""
    assert "energy_unknown" not in record["rounds"][0]["facts"]
    assert " mJ" not in powered.bench("report", "out", "--verbose").stdout


def test_the_processor_s_counter_says_nothing_of_another_device(powered: Powered) -> None:
    boards.rapl(powered.root)
    record = powered.measure(powered.bench.write("no rail", "0\n"), "jetson-cpu")
    assert record["rounds"][0]["energy_mj"] is None


def test_a_loop_too_short_for_the_meter_says_so(powered: Powered) -> None:
    rail = boards.hwmon_rails(powered.root)
    quick = (
        "{rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 0.1, time_limit_s: 20, max_rounds: 1}"
    )
    (about,) = powered.measure(rail, "jetson-cpu", quick)["rounds"]
    assert about["energy_mj"] is None
    assert "readings of the power in the timed loop: measure longer" in about["facts"]["energy_unknown"]
    assert powered.cell() == ""


def test_a_round_that_fails_leaves_no_meter_behind(powered: Powered) -> None:
    rail = boards.hwmon_rails(powered.root)
    record = powered.measure(rail, "jetson-cpu", crash=True)
    assert record["outcome"]["error"] == "RuntimeError: the fake device reports a failure"
    assert not [file for file in Path("/proc").glob("[0-9]*/cmdline") if str(powered.root).encode() in read(file)]


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def seen(watts: list[float], *, counts: bool = False) -> dict[str, Any]:
    """Readings ten times a second from 0 s on, the idle time ending at 1 s."""
    return {"marks": [1.0], "counts": counts, "readings": [(n / 10, one) for n, one in enumerate(watts)]}


def test_what_cannot_be_known_is_not_made_up() -> None:
    steady = seen([2.0] * 11 + [5.0] * 30)
    assert energy_of(steady, (2.0, 4.0), 20).per_inference_mj == pytest.approx(300)
    for readings, loop_s, why in (
        ({"trouble": "the meter ended early"}, (2.0, 4.0), "the meter ended early"),
        (steady, None, "the times of the timed loop are not known"),
        (steady, (3.0, 6.0), "could not be read for 2.0 s in the timed loop"),
        (seen([2.0] * 41), (2.0, 4.0), "no more than the idle machine"),
        (seen([]), (2.0, 4.0), "only 0 readings"),
    ):
        with pytest.raises(UnknownEnergyError, match=why):
            energy_of(readings, loop_s, 20)


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.12"])
def test_the_meter_runs_on_a_board_s_interpreter(tmp_path: Path, interpreters: Any, version: str) -> None:
    boards.hwmon_rails(tmp_path)
    process = subprocess.Popen(
        [interpreters(version), "-I", "-S", meter.__file__, "ina3221", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    out, _ = process.communicate("mark\n", timeout=10)
    found = json.loads(out)
    times = [at_s for at_s, _ in found["readings"]]
    assert len(times) >= 3
    assert statistics.median(later - earlier for earlier, later in itertools.pairwise(times)) > 0.04
    assert {watts for _, watts in found["readings"]} == {2.0}
    assert len(found["marks"]) == 1
    nothing = subprocess.run([sys.executable, meter.__file__, "rapl", str(tmp_path)], check=False, timeout=10)
    assert nothing.returncode == 1
