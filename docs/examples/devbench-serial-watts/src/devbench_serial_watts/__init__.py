"""A power meter on a serial line, for devbench: $DEVBENCH_SERIAL_WATTS names it, as PATH or PATH:BAUD."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace

from devbench import Case, Place, Round, hookimpl
from devbench_serial_watts.meter import SerialMeter, joules_above_idle


@hookimpl(wrapper=True)
def devbench_run_round(case: Case, place: Place) -> Generator[None, Round, Round]:  # noqa: ARG001 - any case is alike
    """Read the meter while a round is measured on this machine."""
    line = os.environ.get("DEVBENCH_SERIAL_WATTS", "")
    if not line or place.ssh:
        return (yield)
    try:
        meter = SerialMeter(line)
    except (OSError, ValueError) as error:
        done = yield
        return _with(done, None, f"{line}: {error}")
    with meter:
        done = yield
    if done.about.loop_s is None:
        return _with(done, None, "the round does not say when its timed loop was")
    joules = joules_above_idle(meter.readings, meter.idle_w, *done.about.loop_s)
    return _with(done, joules, "" if joules is not None else f"{line}: fewer than two readings in the timed loop")


def _with(done: Round, joules: float | None, unknown: str) -> Round:
    inferences = done.about.samples * done.about.inferences_per_sample
    energy_mj = None if joules is None else joules / inferences * 1000
    said = {"energy_unknown": unknown} if unknown else {"energy_meter": "serial-watts"}
    return replace(done, about=replace(done.about, energy_mj=energy_mj, facts={**done.about.facts, **said}))
