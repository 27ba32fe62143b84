"""A night through the real command tells all whom lab.yaml names, and what fails there costs nothing else."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from tests.lab.conftest import LabBench

NOTIFY = """  notify:
    - {page: 'report/{id}.html'}
    - {junit: report/junit.xml}
    - {github: summary}
    - {prometheus: report/lab.prom}
    - {command: ./tell 'a word'}
    - {command: ./hang, limit_s: 0.5}
"""


def test_a_night_is_told_to_all_and_a_command_that_hangs_is_a_note(lab: LabBench) -> None:
    lab.sim("a", "b", nights=NOTIFY)
    for name, text in (("tell", 'cat > "$1"'), ("hang", "sleep 600")):
        lab.bench.write(name, f"#!/bin/sh\n{text}\n").chmod(0o755)
    lab.does(b={"answer": 9})
    summary = lab.folder / "summary.md"
    lab.bench.env["GITHUB_STEP_SUMMARY"] = str(summary)
    lab.night(now="2027-03-01T02:00:00+00:00")
    lab.does(b={"error": "no answer", "lost": True})
    night = lab.night(now="2027-03-02T02:00:00+00:00", status=5)
    page = (lab.folder / "report" / "2027-03-02.html").read_text()
    assert "1 of 2 places needs a hand" in page
    assert '<svg class="s"' in page  # the history of both nights
    cases = {
        (one.attrib["classname"], one.attrib["name"]): [child.tag for child in one]
        for one in ET.parse(lab.folder / "report" / "junit.xml").getroot().iter("testcase")
    }
    assert cases["sim", "a"] == []
    assert cases["sim", "b"] == ["error"]
    assert [(name[:8], tags) for (place, name), tags in cases.items() if place == "sim.a"] == [("net fake", [])]
    assert "::warning title=devbench%3A unknown::sim b is unknown" in lab.bench("lab", "run", env=at(3)).stdout
    as_json = lab.bench("lab", "run", "--json", env=at(4))
    assert json.loads(as_json.stdout)["id"] == "2027-03-04"  # nothing else is on stdout
    assert "::warning title=" in as_json.stderr
    assert "## 1 of 2 places needs a hand." in summary.read_text()
    assert (
        'devbench_place_health{device="sim",place="b",health="unknown"} 1'
        in (lab.folder / "report/lab.prom").read_text()
    )
    got = json.loads((lab.folder / "a word").read_text())
    assert got["night"]["id"] == "2027-03-04"
    assert got["night"]["finished_utc"]
    assert "notify command" in " ".join(night["notes"])
    assert "did not end within 0.5 s, and was ended" in " ".join(night["notes"])


def at(day: int) -> dict[str, str]:
    return {"DEVBENCH_NOW": f"2027-03-{day:02}T02:00:00+00:00"}
