"""Work that goes on side by side, in threads of one process: each mostly waits for its worker."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from devbench.places.interrupt import interruptible

_LANE = "lane"
_ENDS_WITHIN_S = 15.0  # after which a thread is left behind that waits for something else than a worker


def in_lanes(lanes: Sequence[Callable[[], None]]) -> None:
    """Do all of `lanes` at once. The first error of one ends the others, which get a KeyboardInterrupt, and is raised.

    So does Ctrl-C in this thread. One lane needs no thread. Workers must be started from the thread that waits for
    them: the kernel ends a worker with the thread that started it. Within a lane, lanes go one after the other: what
    wakes threads at Ctrl-C is one for all of them.
    """
    if len(lanes) <= 1 or threading.current_thread().name == _LANE:
        for one in lanes:
            one()
        return
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def begin(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            ended.put(error)
        else:
            ended.put(None)

    with interruptible() as interrupt:
        threads = [threading.Thread(target=begin, args=(one,), daemon=True, name=_LANE) for one in lanes]
        try:
            for thread in threads:
                thread.start()
            error = next((one for one in (ended.get() for _ in threads) if one), None)
        except BaseException:
            interrupt()
            _wait_for(threads)
            raise
        if error:
            interrupt()
            _wait_for(threads)
            raise error


def _wait_for(threads: Sequence[threading.Thread]) -> None:
    deadline_s = time.monotonic() + _ENDS_WITHIN_S
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline_s - time.monotonic()))
