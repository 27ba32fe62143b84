"""JUnit XML: a suite of places and a suite of cases, as CI servers show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from devbench.domain.night import LevelChange, Night, PlaceNight, SeriesKey
from devbench.lab.cases import NightCase
from devbench.printable import one_line, printable
from devbench.report.night.words import change_text, headline, place_text, recovery_text


def junit_xml(night: Night, cases: Sequence[NightCase]) -> str:
    """The night as JUnit XML: no attributes or elements but those that every reader of the format takes.

    A place that is bad is a failure, one that could not be asked an error. A case fails where a confirmed change made
    it slower; where it gave no figure, that is an error.
    """
    root = ET.Element("testsuites")
    slower = [one for one in night.told if one.ratio > 1]
    faster = [one for one in night.told if one.ratio <= 1]
    _suite(root, night, 0, "places", [_place(one) for one in night.places], night.notes)
    _suite(root, night, 1, "cases", [_case(one, slower) for one in cases], [change_text(one) for one in faster])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def of_series(change: LevelChange, key: SeriesKey) -> bool:
    """Whether the change is of the series `key`: what is "" in a change is of all."""
    own = change.key
    pairs = [(own.model, key.model), (own.precision, key.precision), (own.runtime, key.runtime)]
    pairs += [(own.options, key.options), (own.device, key.device), (own.place, key.place)]
    return all(wanted in ("", found) for wanted, found in pairs)


def _suite(
    root: ET.Element, night: Night, number: int, name: str, cases: Sequence[ET.Element], said: Sequence[str]
) -> None:
    count = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")}
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": f"devbench.{name}",
            "package": "devbench",
            "id": str(number),
            "hostname": _text(night.host) or "unknown",
            "timestamp": _utc(night.started_utc),
            "tests": str(len(cases)),
            "failures": str(count["failure"]),
            "errors": str(count["error"]),
            "skipped": str(count["skipped"]),
            "time": f"{sum(float(case.get('time', '0')) for case in cases):.3f}",
        },
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in (("night", night.id), ("lab", night.lab), ("devbench", night.devbench_version or "unknown")):
        ET.SubElement(properties, "property", {"name": key, "value": _text(value)})
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = printable("\n".join([headline(night), *said]))
    ET.SubElement(suite, "system-err").text = printable("\n".join(night.problems))


def _place(place: PlaceNight) -> ET.Element:
    case = _testcase(place.device, place.place, 0.0)
    tried = recovery_text(place)
    why = f"{place_text(place)}{f'; tried: {tried}' if tried else ''}"
    if place.health_after == "bad":
        _outcome(case, "failure", why, "bad")
    elif place.health_after == "unknown":
        _outcome(case, "error", why, "unknown")
    elif place.health_after in ("maintenance", "retired"):
        _outcome(case, "skipped", why, "")
    return case


def _case(one: NightCase, slower: Sequence[LevelChange]) -> ET.Element:
    key = one.key
    name = " ".join(filter(None, (key.model, key.precision, key.runtime, key.options)))
    case = _testcase(f"{key.device}.{key.place}", name, one.took_s)
    found = [change for change in slower if of_series(change, key)]
    if one.status == "failed":
        _outcome(case, "error", one.why, "failed")
    elif found and one.status == "measured":
        told = [text for change in found for text in (change_text(change), *change.changed_then, change.reproduce)]
        _outcome(case, "failure", "\n".join(filter(None, told)), found[0].kind)
    elif one.status != "measured":
        _outcome(case, "skipped", one.why or "the night ended before it was measured", "")
    return case


def _testcase(classname: str, name: str, took_s: float) -> ET.Element:
    return ET.Element("testcase", {"classname": _text(classname), "name": _text(name), "time": f"{took_s:.3f}"})


def _outcome(case: ET.Element, kind: str, text: str, cause: str) -> None:
    found = ET.SubElement(case, kind, {"message": _text(text.partition("\n")[0])})
    if cause:
        found.set("type", cause)
    found.text = printable(text)


def _text(text: str) -> str:
    return one_line(text)


def _utc(time: str) -> str:
    """Seconds in UTC, without the offset: a reader that follows the schema takes nothing else."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
