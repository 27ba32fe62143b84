"""Long work, two at once, from the end on: suites have their largest models there, and the small ones fill the rest."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from devbench.run.lanes import in_lanes

_FREE_BYTES = 6 << 30  # a converter with a large network takes up to 4 GB


def in_pairs(work: Sequence[Callable[[], None]]) -> None:
    """Do all of `work`, two at once, if there are cores and memory for two; else nothing: it is done when needed.

    Nothing is measured meanwhile. The first error ends the other, and is raised. In a thread, which is one of several
    things that go on already, nothing is done either.
    """
    in_thread = threading.current_thread() is not threading.main_thread()
    if len(work) < 2 or in_thread or not room_for_two():  # noqa: PLR2004 - two
        return
    waiting = list(work)

    def lane() -> None:
        while True:
            try:
                one = waiting.pop()
            except IndexError:
                return
            one()

    in_lanes([lane, lane])


def room_for_two() -> bool:
    """Whether there are cores and memory for two converters."""
    try:
        with Path("/proc/meminfo").open() as file:
            lines = dict(line.split(":", 1) for line in file)
        free_bytes = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):  # not Linux
        return False
    return len(os.sched_getaffinity(0)) > 1 and free_bytes >= _FREE_BYTES
