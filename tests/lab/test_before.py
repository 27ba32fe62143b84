"""A runtime is replaced: old and new are measured in turns while the old one is there; the change is told once."""

from __future__ import annotations

import json
import shlex
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.lab.simulated import ENGINE
from devbench.domain.history import Again
from devbench.domain.night import SeriesKey
from devbench.domain.outcome import Skipped
from devbench.domain.place import Place
from devbench.lab.before import Before, Earlier, run_in
from devbench.stats.step import FEWEST_BEFORE
from tests.history.made import made_case, made_run
from tests.lab.conftest import LabBench

KEY = SeriesKey(model="m", precision="int8", runtime="litert", options="threads=1", device="desktop-cpu", place="attic")


def _before(folder: Path, new: Mapping[str, str], seen: Mapping[str, str] | Skipped) -> Before:
    """What was there before a night with these facts. seen: by whoever looks at the interpreter of then."""
    old = {"runtime_version": "2.0", "python_path": "/old/bin/python"}
    beside = made_run(folder / "old", made_case("m", 2.0, facts=old))
    tonight = run_in(str(made_run(folder / "new", made_case("m", 2.2, facts={"machine_id": "m1", **new}))))
    assert tonight
    earlier = Earlier(
        nights=folder,
        place=lambda key: Place(device=key[0], name=key[1], python={"": "/new/bin/python"}),
        look=lambda place, _: seen if place.python == {"": "/old/bin/python"} else {},
    )
    return earlier.of(Again(key=KEY, suite="s", case="c", folder="x", beside=str(beside)), tonight)


NEW = {"runtime_version": "2.1", "python_path": "/new/bin/python"}
GONE = Before(request=None, python="", gone="litert 2.0")


@pytest.mark.parametrize(
    ("new", "seen", "found"),
    [
        (NEW, {"runtime_version": "2.0"}, Before(request=None, python="/old/bin/python", gone="")),
        (NEW, {"runtime_version": "2.1"}, GONE),
        (NEW, Skipped(reason="there is no such file"), GONE),
        ({**NEW, "machine_id": "another"}, {"runtime_version": "2.0"}, GONE),
        ({**NEW, "python_path": "/old/bin/python"}, {"runtime_version": "2.1"}, GONE),
        ({**NEW, "runtime_version": "2.0"}, {"runtime_version": "2.0"}, Before(request=None, python="", gone="")),
    ],
    ids=["there", "upgraded", "removed", "another machine", "in place", "the same runtime"],
)
def test_the_interpreter_of_before_is_used_if_it_still_has_the_runtime_of_then(
    tmp_path: Path, new: Mapping[str, str], seen: Mapping[str, str] | Skipped, found: Before
) -> None:
    assert _before(tmp_path, new, seen) == found


def test_a_record_that_others_may_write_names_no_program(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert _before(tmp_path, NEW, {"runtime_version": "2.0"}) == GONE


BY_INTERPRETER = """import json, os, sys, time

with open(os.path.join(sys.prefix, "sleeper.json")) as file:
    ABOUT = json.load(file)
"""


def _interpreter(path: Path, version: str, seconds: float) -> Path:
    """A real interpreter with this version of the runtime, which sleeps for so long."""
    venv.create(path, symlinks=True)
    site = next(path.glob("lib/python*/site-packages"))
    (site / "numpy.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (path / "sleeper.json").write_text(json.dumps({"version": version, "s": seconds}))
    return path / "bin/python"


@pytest.mark.thorough  # ten nights, with sessions of old and new in turns
@pytest.mark.usefixtures("quick_turns")
def test_a_runtime_that_was_replaced_is_measured_beside_the_old_one_and_told_once(
    lab: LabBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devbench.run.extend.judge_round", lambda *_: ())  # a busy machine must not decide this
    old = _interpreter(lab.folder / "old", "1.0", 0.002)
    new = _interpreter(lab.folder / "new", "2.0", 0.003)
    lab.remote("name: a, ssh: a")
    lab.board("a")
    engine = ENGINE.replace("import os, time\n", BY_INTERPRETER).replace('"1.0"', 'ABOUT["version"]')
    (lab.folder / "site/sleeper_engine.py").write_text(engine.replace("time.sleep(0.002)", 'time.sleep(ABOUT["s"])'))
    lab_file = lab.folder / "lab.yaml"
    places = lab_file.read_text()
    assert sys.executable in places
    lab_file.write_text(places.replace(sys.executable, str(old)))
    for day in range(1, 1 + FEWEST_BEFORE):
        assert lab.night(now=f"2027-03-{day:02}T02:00:00+00:00")["changes"] == []
    lab_file.write_text(places.replace(sys.executable, str(new)))
    night = lab.night(now="2027-03-20T02:00:00+00:00", status=4)
    (change,) = [one for one in night["changes"] if one["status"] == "confirmed"]
    assert change["changed_then"] == ["runtime 1.0 → 2.0"]
    assert 1.3 < change["low"] < change["ratio"] < change["high"] < 1.7
    for session in change["again"]:
        run = json.loads((lab.nights / night["id"] / session / "run.json").read_text())
        facts = {case["id"][:3]: case["rounds"][0]["facts"] for case in run["cases"]}
        assert {side: one["runtime_version"] for side, one in facts.items()} == {"old": "1.0", "new": "2.0"}
        assert {side: one["python_path"] for side, one in facts.items()} == {"old": str(old), "new": str(new)}
    program, *words = shlex.split(change["reproduce"])
    assert (program, words[0]) == ("devbench", "compare")
    shown = lab.bench(*words)
    assert shown.returncode == 0, shown.stderr
    assert "slower" in shown.stdout
    assert lab.night(now="2027-03-21T02:00:00+00:00")["changes"] == []
