"""This machine as a place to measure: what would make its numbers worth less, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from devbench.domain.check import Check
from devbench.places import machine_clock, machine_limits, machine_load

__all__ = ["Check", "check_machine"]

_WINDOW_S = 0.2  # long enough for 20 ticks of the kernel's accounts, short enough to wait for


def _wait() -> None:
    time.sleep(_WINDOW_S)


def check_machine(root: Path = Path("/"), wait: Callable[[], None] = _wait) -> list[Check]:
    """All checks, in the order in which they usually matter.

    root: where `proc` and `sys` are.
    wait: what passes between two looks at the counters that are judged by how much they grow.
    """
    before, throttled_before = machine_load.look(root), machine_clock.throttle_counts(root)
    wait()
    after, throttled_after = machine_load.look(root), machine_clock.throttle_counts(root)
    return [
        machine_clock.governor(root),
        machine_clock.frequency(root),
        machine_clock.turbo(root),
        machine_clock.throttling(throttled_before, throttled_after),
        machine_clock.temperature(root),
        machine_load.load(root),
        machine_load.busy(before, after),
        machine_load.steal(before, after),
        machine_load.pressure(root),
        machine_load.memory(root),
        machine_load.swap(root),
        machine_limits.threads(root),
        machine_limits.affinity(root),
        machine_limits.quota(root),
        machine_limits.power(root),
        machine_limits.surroundings(root),
    ]
