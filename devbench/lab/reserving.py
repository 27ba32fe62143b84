"""The boards of one night that labgrid lends; all others are simply there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from devbench.domain.lab import PlaceKey
from devbench.lab.laboratory import Laboratory

if TYPE_CHECKING:
    from devbench.lab.labgrid import Reservation, Reservations

HELD = "held"  # the folder of labgrid's notes, beside the nights


class Boards:
    """Which boards are ours. Several threads may ask."""

    def __init__(self, laboratory: Laboratory, reservations: Reservations | None, stack: ExitStack) -> None:
        self._laboratory = laboratory
        self._reservations = reservations
        self._stack = stack
        self._lock = threading.Lock()
        self._ours: dict[str, Reservation] = {}
        self._entered: dict[str, ExitStack] = {}
        self._why_not: dict[str, tuple[str, str]] = {}

    def reserve(self, key: PlaceKey, wait_s: float) -> str:
        """Have the board of a place, waiting for it as long as that; why it cannot be had, or ""."""
        name = self._name(key)
        if not name or name in self._ours:
            return ""
        from devbench.lab.labgrid_client import ReservationError

        assert self._reservations
        entered = ExitStack()
        try:
            ours = entered.enter_context(self._reservations.reserved(name, time.monotonic() + wait_s))
        except ReservationError as error:
            with self._lock:
                self._why_not[name] = error.kind, error.message
            return error.message
        with self._lock:
            self._ours[name], self._entered[name] = ours, entered
            self._why_not.pop(name, None)
            self._stack.push(entered)
        return ""

    def is_taken(self, key: PlaceKey) -> bool:
        """Whether somebody else has it, so that waiting may help."""
        return self._why_not.get(self._name(key), ("", ""))[0] == "taken"

    def why_not(self, key: PlaceKey) -> str:
        """Why it is not ours; "" if it is, or if it needs no reservation."""
        return self._why_not.get(self._name(key), ("", ""))[1]

    def missing(self, key: PlaceKey) -> str:
        """Why it is not ours now; "" if it is. One that was not asked for yet is reserved, if nobody has it.

        A night that was ended and goes on has lost all that it had.
        """
        ours = self._ours.get(self._name(key))
        if ours is None:
            return self.reserve(key, 0.0)
        from devbench.lab.labgrid_client import ReservationError

        try:
            if note := ours.check():
                self._laboratory.tell(note)
        except ReservationError as error:
            with self._lock:
                self._why_not[self._name(key)] = error.kind, error.message
            return error.message
        return ""

    def keep_only(self, keys: Iterable[PlaceKey]) -> None:
        """Give back all boards but those of these places: people may want them while the night waits."""
        needed = {self._name(key) for key in keys}
        for name in [one for one in self._ours if one not in needed]:
            with self._lock:
                del self._ours[name]
            self._entered.pop(name).close()

    def switch_of(self, key: PlaceKey) -> Callable[[], None] | None:
        """What switches its power off and on by labgrid; None where it is not reserved there."""
        ours = self._ours.get(self._name(key))
        return ours.power_cycle if ours else None

    def _name(self, key: PlaceKey) -> str:
        return self._laboratory.lab.upkeep_of(self._laboratory.place(key)).labgrid


@contextmanager
def boards_of(laboratory: Laboratory, night: str) -> Iterator[Boards]:
    """The boards of one night; those that are reserved are given back when the block ends, or this process is gone."""
    with ExitStack() as stack:
        if not uses_labgrid(laboratory):
            yield Boards(laboratory, None, stack)
            return
        from devbench.lab.labgrid import Reservations
        from devbench.lab.labgrid_client import Client

        lab = laboratory.lab
        client = Client(program=lab.labgrid_client, coordinator=lab.labgrid_coordinator)
        notes = laboratory.nights.folder / HELD
        made = Reservations(client=client, notes=notes, night=night, tell=laboratory.tell)
        stack.callback(made.stop.set)
        yield Boards(laboratory, stack.enter_context(made), stack)


def uses_labgrid(laboratory: Laboratory) -> bool:
    """Whether any place is reserved by labgrid."""
    return any(one.labgrid for one in laboratory.lab.upkeep.values())


def release_left(laboratory: Laboratory) -> tuple[str, ...]:
    """Give back what an earlier night still holds; what was done, in sentences."""
    if not uses_labgrid(laboratory):
        return ()
    from devbench.lab.labgrid import release_left_over
    from devbench.lab.labgrid_client import Client

    lab = laboratory.lab
    client = Client(program=lab.labgrid_client, coordinator=lab.labgrid_coordinator)
    return release_left_over(laboratory.nights.folder / HELD, client)
