"""What an option takes follows from its declaration, and a declaration that contradicts itself is told."""

from __future__ import annotations

import math

import pytest

from devbench import Option, OptionSpec
from devbench.domain.option import options_problem, spec_of

YES_NO = OptionSpec(default="", choices=(True, False))
QUEUE = OptionSpec(default="", least=0, most=255)


@pytest.mark.parametrize(
    ("declared", "value", "problem"),
    [
        (False, True, ""),
        (False, 3, "must be true or false, not 3"),
        (False, "maybe", "must be true or false, not 'maybe'"),
        (7, 0, ""),
        (7, True, "must be a whole number, not true"),
        (7, 1.5, "must be a whole number, not 1.5"),
        (0.5, 2, ""),
        (0.5, math.nan, "must be a number, not nan"),
        (0.5, "two", "must be a number, not 'two'"),
        ("", "fast", ""),
        ("", 3, "must be text, not 3"),
        (YES_NO, True, ""),
        (YES_NO, "", ""),
        (YES_NO, 1, "must be true or false, not 1"),
        (QUEUE, 255, ""),
        (QUEUE, 256, "must be from 0 to 255, not 256"),
        (QUEUE, 2.5, "must be a whole number, not 2.5"),
        (OptionSpec(default=1.0, least=0), -1, "must be 0 or more, not -1"),
        (OptionSpec(default="low", choices=("low", "high")), "", "must be 'low' or 'high', not ''"),
    ],
)
def test_a_value_is_taken_or_told_why_not(declared: Option | OptionSpec, value: Option, problem: str) -> None:
    assert spec_of("heat", declared).mistake == ""
    assert spec_of("heat", declared).problem(value) == problem


@pytest.mark.parametrize("value", [0, -1, 1025, True, "two"])
def test_threads_are_one_or_more_unless_the_runtime_says_otherwise(value: Option) -> None:
    assert options_problem({"threads": spec_of("threads", 1)}, {"threads": value}).startswith("'threads' must be ")
    assert spec_of("threads", OptionSpec(default=0, least=0)).problem(0) == ""


@pytest.mark.parametrize(
    ("spec", "mistake"),
    [
        (spec_of("threads", 0), "must be from 1 to 1024, not 0"),
        (OptionSpec(default=3, choices=(1, 2)), "must be 1 or 2, not 3"),
        (OptionSpec(default=True, choices=(1, 0)), "must be 1 or 0, not true"),
        (OptionSpec(default=math.inf), "must be a number, not inf"),
        (OptionSpec(default=7, most=5), "must be 5 or less, not 7"),
        (OptionSpec(default=1, least=5, most=2), "has bounds that leave nothing: 5 to 2"),
        (OptionSpec(default="x", least=5), "has bounds, and its default 'x' is not a number"),
        (OptionSpec(default=1, choices=(1,), most=5), "has choices and bounds: one of them is enough"),
        (OptionSpec(default="", most=math.nan), "has a bound that is not a finite number"),
        (OptionSpec(default="a", choices="abc"), "has the text 'abc' for choices: write a tuple"),  # type: ignore[arg-type]
    ],
)
def test_a_declaration_that_cannot_be_is_told(spec: OptionSpec, mistake: str) -> None:
    assert spec.mistake == mistake
