"""Health: what a gold case makes of it, and a log that survives what a power cut leaves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from devbench.domain.night import GoldResult, Health, HealthChange
from devbench.lab.gold import expected_ms
from devbench.lab.health import LOG_FILE, append_log, changes_for, judge, outage_of, read_log

RIGHT, WRONG, TROUBLE = (
    GoldResult(passed=True),
    GoldResult(passed=False, why="slow"),
    GoldResult(passed=None, why="net"),
)


@pytest.mark.parametrize(
    ("before", "gold", "row", "after"),
    [
        ("maintenance", RIGHT, 0, "good"),  # a new place
        ("unknown", RIGHT, 0, "good"),
        ("good", WRONG, 0, "bad"),
        ("good", TROUBLE, 0, "unknown"),
        ("bad", RIGHT, 1, "bad"),
        ("bad", RIGHT, 2, "good"),
        ("bad", TROUBLE, 2, "bad"),
        ("good", None, 0, "good"),  # no gold case for it, and it answers
        ("bad", None, 5, "bad"),
    ],
)
def test_what_a_gold_case_makes_of_a_place(before: Health, gold: GoldResult | None, row: int, after: Health) -> None:
    assert judge(before, gold, good_in_a_row=row, good_nights=3).health == after


def test_nobody_is_in_quarantine_for_what_the_laboratory_did() -> None:
    keys = [("d", str(number)) for number in range(6)]
    good: dict[tuple[str, str], Health] = dict.fromkeys(keys, "good")
    results: dict[tuple[str, str], GoldResult | None] = dict.fromkeys(keys, RIGHT)
    assert outage_of(results, good) == ""
    assert outage_of({**results, **dict.fromkeys(keys[:3], WRONG)}, good) == "", "half of them are not most"
    outage = outage_of({**results, **dict.fromkeys(keys[:4], TROUBLE)}, good)
    assert outage.startswith("4 of 6 places failed at once")
    assert judge("good", WRONG, outage=outage).health == "unknown"
    known_bad: dict[tuple[str, str], Health] = {**good, **dict.fromkeys(keys[:4], "bad")}
    assert outage_of({**results, **dict.fromkeys(keys[:4], WRONG)}, known_bad) == "", "they were bad before"
    assert outage_of({keys[0]: WRONG}, good) == "", "of one place, nobody can say"


def test_the_log_only_grows_and_a_torn_line_is_told(tmp_path: Path) -> None:
    def line(place: str, after: Health) -> HealthChange:
        log = read_log(tmp_path)
        return changes_for([("d", place)], log, after, "why", "2027-03-01T02:00:00+00:00", "me")[0]

    append_log(tmp_path, [line("a", "good")])
    append_log(tmp_path, [line("b", "good")])
    path = tmp_path / LOG_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    torn = read_log(tmp_path)
    assert [one.place for one in torn.changes] == ["a"]
    assert "its last line is torn off" in torn.problems[0]
    append_log(tmp_path, [line("b", "bad")])
    after = read_log(tmp_path)
    assert [(one.place, one.before, one.after) for one in after.changes] == [
        ("a", "maintenance", "good"),
        ("b", "maintenance", "bad"),
    ]
    assert "line 2 is damaged" in after.problems[0]
    assert path.read_bytes().startswith(whole[:-20]), "nothing that stood there was changed"
    assert changes_for([("d", "b")], after, "bad", "again", "2027-03-02T02:00:00+00:00", "me") == [], (
        "no change, no line"
    )


def test_the_time_that_a_gold_case_may_take_follows_from_the_nights_before() -> None:
    assert expected_ms([2.0, 2.0], 0.1) == (0.0, 0.0), "two nights are too few"
    low, high = expected_ms([2.0, 2.01, 1.99, 2.0], 0.1)
    assert (round(low, 2), round(high, 2)) == (1.82, 2.2)
    wild = expected_ms([2.0 * math.exp(one) for one in (-0.3, -0.1, 0.0, 0.1, 0.3)], 0.1)
    assert wild[1] > 3.0, "a place that varies is allowed to"
