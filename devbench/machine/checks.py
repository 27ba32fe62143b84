"""This machine as a place to measure: what would disturb its results, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from devbench.domain.check import Check
from devbench.machine import clock, limits, load

__all__ = ["Check", "check_machine"]

_WINDOW_S = 0.2  # long enough for 20 ticks of the kernel's accounts, short enough to wait for


def _wait() -> None:
    time.sleep(_WINDOW_S)


def check_machine(root: Path = Path("/"), wait: Callable[[], None] = _wait) -> list[Check]:
    """All checks, in the order in which they usually matter.

    root: where `proc` and `sys` are.
    wait: what passes between two looks at the counters that are judged by how much they grow.
    """
    before, throttled_before = load.look(root), clock.throttle_counts(root)
    wait()
    after, throttled_after = load.look(root), clock.throttle_counts(root)
    return [
        clock.governor(root),
        clock.frequency(root),
        clock.turbo(root),
        clock.throttling(throttled_before, throttled_after),
        clock.temperature(root),
        load.load(root),
        load.busy(before, after),
        load.steal(before, after),
        load.pressure(root),
        load.memory(root),
        load.swap(root),
        limits.threads(root),
        limits.affinity(root),
        limits.quota(root),
        limits.power(root),
        limits.surroundings(root),
    ]
