"""Ctrl-C for threads: it reaches the main one alone, and the others wait for workers."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_woken: list[int] = []


def woken_by() -> int | None:
    """A descriptor that can be read once threads are asked to end; None while there are none."""
    return _woken[-1] if _woken else None


def check_interrupt() -> None:
    """Raise the KeyboardInterrupt that this thread is asked for: for those that wait for something else."""
    woken = woken_by()
    if woken is not None and select.select([woken], [], [], 0)[0]:
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Give what raises KeyboardInterrupt in every thread that waits, or will wait, for a process started meanwhile."""
    waiting, wake = os.pipe()
    with _lock:
        _woken.append(waiting)
    try:
        yield lambda: _write(wake)
    finally:
        with _lock:
            _woken.remove(waiting)
        os.close(wake)
        os.close(waiting)


def _write(wake: int) -> None:
    os.write(wake, b"\0")  # never read: it stays so for all who wait
