"""What a board on another machine answers is input: anything but what board.py says is refused."""

from __future__ import annotations

import json

import pytest

from devbench_jetson import board
from devbench_jetson.answers import checked

SETTINGS = {"superuser": True, "power_mode": ["1", "5W"], "power_modes": {"0": "MAXN"}, "nvpmodel_says": ""}


@pytest.mark.parametrize("what", board.ANSWERS)
def test_what_the_file_says_is_taken(what: str) -> None:
    answer = board.ANSWERS[what]("/none")
    assert json.loads(json.dumps(checked(what, json.dumps(answer)))) == json.loads(json.dumps(answer))


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("settings", SETTINGS | {"power_mode": ["1; reboot", "5W"]}),
        ("settings", SETTINGS | {"power_mode": ["1\n", "5W"]}),
        ("settings", SETTINGS | {"power_modes": {"!": "MAXN"}}),
        ("settings", SETTINGS | {"superuser": "no"}),
        ("settings", SETTINGS | {"root": "/"}),
        ("settings", {}),
        ("heat", {"hottest_c": "hot"}),
        ("heat", {"hottest_c": float("nan")}),
        ("facts", {"board": 1}),
        ("facts", {"overcurrent_events": "many"}),
        ("facts", {"board": "x" * 3000}),
        ("facts", {str(number): "" for number in range(200)}),
        ("facts", {"board": "\ud800"}),
        ("facts", []),
    ],
)
def test_what_it_never_says_is_refused(what: str, answer: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        checked(what, json.dumps(answer))


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{", "9" * 10_000])
@pytest.mark.parametrize("what", board.ANSWERS)
def test_what_is_no_answer_at_all_is_refused(what: str, text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        checked(what, text)
