"""A night as JUnit XML, annotations, step summary, Prometheus metrics and lines for the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from devbench.domain.night import Night
from devbench.report.night import headline, terminal_text
from devbench.report.night.github import annotation_lines, summary
from devbench.report.night.junit import junit_xml
from devbench.report.night.prometheus import prometheus_text
from tests.report.nights import FASTER, ILL, QUIET, SOFTWARE, cases_of, many_places

NIGHTS = {"quiet": QUIET, "ill": ILL, "many": many_places(40)}


@pytest.mark.parametrize(
    ("night", "first"),
    [
        (QUIET, "Nothing has changed on 2 places."),
        (
            replace(QUIET, watched=0),
            "2 places measured, and no figure counts: all were disturbed. Try `devbench doctor`.",
        ),
        (replace(QUIET, watched=2, earlier_nights=8, needed_nights=8), "Nothing has changed on 2 places."),
        (
            replace(QUIET, watched=2, earlier_nights=0, needed_nights=8),
            "2 places measured. To find changes, devbench needs 8 nights before tonight; it has 0.",
        ),
        (
            replace(QUIET, changes=(SOFTWARE,)),
            "mobilenet_v1 int8 litert takes 3.1 % longer [2.6, 3.6] on 2 boards since the night of 2026-11-20.",
        ),
        (ILL, "2 changes (1 by software, 1 of one case on one board), and 2 of 5 places need a hand."),
        (replace(QUIET, problems=("no space left",)), "The lab itself failed: no space left."),
        (replace(QUIET, places=()), "Nothing was measured."),
        (
            replace(QUIET, changes=(replace(SOFTWARE, ratio=2.5, low=2.4, high=2.6),)),
            "mobilenet_v1 int8 litert takes 2.50× as long [2.40, 2.60] on 2 boards since the night of 2026-11-20.",
        ),
    ],
)
def test_the_answer_is_first(night: Night, first: str) -> None:
    assert headline(night) == first
    assert terminal_text(night, 200).splitlines()[0] == first


def test_the_terminal_tells_what_changed_then_and_how_to_reproduce_it() -> None:
    text = terminal_text(ILL, 120)
    assert "changed then: runtime 2.1.0 → 2.1.1" in text
    assert "reproduce: devbench compare --measure old new" in text
    assert "tried: reboot (failed: no answer)" in text
    assert "1 candidate measured again and not confirmed." in text
    assert "takes 20.0 % less time [19.0, 21.0]" in text
    assert "\x1b" not in text
    assert all(len(line) <= 120 for line in text.splitlines())


# What the schemas of Jenkins and of Ant (the two that readers check against) have in common.
ATTRIBUTES = {
    "testsuites": (set(), set()),
    "testsuite": (
        {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "time"},
        {"skipped"},
    ),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, set()),
    "failure": ({"type"}, {"message"}),
    "error": ({"type"}, {"message"}),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"(failure |error |skipped )?",
}


@pytest.mark.parametrize("name", NIGHTS)
def test_junit_is_valid_against_what_the_schemas_have_in_common(name: str) -> None:
    root = ET.fromstring(junit_xml(NIGHTS[name], cases_of(NIGHTS[name])))
    for one in root.iter():
        needed, allowed = ATTRIBUTES[one.tag]
        assert needed <= set(one.attrib) <= needed | allowed, one.tag
        assert re.fullmatch(CHILDREN.get(one.tag, ""), "".join(f"{child.tag} " for child in one)), one.tag
    for suite in root:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{kind}"))
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


def test_junit_says_what_became_of_places_and_cases() -> None:
    root = ET.fromstring(junit_xml(ILL, cases_of(ILL)))
    places, cases = root.findall("testsuite")
    assert places.attrib["timestamp"] == "2026-11-21T01:00:00"  # in UTC
    found = {one.attrib["classname"]: [child.tag for child in one] for one in places.findall("testcase")}
    assert found == {"coral-usb": [], "coral-dev-board": ["failure"], "desktop-cpu": ["error"]}
    assert [one.find("skipped") is not None for one in places.findall("testcase")] == [False, False, False, True, False]
    slower = [one for one in cases.findall("testcase") if one.find("failure") is not None]
    assert {one.attrib["classname"] for one in slower} == {"coral-usb.desk", "coral-usb.shelf"}
    failure = slower[0].find("failure")
    assert failure is not None
    assert failure.text
    assert "devbench compare --measure old new" in failure.text
    system_out = cases.findtext("system-out")
    assert system_out
    assert "takes 20.0 % less time" in system_out


def test_annotations_keep_within_their_limits_and_no_name_makes_another_one() -> None:
    lines = annotation_lines(ILL)
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::notice"]
    for line in lines:
        assert line.isprintable()
        title = line.split("::")[1]
        assert title.count(":") == 0
        assert not re.search("%(?!25|0D|0A|3A|2C)", line)
    assert "%25" in lines[1]
    assert len([line for line in annotation_lines(many_places(40)) if line.startswith("::error")]) == 10
    assert annotation_lines(QUIET) == []


def test_the_summary_leaves_no_markup_of_names() -> None:
    text = summary(ILL)
    assert text.startswith("## 2 changes")
    assert "<b>" not in text
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("| coral-dev-board")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5, 6]  # of four and of five columns


SAMPLE = re.compile(r'devbench_[a-z_]+\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\} [-+0-9.e]+')


@pytest.mark.parametrize("name", NIGHTS)
def test_prometheus_text_is_of_its_format(name: str) -> None:
    text = prometheus_text(NIGHTS[name], cases_of(NIGHTS[name]))
    assert text.endswith("\n")
    seen: list[str] = []
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            assert line.split()[2] not in seen  # all lines of a metric are together
            seen.append(line.split()[2])
        elif not line.startswith("# HELP"):
            assert SAMPLE.fullmatch(line), line
            assert line.split("{")[0] == seen[-1]
    samples = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))


def test_prometheus_text_has_health_changes_and_times() -> None:
    text = prometheus_text(ILL, cases_of(ILL))
    assert 'devbench_place_health{device="desktop-cpu",place="away",health="unknown"} 1\n' in text
    assert 'devbench_place_health{device="desktop-cpu",place="away",health="good"} 0\n' in text
    assert 'devbench_night_changes{lab="/srv/lab/lab.yaml",kind="software"} 1\n' in text
    assert "devbench_night_end_timestamp_seconds" in text
    assert "devbench_night_end_timestamp_seconds" not in prometheus_text(replace(ILL, finished_utc=""), ())
    assert f"}} {FASTER.ratio}\n" in text
    assert 'place="desk",model="mobilenet_v1",precision="int8",runtime="litert",options=""} 0.0025\n' in text
