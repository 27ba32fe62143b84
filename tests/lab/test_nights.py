"""Nights through the real command, with boards whose rounds are made up: what each does is in sim.json."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.lab.conftest import LabBench


def _at(day: int, clock: str = "02:00:00") -> str:
    return f"2027-03-{day:02}T{clock}+00:00"


def test_a_first_night_measures_what_answers_rightly_and_says_so(lab: LabBench) -> None:
    lab.sim("a", "b", models=("net", "other"))
    assert "There was no night yet" in lab.bench("lab", "status").stdout
    assert lab.bench("lab", "status", "--late", "26 h").returncode == 1
    night = lab.night(now=_at(1))
    assert night["id"] == "2027-03-01"
    assert [(one["place"], one["health_before"], one["health_after"], one["measured"]) for one in night["places"]] == [
        ("a", "maintenance", "good", 2),
        ("b", "maintenance", "good", 2),
    ]
    assert len(night["groups"]) == 1, "places of one machine take turns"
    run = lab.nights / "2027-03-01" / night["groups"][0]["runs"][0]
    assert lab.bench("verify", run).returncode == 0, "an ordinary run folder"
    assert json.loads((run / "run.json").read_text())["request"]["night"] == "2027-03-01"
    shown = lab.bench("lab", "status", "--late", "26 h", env={"DEVBENCH_NOW": _at(2)})
    assert shown.returncode == 0
    assert shown.stdout.startswith("2 of 2 places are good.\nNight 2027-03-01 finished")
    late = lab.bench("lab", "status", "--late", "26 h", env={"DEVBENCH_NOW": _at(2, "05:00:00")})
    assert late.returncode == 1
    assert "late: the last night, 2027-03-01, finished" in late.stderr


def test_a_place_with_a_wrong_answer_is_kept_out_and_returns_after_three_good_nights(lab: LabBench) -> None:
    lab.sim("a", "b")
    lab.night(now=_at(1))
    lab.does(b={"answer": 9})
    lab.night(now=_at(2), status=5)
    found = lab.places()
    assert (found["b"]["health_after"], found["b"]["measured"]) == ("bad", 0)
    assert "another answer than it always gave" in found["b"]["why"]
    assert found["b"]["gold"]["tries"] == 2, "tried again once"
    assert found["a"]["measured"] == 1
    lab.does()
    for day in (3, 4):
        lab.night(now=_at(day), status=5)
        assert lab.places()["b"]["why"] == f"the gold case is right: good night {day - 2} of 3"
    lab.night(now=_at(5))
    assert lab.places()["b"]["measured"] == 1
    assert [one for one in lab.health() if one[0] == "b"] == [
        ("b", "maintenance", "good"),
        ("b", "good", "bad"),
        ("b", "bad", "good"),
    ]


def test_a_place_that_has_become_slow_is_bad_and_a_new_runtime_is_another_case(lab: LabBench) -> None:
    lab.sim("a", "b")
    for day in (1, 2, 3):
        lab.night(now=_at(day))
    lab.does(a={"gold": 2.6}, b={"gold": 2.6, "version": "2.0"})
    lab.night(now=_at(4), status=5)
    found = lab.places()
    assert (found["a"]["health_after"], found["b"]["health_after"]) == ("bad", "good")
    assert "30% more than usual here" in found["a"]["why"]
    assert found["a"]["gold"]["expected_high_ms"] < 2.6


def test_when_most_places_fail_at_once_the_laboratory_is_at_fault(lab: LabBench) -> None:
    lab.sim("a", "b", "c")
    lab.night(now=_at(1))
    lab.does(a={"answer": 9}, b={"answer": 9})
    night = lab.night(now=_at(2), status=1)
    assert "2 of 3 places failed at once" in night["problems"][0]
    assert {one["place"]: one["health_after"] for one in night["places"]} == {
        "a": "unknown",
        "b": "unknown",
        "c": "good",
    }
    lab.does()
    lab.night(now=_at(3))
    assert all(one["measured"] for one in lab.places().values()), "nobody is in quarantine"


def test_trouble_on_the_way_is_not_the_fault_of_the_place(lab: LabBench) -> None:
    lab.sim("a", "b")
    lab.night(now=_at(1))
    lab.does(a={"error": "the connection was lost", "lost": True})
    lab.night(now=_at(2), status=5)
    assert (lab.places()["a"]["health_after"], lab.places()["a"]["gold"]["passed"]) == ("unknown", None)
    lab.does()
    lab.night(now=_at(3))
    assert lab.places()["a"]["measured"] == 1


def test_a_place_that_is_held_is_left_alone_until_it_is_returned(lab: LabBench) -> None:
    lab.sim("a", "b")
    held = lab.bench("lab", "hold", "a", "--why", "new fan")
    assert (held.returncode, held.stdout) == (0, "sim a: maintenance → maintenance: new fan\n")
    lab.night(now=_at(1))
    assert lab.places()["a"]["gold"] is None
    assert "new fan" in lab.places()["a"]["why"]
    assert "new fan" in lab.bench("lab", "status").stdout
    assert lab.bench("lab", "return", "a").returncode == 0
    lab.night(now=_at(2))
    assert lab.places()["a"]["measured"] == 1
    unknown = lab.bench("lab", "hold", "x", "--why", "?")
    assert (unknown.returncode, "has no place 'x'" in unknown.stderr) == (1, True)


def test_check_runs_the_gold_case_now(lab: LabBench) -> None:
    lab.sim("a", "b")
    lab.night(now=_at(1))
    assert lab.bench("lab", "check").returncode == 0
    lab.does(b={"answer": 9})
    done = lab.bench("lab", "check", "b")
    assert done.returncode == 5
    assert done.stdout.startswith("sim b: wrong")
    assert lab.health()[-1] == ("b", "good", "bad")


def test_a_night_that_is_killed_goes_on_and_loses_no_round(lab: LabBench) -> None:
    lab.sim("a", "b", models=("one", "two", "three"))
    lab.does(a={"s": 0.1}, b={"s": 0.1})
    process = lab.bench.start("lab", "run")
    deadline = time.monotonic() + 60
    log = lab.folder / "rounds.log"
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count("two") >= 1):
        time.sleep(0.02)
    second = lab.bench("lab", "run")
    assert second.returncode == 1, "two at once"
    assert "another night is at work there (process" in second.stderr
    running = lab.bench("lab", "status").stdout
    assert "is running since" in running
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert "was ended in the middle" in lab.bench("lab", "status").stdout
    killed = {path: path.read_bytes() for path in lab.nights.rglob("parts/*.parquet")}
    assert killed
    before = lab.newest()
    night = lab.night()
    assert night["id"] == before["id"], "the same night"
    assert [one["gold"] for one in night["places"]] == [one["gold"] for one in before["places"]], "not run again"
    rounds = [line.split()[1] for line in log.read_text().splitlines()]
    per_model = {name: rounds.count(name) for name in ("one", "two", "three")}
    assert sum(per_model.values()) in (12, 13), "each of 2 rounds on 2 places, and one that was under way"
    assert all(one["measured"] == 3 for one in night["places"])


def test_ctrl_c_ends_a_night_in_order_and_it_goes_on(lab: LabBench) -> None:
    lab.sim("a", models=("one", "two", "three"))
    lab.does(a={"s": 0.2})
    process = lab.bench.start("lab", "run")
    log = lab.folder / "rounds.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and len(log.read_text().splitlines()) >= 5):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "goes on with this night" in errors
    assert lab.night()["finished_utc"]


def test_a_night_ends_by_its_time_with_what_it_has_and_the_rest_says_why(lab: LabBench) -> None:
    lab.sim("a", nights='  until: "06:00"\n', models=("one", "two", "three", "four"))
    lab.bench.env["TZ"] = "UTC"
    lab.does(a={"s": 1.5})
    begin = time.monotonic()
    night = lab.night(now=_at(1, "05:59:51"), status=None)
    assert time.monotonic() - begin < 60
    assert night["until_utc"] == "2027-03-01T06:00:00+00:00"
    place = night["places"][0]
    assert place["measured"] < 4
    if night["groups"][0]["runs"]:
        cases = json.loads((lab.nights / "2027-03-01" / night["groups"][0]["runs"][0] / "run.json").read_text())[
            "cases"
        ]
        skipped = [one["outcome"]["reason"] for one in cases if one["outcome"]["status"] == "skipped"]
        assert set(skipped) <= {"the time was over before its first round"}
    too_late = lab.bench("lab", "run", env={"DEVBENCH_NOW": _at(2, "05:59:58")})
    assert too_late.returncode == 1
    assert "a night cannot begin any more" in too_late.stderr


def test_an_old_night_that_was_ended_is_closed_before_tonights_begins(lab: LabBench) -> None:
    lab.sim("a", nights='  until: "06:00"\n')
    lab.bench.env["TZ"] = "UTC"
    lab.does(a={"s": 5})
    lab.bench.env["DEVBENCH_NOW"] = _at(1)
    process = lab.bench.start("lab", "run")
    log = lab.folder / "rounds.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not log.exists():
        time.sleep(0.02)
    process.kill()
    process.communicate()
    lab.does()
    night = lab.night(now=_at(2))
    first = json.loads((lab.nights / "2027-03-01" / "night.json").read_text())
    assert first["finished_utc"]
    assert "the night was over before its gold case" in first["places"][0]["why"]
    assert (night["id"], night["places"][0]["measured"]) == ("2027-03-02", 1)


def test_a_laboratory_without_places_is_refused(lab: LabBench) -> None:
    lab.sim("a")
    lab.bench.write("lab.yaml", "places: []\nnights: {suites: suite.yaml}\n")
    done = lab.bench("lab", "run")
    assert done.returncode == 1
    assert "lab.yaml: has no places" in done.stderr


def test_the_history_can_be_made_again_from_all_nights(lab: LabBench) -> None:
    lab.sim("a", "b")
    lab.night(now=_at(1))
    lab.night(now=_at(2))
    before = lab.bench("history", "--format", "csv", env={"DEVBENCH_NOW": _at(2)}).stdout
    assert before.count("2027-03-02") == 2
    for path in (lab.folder / "history").glob("*/*.parquet"):
        path.unlink()
    done = lab.bench("history", "rebuild")
    assert done.returncode == 0, done.stderr
    assert lab.bench("history", "--format", "csv", env={"DEVBENCH_NOW": _at(2)}).stdout == before


def test_a_clock_that_was_wrong_for_a_night_hides_neither_a_killed_night_nor_a_late_one(lab: LabBench) -> None:
    lab.sim("a")
    lab.night(now="2031-01-01T02:00:00+00:00")
    lab.does(a={"s": 5})
    lab.bench.env["DEVBENCH_NOW"] = _at(1)
    process = lab.bench.start("lab", "run")
    log = lab.folder / "rounds.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and "2027-03-01" not in log.read_text():
        time.sleep(0.02)
    process.kill()
    process.communicate()
    lab.does()
    lab.bench("lab", "run", env={"DEVBENCH_NOW": _at(1, "02:01:00")})
    night = json.loads((lab.nights / "2027-03-01" / "night.json").read_text())
    assert (night["finished_utc"] != "", night["places"][0]["measured"]) == (True, 1), "it went on"
    assert not list(lab.nights.glob("2027-03-01-*"))
    assert "night 2031-01-01 began at 2031-01-01" in " ".join(night["notes"])
    shown = lab.bench("lab", "status", "--late", "26 h", env={"DEVBENCH_NOW": _at(3)})
    assert shown.returncode == 1
    assert "late: the last night, 2027-03-01, finished" in shown.stderr
    assert "later than now: a clock was wrong" in shown.stdout


@pytest.mark.parametrize(
    ("entry", "mistake"),
    [
        ("  until: six\n", "'six' is not a time of the clock"),
        ("  until: 6\n", "'6' is not a time of the clock: write \"06:00\", in quotes"),
        ("  until: 25:00\n", "'1500' is not a time of the clock"),
        ("  gold: {model: gold, source: gone.fake}\n", "gone.fake: there is no such file"),
        ("  gold: {model: gold, source: gold.onnx}\n", "no place can run gold: fake loads fake, not .onnx"),
        ("  suites: [suite.yaml, other/suite.yaml]\n", "two of the suites are called 'suite'"),
        ("  suite: x.yaml\n", "unknown key 'suite'; did you mean 'suites'?"),
    ],
)
def test_a_mistake_is_found_before_anything_is_measured(lab: LabBench, entry: str, mistake: str) -> None:
    lab.sim("a")
    text = (lab.folder / "lab.yaml").read_text()
    key = entry.partition(":")[0]
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith(f"{key}:")]
    lab.bench.write("lab.yaml", "".join(kept) + entry)
    done = lab.bench("lab", "run")
    assert done.returncode == 1
    assert mistake in done.stderr, done.stderr
    assert not list(lab.nights.glob("*/night.json"))
