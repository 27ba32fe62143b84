"""`devbench compare` on runs of the fake device, whose time is known, and on what cannot be compared."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from devbench.cli.app import run_app
from tests.conftest import QUICK, Bench, made_quiet

SMOKE = Path(__file__).parents[2] / "suites" / "smoke.yaml"
THREE = QUICK.replace("rounds: 2", "rounds: 3").replace("min_runs: 5", "min_runs: 30")
ONE = QUICK.replace("rounds: 2", "rounds: 1")


def _verdicts(bench: Bench, *arguments: object) -> dict[str, dict[str, Any]]:
    done = bench("compare", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return {case["id"].partition("@")[0]: case for case in json.loads(done.stdout)["cases"]}


def test_a_slowdown_is_found_a_speed_up_too_and_between_equal_runs_nothing(bench: Bench) -> None:
    for name in ("same", "worse", "better"):
        bench.fake(name, invoke_us=300)
    suite = bench.fake_suite("same", "worse", "better", measure=THREE)
    assert bench("run", suite, "--out", "old").returncode == 0
    bench.fake("worse", invoke_us=1200)
    bench.fake("better", invoke_us=75)
    assert bench("run", suite, "--out", "new").returncode == 0
    for name in ("old", "new"):
        made_quiet(bench.folder / name)

    found = _verdicts(bench, "old", "new")
    assert found["worse"]["verdict"] == "slower"
    assert 1 < found["worse"]["low"] < 4 * 1.3
    assert found["worse"]["ratio"] == pytest.approx(4, rel=0.3)
    assert found["worse"]["ratio"] == pytest.approx(found["worse"]["new_ms"] / found["worse"]["old_ms"])
    assert "another file: " in found["worse"]["notes"][0]
    assert found["better"]["verdict"] == "faster"
    assert found["same"]["verdict"] in ("no difference shown", "within the threshold")
    assert not any(note.startswith("another") for note in found["same"]["notes"])
    turned = _verdicts(bench, "new", "old")
    assert turned["worse"]["verdict"] == "faster"
    assert turned["worse"]["low"] == pytest.approx(1 / found["worse"]["high"])
    assert _verdicts(bench, "old", "new", "--threshold", "99%")["worse"]["verdict"] == "slower"

    failing = bench("compare", "old", "new", "--fail-on", "slower", "--fail-on", "missing")
    assert failing.returncode == 4
    assert failing.stderr == "--fail-on slower: worse@fake:local:fake:slowdown=1\n"
    assert failing.stdout.splitlines()[2] == "1 slower, 1 faster and 1 no difference shown, of 3 cases."
    assert re.search(r"^better +0\.3\d+ ms → \S+ ms +\d\.\d\d× faster \[", failing.stdout, re.MULTILINE)
    assert "│ geometric mean of 3 " in bench("compare", "old", "new", "--verbose").stdout
    assert bench("compare", "old", "new", "--fail-on", "missing", "--fail-on", "failed").returncode == 0
    assert "| worse<br>fake local fake slowdown=1 |" in bench("compare", "old", "new", "--format", "markdown").stdout


def test_cases_that_are_missing_or_fail_are_listed_and_can_fail_the_build(bench: Bench) -> None:
    for name in ("kept", "gone", "breaks"):
        bench.fake(name)
    assert bench("run", bench.fake_suite("kept", "gone", "breaks", measure=ONE), "--out", "old").returncode == 0
    bench.fake("breaks", do="raise")
    bench.fake("added")
    assert bench("run", bench.fake_suite("added", "breaks", "kept", measure=ONE), "--out", "new").returncode == 3

    found = _verdicts(bench, "old", "new")
    assert list(found) == ["added", "breaks", "kept", "gone"]
    assert [case["reason"] for case in found.values()][::3] == ["only in NEW", "only in OLD"]
    assert found["breaks"]["reason"].startswith("failed in NEW (")
    assert "a failure" in found["breaks"]["reason"]
    assert found["breaks"]["old_ms"] > 0
    assert found["breaks"]["new_ms"] is None
    single = [note.partition(":")[0] for note in found["kept"]["notes"] if "`normal` profile" in note]
    assert single == ["one round in OLD", "one round in NEW"]
    done = bench("compare", "old", "new", "--fail-on", "missing", "--fail-on", "failed", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["notes"][0].startswith("another text of the suite: ")
    ids = {name: f"{name}@fake:local:fake:slowdown=1" for name in ("breaks", "gone")}
    assert done.stderr == f"--fail-on missing: {ids['breaks']}, {ids['gone']}\n--fail-on failed: {ids['breaks']}\n"


def test_a_run_beside_itself_has_ratio_1_and_an_unfinished_one_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.fake("a")
    assert bench("run", bench.fake_suite("a", measure=ONE), "--out", "out").returncode == 0
    made_quiet(bench.folder / "out")
    out = str(bench.folder / "out")
    for threshold, share in {"0": 0, "0.01": 0.01, "1%": 0.01, "99.9 %": 0.999}.items():
        assert run_app(["compare", out, out, "--json", "--threshold", threshold, "--fail-on", "slower"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["threshold"] == pytest.approx(share)
        assert (found["cases"][0]["ratio"], found["cases"][0]["verdict"]) == (1.0, "no difference shown")
        assert (found["notes"], found["resolution"]) == (["OLD and NEW are the same run"], None)
    path = bench.folder / "out" / "run.json"
    record = bench.run_file()
    path.write_text(json.dumps({**record, "finished_utc": ""}))
    done = bench("compare", "out", "out")
    assert done.returncode == 1
    assert done.stderr == (
        "error: out: the run is not finished, so its cases cannot be compared\n"
        "  → Finish it: `devbench run --resume out`.\n"
    )


@pytest.mark.parametrize("threshold", ["1", "100%", "-0.01", "nan", "one", "", "%"])
def test_a_threshold_that_is_no_share_is_a_usage_mistake(capsys: pytest.CaptureFixture[str], threshold: str) -> None:
    assert run_app(["compare", "old", "new", "--threshold", threshold]) == 2
    assert f"Invalid value for '--threshold': '{threshold}' is " in capsys.readouterr().err


def test_what_cannot_be_measured_in_turns_is_named_and_can_fail_the_build(bench: Bench) -> None:
    bench.fake("good")
    bench.fake("bad", do="raise")
    both = (
        "name: fakes\nmodels:\n  - {name: net, source: %s.fake}\n  - {name: %s, source: good.fake}\ndevices: [fake]\n"
    )
    bench.write("old.yaml", both % ("good", "gone"))
    bench.write("new.yaml", both % ("bad", "added"))
    kinds = [word for kind in ("failed", "missing", "answer", "slower") for word in ("--fail-on", kind)]
    done = bench("compare", "--measure", "old.yaml", "new.yaml", "--out", "both", *kinds)
    net, gone, added = (f"{name}@fake:local:fake:slowdown=1" for name in ("net", "gone", "added"))
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith(f"Not compared: new: {net} failed: ")
    assert f"Not compared: old: {gone}: the other side has no such case.\n" in done.stdout
    assert f"Not compared: new: {added}: the other side has no such case.\n" in done.stdout
    assert done.stderr.endswith(f"--fail-on failed: new: {net}\n--fail-on missing: new: {net}, old: {gone}\n")
    assert len(bench.run_file("both")["cases"][0]["rounds"]) == 1  # nobody asks for more: there is no ratio to come
    assert bench("report", "both").returncode == 0


def test_a_budget_too_small_for_the_first_look_is_refused(bench: Bench) -> None:
    bench.fake("a")
    done = bench("compare", "--measure", bench.fake_suite("a"), "suite.yaml", "--budget", "2 s", "--out", "both")
    assert done.returncode == 1
    assert "error: a budget of 2 s is too small: the first 8 pairs of rounds take about 19 s\n" in done.stderr
    assert not (bench.folder / "both").exists()


def test_no_budget_is_not_taken_for_none(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["run", str(SMOKE)], ["compare", "--measure", "a.yaml", "b.yaml"]):
        assert run_app([*command, "--budget", ""]) == 2
        assert "'' is not a time such as '90 s'" in capsys.readouterr().err


def test_what_is_no_run_is_named(bench: Bench) -> None:
    done = bench("compare", "nowhere", "neither")
    assert done.returncode == 1
    assert "nowhere: there is no such run" in done.stderr
