"""Two long things at once: from the end on, each once, and an error ends both."""

from __future__ import annotations

import threading
import time

import pytest

from devbench.places.interrupt import check_interrupt
from devbench.run import pairs


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "room_for_two", lambda: True)


def test_two_are_at_work_at_once_and_each_is_done_once() -> None:
    met = threading.Barrier(2, timeout=20)
    begun: list[int] = []
    done: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number in (2, 3):  # the last two, which are the largest, begin
            met.wait()
        done.append(number)

    pairs.in_pairs([lambda number=number: work(number) for number in range(4)])
    assert sorted(begun[:2]) == [2, 3]
    assert sorted(done) == [0, 1, 2, 3]


def test_an_error_ends_the_other_and_is_raised() -> None:
    ended = threading.Event()

    def waits() -> None:
        try:
            while True:
                check_interrupt()
                time.sleep(0.01)
        finally:
            ended.set()

    def fails() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pairs.in_pairs([waits, fails])
    assert ended.wait(10)


def test_one_thing_and_a_machine_without_room_are_left_to_be_done_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    pairs.in_pairs([lambda: done.append(1)])
    monkeypatch.setattr(pairs, "room_for_two", lambda: False)
    pairs.in_pairs([lambda: done.append(1), lambda: done.append(2)])
    assert not done
