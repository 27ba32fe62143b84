"""Groups go on side by side with real workers, and never two places of one group at once."""

from __future__ import annotations

import itertools
import signal
import time
from pathlib import Path

import pytest

from devbench.lab import recover
from tests.lab.conftest import LabBench

Loop = tuple[str, float, float]


def _loops(lab: LabBench) -> list[Loop]:
    """Board, begin and end of each round, as the boards themselves noted it, on one clock."""
    lines = (line.split() for line in (lab.boards / "loops.log").read_text().splitlines())
    return [(name, float(begin), float(end)) for name, begin, end in lines]


def _together(loops: list[Loop], one: set[str], other: set[str]) -> int:
    """How many pairs of rounds overlap, one of each side."""
    return sum(
        a[1] < b[2] and b[1] < a[2]
        for a, b in itertools.combinations(loops, 2)
        if (a[0] in one and b[0] in other) or (a[0] in other and b[0] in one)
    )


@pytest.fixture
def hub(lab: LabBench) -> LabBench:
    """Four boards on machines of their own, two of which share a hub."""
    lab.remote("name: a, ssh: a, shares: [hub]", "name: b, ssh: b, shares: [hub]", "name: c, ssh: c", "name: d, ssh: d")
    for name in "abcd":
        lab.board(name)
    suite = lab.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("min_runs: 5", "min_runs: 150"))  # 0.3 s, asleep
    return lab


def test_a_run_over_several_machines_measures_them_side_by_side(hub: LabBench) -> None:
    done = hub.bench("run", "suite.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr
    loops = _loops(hub)
    assert len(loops) == 8
    assert _together(loops, {"a"}, {"b"}) == 0, "they share a hub"
    assert _together(loops, {"a", "b"}, {"c", "d"}) + _together(loops, {"c"}, {"d"}) > 0
    run = hub.bench.run_file()
    assert [[name for _, name in group] for group in run["beside"]] == [["a", "b"], ["c"], ["d"]]
    assert hub.bench("verify", "out").returncode == 0
    (hub.boards / "loops.log").unlink()
    assert hub.bench("run", "suite.yaml", "--out", "serial", "--serial").returncode == 0
    loops = _loops(hub)
    assert all(_together(loops, {one}, {other}) == 0 for one, other in itertools.combinations("abcd", 2))
    assert hub.bench.run_file("serial")["beside"] == []


def test_a_budget_is_for_the_longest_group(hub: LabBench) -> None:
    shown = hub.bench("run", "suite.yaml", "--dry-run", "--budget", "2 s")
    assert shown.returncode == 0, shown.stderr
    assert "3 groups of places go on side by side: the longest of them decides." in shown.stdout
    assert "Measuring takes 2 s, the budget." in shown.stdout
    refused = hub.bench("run", "suite.yaml", "--dry-run", "--budget", "1 s")
    assert refused.returncode == 1
    text = "a round of each of 4 cases takes 1.6 s or more in the longest of 3 groups, which go on side by side"
    assert text in refused.stderr
    serial = hub.bench("run", "suite.yaml", "--dry-run", "--budget", "2 s", "--serial")
    assert "a round of each of 4 cases takes 3.2 s or more\n" in serial.stderr


@pytest.fixture
def soon_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards that are back at once or never, and need not be without power for long."""
    for name, seconds in (("_CONNECTS_WITHIN_S", 0.1), ("_POLL_S", 0.1), ("_OFF_S", 0.0)):
        monkeypatch.setattr(recover, name, seconds)


@pytest.mark.usefixtures("soon_back")
def test_a_board_that_is_down_stops_no_other_and_is_not_held_against_it(hub: LabBench) -> None:
    hub.board("c", down="")
    night = hub.night(status=5)
    places = {one["place"]: (one["health_after"], one["measured"]) for one in night["places"]}
    assert places == {"a": ("good", 1), "b": ("good", 1), "c": ("unknown", 0), "d": ("good", 1)}
    assert "No route to host" in hub.places()["c"]["why"] or "c" in hub.places()["c"]["why"]
    assert [step["what"] for step in hub.places()["c"]["recovery"]] == ["connection"]
    groups = {one["name"]: one["beside"] for one in night["groups"]}
    assert groups == {"board a": ["board d"], "board c": [], "board d": ["board a"]}
    assert _together(_loops(hub), {"a"}, {"b"}) == 0


def test_ctrl_c_reaches_every_group_and_the_run_goes_on(hub: LabBench) -> None:
    suite = hub.folder / "suite.yaml"
    suite.write_text(suite.read_text().replace("min_runs: 150", "min_runs: 1500"))  # 3 s
    process = hub.bench.start("run", "suite.yaml", "--out", "out")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((hub.folder / "out").glob("parts/*.parquet")):
        time.sleep(0.05)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert time.monotonic() - begin < 15
    assert "Traceback" not in errors
    assert all(one["outcome"]["status"] == "pending" for one in hub.bench.run_file()["cases"]), "none has failed by it"


@pytest.mark.usefixtures("soon_back")
def test_recovery_takes_the_steps_that_lab_yaml_names_and_no_more(lab: LabBench) -> None:
    lab.remote(
        "name: hung, ssh: hung, reboot: 'echo new > boot', power: {off: ./power off, on: ./power on}",
        "name: sick, ssh: sick, reboot: 'rm broken; echo new > boot', power: {off: ./power off, on: ./power on}",
        "name: well, ssh: well",
        "name: fine, ssh: fine",
        gold=True,
        nights="  recovery: {wait: 1 s}\n",
    )
    power = lab.bench.write(
        "power", f"#!/bin/sh\necho $1 >> power.log\n[ $1 = on ] && rm -f '{lab.boards}/hung/down'; exit 0\n"
    )
    power.chmod(0o755)
    lab.board("hung", down="")
    lab.board("sick", broken="")
    lab.board("well")
    lab.board("fine")
    night = lab.night(status=None)
    places = {one["place"]: one for one in night["places"]}
    assert [one["what"] for one in places["sick"]["recovery"]] == ["reboot"]
    assert (places["sick"]["recovery"][0]["boot_before"], places["sick"]["recovery"][0]["boot_after"]) == (
        "sick-1",
        "new",
    )
    assert places["sick"]["health_after"] == "good"
    steps = [(one["what"], one["worked"]) for one in places["hung"]["recovery"]]
    assert steps[0] == ("connection", False)
    assert steps[-1][0] == "power cycle"
    assert (lab.folder / "power.log").read_text() == "off\non\n", "once a night"
    assert places["hung"]["health_after"] == "good"
    assert Path(lab.nights / "health.jsonl").exists()
