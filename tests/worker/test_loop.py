"""The timed loop, with a clock that the test moves: counts, seconds and cap are exact."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devbench.worker import loop

MS = 1_000_000


class FakeClock:
    """Time that passes only in inferences."""

    def __init__(self, durations_ns: Callable[[int], int]) -> None:
        self.now = 0
        self.calls = 0
        self._durations_ns = durations_ns

    def invoke(self) -> None:
        self.now += self._durations_ns(self.calls)
        self.calls += 1


def _clock(monkeypatch: pytest.MonkeyPatch, durations_ns: Callable[[int], int]) -> FakeClock:
    clock = FakeClock(durations_ns)
    monkeypatch.setattr(loop, "now_ns", lambda: clock.now)
    return clock


def test_a_phase_ends_when_runs_and_seconds_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 10 * MS)
    assert loop.run_phase(clock.invoke, 1, 5, 0, 10**12) == ([10 * MS] * 5, "counts")
    assert loop.run_phase(clock.invoke, 1, 5, 95 * MS, 10**12) == ([10 * MS] * 10, "counts")


def test_the_cap_ends_a_phase_that_has_not_done_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 10 * MS)
    assert loop.run_phase(clock.invoke, 1, 1000, 0, 55 * MS) == ([10 * MS] * 6, "cap")


def test_several_inferences_make_one_sample_where_one_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 30_000)
    told: list[str] = []
    settings = {"warmup_runs": 4, "warmup_s": 0, "min_runs": 10, "min_s": 0, "cap_s": 1}
    found = loop.measure(clock.invoke, settings, told.append)
    assert found["inferences_per_sample"] == 4, "4 times 30 µs is the first to reach 100 µs"
    assert found["samples_ns"] == [30_000] * 3, "10 runs at least are 3 samples of 4"
    assert clock.calls == 1 + 4 + 12
    assert told == ["first", "warmup", "steady"]


def test_first_inference_and_warmup_are_kept_apart_from_the_steady_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: 50 * MS if call == 0 else 5 * MS if call < 4 else 2 * MS)
    settings = {"warmup_runs": 3, "warmup_s": 0, "min_runs": 4, "min_s": 0, "cap_s": 1}
    found = loop.measure(clock.invoke, settings, lambda _: None)
    assert found["first_ns"] == 50 * MS
    assert found["warmup_ns"] == [5 * MS] * 3
    assert found["samples_ns"] == [2 * MS] * 4
    assert found["stopped_by"] == "counts"


def test_a_phase_has_one_sample_even_if_the_first_outlasts_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 100 * MS)
    assert loop.run_phase(clock.invoke, 1, 10, 0, MS) == ([100 * MS], "cap")
