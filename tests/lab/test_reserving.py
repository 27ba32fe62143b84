"""Which boards of labgrid a night has: asked for when they are needed, and given back when they are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any, cast

from devbench.lab.labgrid import Reservation, Reservations
from devbench.lab.laboratory import Laboratory
from devbench.lab.reserving import Boards


class Lent:
    """Stands in for labgrid: every board is free. held: what was not given back."""

    def __init__(self) -> None:
        self.held: list[str] = []

    @contextmanager
    def reserved(self, name: str, _deadline: float) -> Iterator[Reservation]:
        self.held.append(name)
        yield Reservation(name=name)
        self.held.remove(name)


def test_boards_that_are_not_needed_any_more_are_given_back_and_can_be_had_again() -> None:
    upkeep = {"a": "attic", "b": "loft", "c": ""}
    lab = SimpleNamespace(upkeep_of=lambda place: SimpleNamespace(labgrid=upkeep[place]))
    laboratory: Any = SimpleNamespace(lab=lab, place=lambda key: key[1])
    lent = Lent()
    with ExitStack() as stack:
        boards = Boards(cast("Laboratory", laboratory), cast("Reservations", lent), stack)
        assert [boards.missing(("d", name)) for name in "abcab"] == [""] * 5
        assert lent.held == ["attic", "loft"], "each once"
        boards.keep_only([("d", "b"), ("d", "c")])
        assert lent.held == ["loft"]
        assert boards.missing(("d", "a")) == ""
        assert lent.held == ["loft", "attic"]
    assert lent.held == []
