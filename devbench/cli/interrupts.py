"""Ctrl-C and SIGTERM for commands that measure: the first ends them in order, the second at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from devbench.cli.app import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from devbench.store.folder import RunFolder

_Made = TypeVar("_Made")


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


def until_interrupted(work: Callable[[], _Made], folder: RunFolder, kept: str) -> _Made | None:
    """Do `work`; None if Ctrl-C or SIGTERM ended it, after saying what to do with what is in `folder`: `kept`."""
    try:
        with interruptible():
            return work()
    except KeyboardInterrupt:
        print(f"\nInterrupted. {kept if folder.exists else 'Nothing was measured yet.'}", file=sys.stderr)
        return None


def to_go_on(command: str, folder: RunFolder) -> str:
    """How to go on with the run in `folder`, which `devbench COMMAND` began."""
    return f"What was measured is saved. Continue with: devbench {command} --resume {folder.path}"
