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


SETTINGS = {
    "warmup_runs": 10,
    "warmup_s": 0,
    "warmup_cap_s": 1,
    "min_runs": 10,
    "min_s": 0,
    "cap_s": 1,
    "time_limit_s": 60,
}


def test_several_inferences_make_one_sample_where_one_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 30_000)
    told: list[str] = []
    found = loop.measure(clock.invoke, SETTINGS, told.append)
    assert found["inferences_per_sample"] == 4, "4 times 30 µs is the first to reach 100 µs"
    assert found["samples_ns"] == [30_000] * 3, "10 runs at least are 3 samples of 4"
    assert clock.calls == 1 + 10 + 12
    assert told == ["first", "warmup", "steady"]


def test_first_inference_and_warmup_are_kept_apart_from_the_steady_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: 50 * MS if call == 0 else 5 * MS if call <= 10 else 2 * MS)
    found = loop.measure(clock.invoke, SETTINGS, lambda _: None)
    assert found["first_ns"] == 50 * MS
    assert found["warmup_ns"] == [5 * MS] * 10
    assert found["samples_ns"] == [2 * MS] * 10
    assert found["stopped_by"] == "counts"
    assert found["settled"]


def test_a_warmup_goes_on_until_the_series_is_level(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: max(20 - call, 5) * MS)
    found = loop.measure(clock.invoke, SETTINGS, lambda _: None)
    assert found["settled"]
    assert found["warmup_ns"][-1] == 5 * MS
    assert found["samples_ns"] == [5 * MS] * 10


def test_a_warmup_that_never_levels_ends_at_its_cap_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: (call + 1) * MS)
    found = loop.measure(clock.invoke, {**SETTINGS, "warmup_cap_s": 2}, lambda _: None)
    assert not found["settled"]
    assert 2000 * MS <= sum(found["warmup_ns"]) < 2100 * MS


def test_a_phase_has_one_sample_even_if_the_first_outlasts_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 100 * MS)
    assert loop.run_phase(clock.invoke, 1, 10, 0, MS) == ([100 * MS], "cap")


def test_compute_alone_is_timed_afterwards_and_never_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 10 * MS)

    def compute() -> None:
        clock.now += 4 * MS

    told: list[str] = []
    found = loop.measure(clock.invoke, {**SETTINGS, "time_limit_s": 20}, told.append, compute)
    assert told[-2:] == ["steady", "compute"]
    assert found["compute_ns"] == [4 * MS] * 10
    assert found["samples_ns"] == [10 * MS] * 10
    found = loop.measure(clock.invoke, {**SETTINGS, "time_limit_s": 0.4}, told.append, compute)
    assert found["compute_ns"] == []
    assert found["samples_ns"] == [10 * MS] * 10, "what was measured is not lost for it"


def test_a_model_too_slow_to_become_steady_in_time_is_not_called_unsteady(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: (300 if call < 8 else 200) * MS)
    found = loop.measure(clock.invoke, {**SETTINGS, "warmup_runs": 5}, lambda _: None)
    assert len(found["warmup_ns"]) == 4, "the cap of a second came first"
    assert found["settled"]


def test_a_warmup_that_is_level_when_its_time_is_over_is_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 15th would be the next to be looked at, and the cap comes at the 13th."""
    clock = _clock(monkeypatch, lambda call: (90 if call < 6 else 45) * MS)
    found = loop.measure(clock.invoke, {**SETTINGS, "warmup_cap_s": 0.8}, lambda _: None)
    assert len(found["warmup_ns"]) == 13
    assert found["settled"]


def test_without_a_cap_the_warmup_is_exactly_as_long_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda call: (30 - call) * MS)
    found = loop.measure(clock.invoke, {**SETTINGS, "warmup_runs": 7, "warmup_cap_s": 0}, lambda _: None)
    assert len(found["warmup_ns"]) == 7
    assert found["settled"]


def test_two_samples_are_taken_however_long_they_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = _clock(monkeypatch, lambda _: 5000 * MS)
    found = loop.measure(clock.invoke, SETTINGS, lambda _: None)
    assert found["samples_ns"] == [5000 * MS] * 2
    assert found["stopped_by"] == "cap"
    clock = _clock(monkeypatch, lambda _: 15_000 * MS)
    found = loop.measure(clock.invoke, SETTINGS, lambda _: None)
    assert found["samples_ns"] == [15_000 * MS], "a second one would come too late to be heard of"
    clock = _clock(monkeypatch, lambda _: 5 * MS)
    assert len(loop.measure(clock.invoke, {**SETTINGS, "min_runs": 1}, lambda _: None)["samples_ns"]) == 2
