"""Has the meter read while a round is measured, and adds what it saw to the round."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from devbench import Place, Round
from devbench_energy import meter
from devbench_energy.joules import UnknownEnergyError, energy_of

# What each kind of device is fed by. A stick on USB is on none of these, so it has no energy here.
_SOURCES: Mapping[str, list[str]] = {
    "desktop-cpu": ["rapl"],
    "jetson": ["ina3221", "tegrastats"],
    "jetson-cpu": ["ina3221", "tegrastats"],
}
_IDLE_S = 1.0  # how long the idle machine is watched before each round
_STOPS_WITHIN_S = 10


class Meter:
    """The process that reads. Its baseline is taken by the time this is made."""

    def __init__(self, root: str, sources: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", meter.__file__, root, ",".join(sources)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
            bufsize=0,
        )
        assert self._process.stdin and self._process.stdout
        self._process.stdout.readline()
        time.sleep(_IDLE_S)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"the idle time ends\n")

    def stop(self) -> Mapping[str, Any]:
        """What was read; empty if the process has died."""
        try:
            out, _ = self._process.communicate(timeout=_STOPS_WITHIN_S)
            found: Mapping[str, Any] = json.loads(out)
        except (subprocess.TimeoutExpired, ValueError):
            return {}
        return found

    def end(self) -> None:
        """Make sure that it is gone."""
        try:
            self._process.communicate(timeout=_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def watching(place: Place) -> Iterator[Meter | None]:
    """A meter that reads while the block runs; None where nothing can be read."""
    root = os.environ.get("DEVBENCH_ROOT", "/")
    sources = _SOURCES.get(place.device, [])
    here = place.ssh is None  # the rails of this machine say nothing of a board elsewhere
    if not here or not sources or not meter.is_there(root, sources):
        yield None
        return
    try:
        started = Meter(root, sources)
    except OSError:  # no process to be had: the round is worth more than its energy
        yield None
        return
    try:
        yield started
    finally:
        started.end()


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
