"""A board on loopback, for the tests of places over ssh."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.places.board import Board


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board that lets us in."""
    made = Board(tmp_path_factory.mktemp("board"))
    yield made
    made.stop()
