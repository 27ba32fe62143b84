"""While settings are changed, signals wait, and a command gets those that are meant for it."""

from __future__ import annotations

import os
import signal
import sys
import threading

import numpy as np
import pytest

from devbench.settings.held_signals import signals_held

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_breaks_into_nothing_even_where_libraries_have_threads(number: signal.Signals) -> None:
    np.ones((200, 200)) @ np.ones((200, 200))  # its library starts threads, which do not block signals
    steps = []
    with signals_held() as signals:
        for step in range(20):
            os.kill(os.getpid(), number)
            steps.append(step)
        assert signals.hold() == (0 if number == signal.SIGINT else 128 + number)
    assert len(steps) == 20


def test_a_signal_that_came_before_the_command_leaves_it_out() -> None:
    with signals_held() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.run(["sh", "-c", "kill -9 $$"]) == 143


def test_a_signal_is_handed_on() -> None:
    with signals_held() as signals:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
        timer.start()
        assert signals.run(["sleep", "20"]) == 143
        timer.join()


def test_a_command_has_the_signals_of_a_fresh_process() -> None:
    code = "import signal as s; d = s.SIG_DFL; print(s.getsignal(s.SIGTERM) == d == s.getsignal(s.SIGCHLD))"
    check = f"{sys.executable} -c '{code}' | grep -q True && grep -q 'SigBlk:.0*$' /proc/self/status"
    with signals_held() as signals:
        assert signals.run(["sh", "-c", check]) == 0


def test_afterwards_all_is_as_before() -> None:
    before = [signal.getsignal(number) for number in (*SIGNALS, signal.SIGCHLD)]
    with signals_held():
        assert [signal.getsignal(number) for number in SIGNALS] != before[:3]
    assert [signal.getsignal(number) for number in (*SIGNALS, signal.SIGCHLD)] == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_held():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
