"""Has the meter read while a round is measured, and adds what it saw to the round."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from devbench import Case, Place, Program, Round, RoundError
from devbench_energy import meter
from devbench_energy.answers import checked
from devbench_energy.joules import UnknownEnergyError, energy_of

_IDLE_S = 1.0  # how long the idle machine is watched before each round
_STARTS_WITHIN_S = 20.0
_STOPS_WITHIN_S = 10.0
_SLACK_S = 600.0  # beside the time for measuring: copying a model there may take minutes

Stop = Callable[[], Mapping[str, Any]]  # ends the meter, and gives what it has read; `trouble` if that is nothing


@contextmanager
def watching(case: Case, place: Place) -> Iterator[Stop | None]:
    """A meter that reads while the block runs, where the place is; None where there is nothing to read."""
    sources = [name for name in place.traits.power_meters if name in meter.SOURCES]
    arguments = [",".join(sources)]
    if place.ssh is None:  # over there, it looks for the root and the sources itself
        root = os.environ.get("DEVBENCH_ROOT", "/")
        sources = sources if meter.is_there(root, sources) else []
        arguments.append(root)
    if not sources:
        yield None
        return
    life_s = case.planned.measure.time_limit_s + _SLACK_S
    try:
        program = Program(place, Path(meter.__file__), arguments, life_s=life_s)
    except RoundError as error:  # the round is worth more than its energy
        trouble = error.message
        yield lambda: {"trouble": trouble}
        return
    with program:
        yield _begun(program)


def _begun(program: Program) -> Stop | None:
    """What stops the meter, whose baseline is taken by now; None if it has found nothing to read."""
    try:
        if program.line(_STARTS_WITHIN_S) != "ready":
            return None
        time.sleep(_IDLE_S)
        program.send(b"the idle time ends\n")
    except RoundError as error:
        trouble = error.message
        return lambda: {"trouble": trouble}
    return lambda: _read_by(program)


def _read_by(program: Program) -> Mapping[str, Any]:
    try:
        _, out, _ = program.finish(_STOPS_WITHIN_S)
    except RoundError as error:
        return {"trouble": error.message}
    try:
        return checked(out)
    except ValueError:
        return {"trouble": "the meter ended early" if not out.strip() else "the meter's answer is not valid"}


def with_energy(done: Round, seen: Mapping[str, Any]) -> Round:
    """The round with its energy, or with the reason why there is none."""
    about = done.about
    try:
        found = energy_of(seen, about.loop_s, about.samples * about.inferences_per_sample)
    except UnknownEnergyError as error:
        return replace(done, about=replace(about, facts={**about.facts, "energy_unknown": str(error)}))
    facts = {
        "energy_source": f"{seen['source']}: {' + '.join(seen['parts'])}",
        "power_idle_w": f"{found.idle_w:.3f}",
        "power_loop_w": f"{found.loop_w:.3f}",
    }
    return replace(done, about=replace(about, energy_mj=found.per_inference_mj, facts={**about.facts, **facts}))
