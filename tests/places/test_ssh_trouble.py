"""Places over ssh that cannot be reached, or lack something: each is listed with its cause and what to do."""

from __future__ import annotations

import json
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from devbench.errors import RoundError
from devbench.places import ssh
from tests.board import Board
from tests.conftest import Bench


def _look(board: Board, **more: Any) -> tuple[str, str]:
    """What keeps a round from being measured, and what to do; `more` is said of the place."""
    with pytest.raises(RoundError) as caught:
        board.measure(board.folder / "a.fake", **more)
    return caught.value.message, caught.value.hint


@pytest.fixture(autouse=True)
def _model(board: Board) -> None:
    (board.folder / "a.fake").write_text("{}")


def test_places_are_listed_with_what_runs_there_or_why_they_are_not_ready(
    bench: Bench, board: Board, interpreters: Callable[[str], str]
) -> None:
    board.lab(bench.folder)
    with (bench.folder / "lab.yaml").open("a") as lab:
        config = f"config: '{board.config}'"
        lab.write(f"- {{name: cellar, device: fake, ssh: {{host: nobody@attic.invalid, {config}}}}}\n")
        lab.write(
            f"- {{name: old, device: desktop-cpu, python: {interpreters('3.9')}, ssh: {{host: attic, {config}}}}}\n"
        )
    lines = {(line["place"], line["runtime"]): line for line in json.loads(bench("devices", "--json").stdout)}
    ready, cellar, old = lines["local", "fake"], lines["cellar", "fake"], lines["old", "litert"]
    assert ready["ready"]
    assert ready["text"].startswith("0 (fake), Python 3.")
    assert cellar["text"] == "nobody@attic.invalid: there is no machine of this name"
    assert "lab.yaml" in cellar["hint"]
    assert old["text"].startswith("litert is not there: ModuleNotFoundError: No module named ")
    python = interpreters("3.9")
    assert old["hint"] == f"At attic, for {python}: `{python} -m pip install ai-edge-litert`."


def test_a_server_that_never_answers_is_tried_once_and_ctrl_c_ends_the_waiting(
    bench: Bench, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _black_hole(board) as hole:
        board.lab(bench.folder, device="desktop-cpu")
        with monkeypatch.context() as hasty:
            hasty.setitem(ssh._OPTIONS, "ConnectTimeout", "1")
            done = bench("devices", "--json")
        texts = {line["text"] for line in json.loads(done.stdout) if line["device"] == "desktop-cpu"}
        assert texts == {"attic does not answer"}
        assert _tries(hole) == 1, "both runtimes are told from one try"
        process = bench.start("devices")
        while not [child for child in psutil.Process(process.pid).children() if child.name() == "ssh"]:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)  # it would wait for 15 s
        assert process.returncode == 130


def test_no_server_at_that_port(board: Board) -> None:
    board.stop()
    text, hint = _look(board)
    assert text == "attic is there, but no ssh server answers"
    assert "sshd" in hint


def test_a_host_key_that_is_not_known(board: Board) -> None:
    board.client("StrictHostKeyChecking no")
    board.knows_host("")
    text, hint = _look(board)
    assert text == "the key of attic is not known yet, and keys are never taken on trust"
    assert hint.endswith(f"ssh -F {board.config} attic")
    assert board.logins() == 0


def test_a_host_key_that_has_changed(board: Board) -> None:
    board.client("StrictHostKeyChecking no", "NoHostAuthenticationForLocalhost yes")
    board.knows_host("stranger")
    text, hint = _look(board)
    assert text == "the key of attic is not the known one"
    assert f"{board.folder}/known_hosts:1" in hint
    assert board.logins() == 0


def test_a_key_that_is_not_let_in(board: Board) -> None:
    board.client(key="stranger")
    text, hint = _look(board)
    assert text == "attic accepts none of this machine's keys"
    assert f"ssh-copy-id -F {board.config} attic" in hint


def test_a_server_without_a_method_in_common(board: Board) -> None:
    board.start("KexAlgorithms diffie-hellman-group1-sha1")
    text, hint = _look(board)
    assert text == "attic and this machine's ssh have no method in common"
    assert "diffie-hellman-group1-sha1" in hint


def test_a_configuration_that_is_wrong_or_missing(board: Board) -> None:
    board.client("Hostnaam attic")
    assert "ssh_config: line 2: Bad configuration option: hostnaam" in _look(board)[0]
    assert "Can't open user config file /not-there" in _look(board, config=Path("/not-there"))[0]


def test_no_ssh_on_this_machine(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(board.folder))
    text, hint = _look(board)
    assert "cannot start ssh: No such file or directory" in text
    assert "openssh-client" in hint


def test_a_python_that_is_missing_or_too_old_or_none(board: Board, interpreters: Callable[[str], str]) -> None:
    text, hint = _look(board, python="/usr/bin/python9")
    assert text == "there is no /usr/bin/python9 at attic"
    assert "`python:` in lab.yaml" in hint
    assert _look(board, python="/etc/passwd")[0] == "/etc/passwd at attic cannot be executed"
    assert _look(board, python="/bin/echo")[0] == "/bin/echo did not start at attic (exit status 0)"
    text, _ = _look(board, python=interpreters("2.7"))
    assert "at attic is Python 2.7." in text
    assert text.endswith("and the worker needs 3.6 or newer")


def test_a_cache_that_cannot_be_made(board: Board) -> None:
    text, hint = _look(board, cache="/proc/devbench")
    assert text.startswith("/proc/devbench: cannot be written: ")
    assert "`cache:`" in hint


def test_a_folder_for_sockets_that_others_can_enter_is_not_used(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's own folders have names that leave no room for that of a socket.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        board.measure(board.folder / "a.fake")
        [made] = Path(folder).glob("devbench-ssh-*")
        assert made.stat().st_mode & 0o777 == 0o700
        assert len(list(made.iterdir())) == 1, "the connection that is kept for the next round"
        made.chmod(0o755)
        assert "is open to other users" in _look(board)[0]


@contextmanager
def _black_hole(board: Board) -> Iterator[socket.socket]:
    """Something at the board's port that takes connections and says nothing."""
    board.stop()
    with socket.socket() as hole:
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind(("127.0.0.1", board.port))
        hole.listen()
        hole.setblocking(False)
        yield hole


def _tries(hole: socket.socket) -> int:
    """How many have connected since the last time."""
    count = 0
    with suppress(BlockingIOError):
        while True:
            hole.accept()[0].close()
            count += 1
    return count
