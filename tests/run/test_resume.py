"""`--resume` measures again what was damaged or lost its place, and a round that cannot be recorded costs its case only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.fuzz.folders import CASES, make_folder
from devbench.errors import RecordError
from tests.conftest import Bench

STICK = """
from pathlib import Path
from devbench import Absent, Place, RoundError, hookimpl
from devbench.testing.fake import FakeDevice

class Stick(FakeDevice):
    kind = "stick"
    def discover(self):
        gone = Path("pulled").exists()
        return [Absent(device="stick", reason="nothing is plugged in") if gone else Place(name="2-1", device="stick")]

@hookimpl
def devbench_devices():
    return [Stick]

@hookimpl(tryfirst=True)
def devbench_run_round(case, place):
    if place.device == "stick" and Path("second").exists():
        Path("second").unlink()
        Path("pulled").touch()
        raise RoundError("the stick does not answer", phase="steady")
    if place.device == "stick":
        Path("second").touch()
"""

METER = """
from dataclasses import replace
from devbench import hookimpl

@hookimpl(wrapper=True)
def devbench_run_round(case, place):
    done = yield
    if case.planned.model == "odd":
        done = replace(done, about=replace(done.about, energy_mj={energy}))
    return done
"""


def test_a_case_whose_place_went_away_is_tried_again_when_it_is_back(bench: Bench) -> None:
    bench.fake("a")
    bench.plugin("stick", STICK)
    suite = bench.fake_suite("a")
    suite.write_text(suite.read_text().replace("[fake]", "[fake, stick]"))
    assert bench("run", suite, "--out", "out").returncode == 3
    failed = bench.run_file()["cases"][1]
    assert (failed["outcome"]["status"], failed["outcome"]["place_lost"], len(failed["rounds"])) == ("failed", True, 1)
    (bench.folder / "second").unlink(missing_ok=True)
    still_gone = bench("run", "--resume", "out")
    assert "the places that were lost are still not there" in still_gone.stderr
    (bench.folder / "pulled").unlink()
    bench.plugin("stick", STICK.partition("@hookimpl(tryfirst")[0])
    resumed = bench("run", "--resume", "out")
    assert resumed.returncode == 0, resumed.stderr
    assert f"{failed['id']}: its place was lost, so it is tried again" in resumed.stderr
    case = bench.run_file()["cases"][1]
    assert case["outcome"]["status"] == "measured"
    assert case["rounds"][0]["started_utc"] == failed["rounds"][0]["started_utc"], (
        "a round that was measured is not measured again"
    )
    rows = pq.read_table(bench.folder / "out" / "samples.parquet").to_pylist()
    assert {(row["case"], row["round"]) for row in rows} == {
        (one["id"], about["index"]) for one in bench.run_file()["cases"] for about in one["rounds"]
    }
    assert bench("verify", "out").returncode == 0


@pytest.mark.parametrize("energy", ["float('nan')", "'much'", "1j"])
def test_a_round_that_could_not_be_read_again_fails_its_case_and_no_other(bench: Bench, energy: str) -> None:
    bench.fake("odd")
    bench.fake("even")
    bench.plugin("meter", METER.replace("{energy}", energy))
    bench.env["DEVBENCH_PLUGIN_PROCESSES"] = "0"  # what comes from another process is checked before
    done = bench("run", bench.fake_suite("odd", "even"), "--out", "out")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    outcomes = bench.outcomes()
    assert outcomes["even"]["status"] == "measured"
    assert outcomes["odd"]["status"] == "failed"
    assert "its record cannot be kept" in outcomes["odd"]["error"]
    assert bench("report", "out").returncode == 0


def test_what_cannot_be_read_again_never_replaces_run_json(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "run")
    run, before = folder.load(), (tmp_path / "run" / "run.json").read_bytes()
    case = run.case(CASES[0])
    broken = run.with_case(replace(case, remarks=("a lone surrogate: \ud800",)))
    with pytest.raises(RecordError) as caught:
        folder.save(broken)
    assert caught.value.case_id == CASES[0]
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_a_run_json_that_was_changed_is_not_gone_on_with(bench: Bench) -> None:
    make_folder(bench.folder / "out", finished=False)
    path = bench.folder / "out" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "seed": 7}))
    done = bench("run", "--resume", "out")
    assert done.returncode == 1
    assert "error: out/run.json: the record of the run was changed after devbench wrote it" in done.stderr
