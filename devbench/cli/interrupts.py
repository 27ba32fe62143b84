"""Ctrl-C and SIGTERM for commands that measure: the first ends them in order, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from devbench.cli.app import EXIT_INTERRUPTED


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in the block for either of them; the next one ends the process."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: os._exit(EXIT_INTERRUPTED))
        raise KeyboardInterrupt

    before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
