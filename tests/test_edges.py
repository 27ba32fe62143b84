"""A short pass of the fuzzer for what comes in from others; docs/reliability.md has the long one."""

from __future__ import annotations

import re

import pytest

from benchmarks.fuzz import edges

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # from Python 3.12 on


def test_nothing_hostile_gets_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    for tally in edges.kinds(1, 25):
        assert tally.findings == []
        assert tally.counts["refused"] + tally.counts["told"] > 5


def test_the_fuzzer_sees_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devbench.settings.clock_settings._CHANGED", re.compile(".*", re.DOTALL))
    monkeypatch.setattr("devbench.printable._UNFIT", re.compile("\x1b"))
    state, _, _, text = edges.kinds(1, 60)
    assert state.counts["silent"] > 0
    assert text.counts["silent"] > 0
