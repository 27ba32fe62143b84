"""Reads a meter that sends lines such as `4.31 W`. It runs in the plugin's own process, and sleeps between lines."""

from __future__ import annotations

import os
import re
import select
import termios
import threading
import time
import tty
from collections.abc import Sequence
from statistics import median
from typing import Self

BAUD = 115_200
IDLE_S = 0.5
MOST_W = 10_000.0
_LINE = re.compile(rb"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*W\s*")
_LONGEST_LINE = 200
_WAKE_S = 0.1
Readings = Sequence[tuple[float, float]]


class SerialMeter:
    """readings: (seconds of time.perf_counter(), watts). idle_w: before the round. Complete after the `with`."""

    def __init__(self, line: str, idle_s: float = IDLE_S) -> None:
        path, _, baud = line.partition(":")
        self._idle_s = idle_s
        self._fd = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(self._fd)
            _set_speed(self._fd, int(baud or BAUD))
        except (termios.error, ValueError) as error:
            os.close(self._fd)
            raise ValueError(f"cannot be used as a serial line: {error}") from error
        self._over = threading.Event()
        self._rest = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.readings: list[tuple[float, float]] = []
        self.idle_w = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        time.sleep(self._idle_s)
        watts = [one for _, one in self.readings]
        self.idle_w = median(watts) if watts else 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._fd)

    def _read(self) -> None:
        while not self._over.is_set():
            if not select.select([self._fd], [], [], _WAKE_S)[0]:
                continue
            try:
                data = os.read(self._fd, 4096)
            except OSError:  # it was pulled out
                return
            if not data:
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        """All lines in it that are readings; a meter that was switched on in the middle of a line sends half of one."""
        at_s = time.perf_counter()
        *lines, self._rest = (self._rest + data)[-100 * _LONGEST_LINE :].split(b"\n")
        for line in lines:
            found = _LINE.fullmatch(line)
            if found and float(found[1]) <= MOST_W:
                self.readings.append((at_s, float(found[1])))


def joules_above_idle(readings: Readings, idle_w: float, begin_s: float, end_s: float) -> float | None:
    """The energy between two moments, above idle; None with fewer than two readings between them."""
    watts = [one for at_s, one in readings if begin_s <= at_s <= end_s]
    if len(watts) < 2:  # noqa: PLR2004 - one reading says nothing of how it changes
        return None
    return (sum(watts) / len(watts) - idle_w) * (end_s - begin_s)


def _set_speed(fd: int, baud: int) -> None:
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise ValueError(f"{baud} baud is not a speed of a serial line")
    settings = termios.tcgetattr(fd)
    settings[4] = settings[5] = speed
    termios.tcsetattr(fd, termios.TCSANOW, settings)
