"""Places over ssh, through a real OpenSSH server: what is measured there, and every way it can go wrong."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.places.board import Board


@pytest.fixture
def board(tmp_path_factory: pytest.TempPathFactory):
    made = Board(tmp_path_factory.mktemp("board"))
    yield made
    made.stop()


def test_a_suite_is_measured_over_ssh(bench: Bench, board: Board, interpreters) -> None:
    bench.fake("a")
    bench.fake("b")
    board.lab(bench.folder, python=interpreters("3.7"))
    done = bench("run", bench.fake_suite("a", "b"), "--out", "out")
    assert done.returncode == 0, done.stderr + done.stdout
    print(done.stdout, done.stderr)
    print(bench.run_file()["cases"][0]["rounds"][0])
