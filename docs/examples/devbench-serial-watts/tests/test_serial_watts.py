"""A pseudo-terminal stands in for the meter."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from devbench_serial_watts import devbench_run_round
from devbench_serial_watts.meter import SerialMeter, joules_above_idle

from devbench import Place, Round, RoundFacts

HERE = Place(name="local", device="desktop-cpu")


@dataclass
class Terminal:
    """What a meter is wired to: `path` is our end of the line."""

    far: int
    near: int
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self) -> str:
        return os.ttyname(self.near)

    def send_for_ever(self, text: bytes) -> threading.Thread:
        def send() -> None:
            while not self.over.wait(0.02):
                os.write(self.far, text)

        thread = threading.Thread(target=send)
        thread.start()
        return thread


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(*os.openpty())
    yield made
    made.over.set()
    os.close(made.near)


def until(condition: object, within_s: float = 20) -> None:
    end = time.monotonic() + within_s
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)
    assert condition()  # type: ignore[operator]


def test_lines_become_readings_and_rubbish_does_not(terminal: Terminal) -> None:
    with SerialMeter(terminal.path, idle_s=0) as meter:
        os.write(terminal.far, b"31 W\n4.31 W\r\nERR 7\n\xff\xfe\n99999999 W\n12 W")
        until(lambda: len(meter.readings) == 2)
        os.write(terminal.far, b"\n")
        until(lambda: len(meter.readings) == 3)
    assert [watts for _, watts in meter.readings] == [31.0, 4.31, 12.0]


def test_a_meter_that_is_pulled_out_ends_nothing(terminal: Terminal) -> None:
    with SerialMeter(terminal.path, idle_s=0):
        os.close(terminal.far)


def test_energy_is_counted_above_idle_and_never_from_one_reading() -> None:
    readings = [(9.0, 50.0), (10.0, 7.0), (10.5, 9.0), (11.0, 8.0), (12.0, 100.0)]
    assert joules_above_idle(readings, 5.0, 10, 11) == pytest.approx(3.0)
    assert joules_above_idle(readings, 5.0, 11.5, 12) is None


@pytest.mark.parametrize("line", ["/dev/null", "/dev/no-such-line", "/dev/null:12345"])
def test_a_line_that_cannot_be_used_costs_the_energy_and_not_the_round(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVBENCH_SERIAL_WATTS", line)
    about = measured(0.0).about
    assert about.energy_mj is None
    assert about.facts["energy_unknown"].startswith(line)


def test_a_round_gets_its_energy(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVBENCH_SERIAL_WATTS", f"{terminal.path}:9600")
    sending = terminal.send_for_ever(b"5.0 W\n")
    about = measured(1.0).about
    terminal.over.set()
    sending.join()
    assert about.energy_mj == pytest.approx(0, abs=1e-6)
    assert about.facts["energy_meter"] == "serial-watts"


def measured(seconds: float) -> Round:
    """What the wrapper makes of a round that takes so long."""
    wrapper = devbench_run_round(case=None, place=HERE)  # type: ignore[arg-type]
    next(wrapper)
    begin_s = time.perf_counter()
    time.sleep(seconds)
    about = RoundFacts(
        index=0,
        started_utc="2026-01-01T00:00:00+00:00",
        duration_s=seconds,
        load_ns=1,
        first_ns=1,
        warmup_samples=1,
        samples=10,
        inferences_per_sample=1,
        stopped_by="counts",
        cpu_ns_per_inference=1,
        peak_memory_bytes=1,
        loop_s=(begin_s, time.perf_counter() + 1e-6),
    )
    try:
        wrapper.send(Round(about=about, warmup_ns=np.array([1]), samples_ns=np.full(10, 1)))
    except StopIteration as end:
        done: Round = end.value
        return done
    raise AssertionError("a wrapper yields once")
