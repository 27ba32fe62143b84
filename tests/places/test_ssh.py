"""Places over ssh, through a real OpenSSH server: what is measured there, what is kept there, and by which ways."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from devbench.errors import RoundError
from tests.board import Board
from tests.conftest import QUICK, Bench
from tests.tiny_tflite import classifier


def test_a_suite_is_measured_in_the_boards_python_over_one_connection(
    bench: Bench, board: Board, interpreters: Callable[[str], str]
) -> None:
    python = bench.folder / "old pythons" / "python $3.7"
    python.parent.mkdir()
    python.symlink_to(interpreters("3.7"))
    bench.fake("a")
    bench.fake("an odd 'name'")
    board.lab(bench.folder, python=str(python))
    suite = bench.write("suite.yaml", bench.fake_suite("a", "b").read_text().replace("b.fake", "an odd 'name'.fake"))
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    cases = bench.run_file()["cases"]
    assert [len(case["rounds"]) for case in cases] == [2, 2]
    assert all(one["facts"]["python"].startswith("3.7.") for case in cases for one in case["rounds"])
    assert board.logins() == 1
    before = board.files()
    assert {name for name in before if not name.startswith("devbench-worker")} == {"a.fake", "an_odd__name_.fake"}
    assert len(before) == 3, "the models, the worker, and nothing else"
    assert bench("run", suite, "--out", "again").returncode == 0
    assert board.files() == before, "nothing was copied twice"


def test_an_image_gives_the_same_outputs_there_as_here(bench: Bench, board: Board) -> None:
    classifier(bench.folder / "tiny.tflite")
    Image.new("RGB", (8, 8), (200, 30, 120)).save(bench.folder / "image.png")
    suite = bench.write(
        "s.yaml",
        "name: s\nmodels: [{name: tiny, source: tiny.tflite, input: {image: image.png}}]\n"
        f"devices: [desktop-cpu: {{runtime: litert}}]\nmeasure: {QUICK}\n",
    )
    assert bench("run", suite, "--out", "here").returncode == 0
    board.lab(bench.folder, device="desktop-cpu")
    done = bench("run", suite, "--out", "there")
    assert done.returncode == 0, done.stdout + done.stderr
    here, there = (bench.run_file(out)["cases"][0] for out in ("here", "there"))
    assert there["rounds"][0]["outputs_sha256"] == here["rounds"][0]["outputs_sha256"]
    assert there["outcome"]["prediction"] == here["outcome"]["prediction"]
    assert sorted(Path(name).suffix for name in board.files()) == [".npy", ".pyz", ".tflite"]


def test_places_that_can_be_reached_are_measured_whatever_becomes_of_the_others(bench: Bench, board: Board) -> None:
    bench.fake("a")
    bench.write(
        "lab.yaml",
        "places:\n"
        f"- {{name: attic, device: fake, ssh: {{host: attic, config: {board.config}, cache: {board.cache}}}, "
        f"python: {sys.executable}}}\n"
        f"- {{name: cellar, device: fake, ssh: {{host: cellar.invalid, config: {board.config}}}}}\n",
    )
    done = bench("run", bench.fake_suite("a"), "--out", "out")
    assert done.returncode == 0, done.stderr
    outcomes = {case["place"]: case["outcome"] for case in bench.run_file()["cases"]}
    assert {place: outcome["status"] for place, outcome in outcomes.items()} == {
        "attic": "measured",
        "local": "measured",
        "cellar": "skipped",
    }
    assert outcomes["cellar"]["reason"] == "cellar.invalid: there is no machine of this name"


@pytest.mark.parametrize("shell", ["dash", "bash", "zsh", "tcsh", "fish", "talkative"])
def test_any_login_shell_will_do(bench: Bench, board: Board, shell: str) -> None:
    forced = f"{shutil.which(shell)} -c"
    if shell == "talkative":
        forced = "printf 'Welcome!\\n\\nIt is a nice {} day'; sh -c"
    elif not shutil.which(shell):
        pytest.skip(f"there is no {shell} on this machine")
    board.start(f'ForceCommand {forced} "$SSH_ORIGINAL_COMMAND"')
    assert board.measure(bench.fake("a")).about.samples == 5


def test_what_the_users_configuration_says_for_other_purposes_is_in_nobodys_way(bench: Bench, board: Board) -> None:
    board.client(
        "RequestTTY force",
        "RemoteCommand echo hello",
        f"LocalForward 127.0.0.1:{board.port} 127.0.0.1:9",
        "ExitOnForwardFailure yes",
        "PermitLocalCommand yes",
        "LocalCommand echo hello",
        "ControlMaster ask",
        "ControlPath none",
        "LogLevel QUIET",
    )
    for name in ("a", "b"):
        assert board.measure(bench.fake(name)).about.samples == 5
    assert board.logins() == 1


def test_what_is_at_home_is_found_there(bench: Bench, board: Board) -> None:
    home = board.folder / "home of the board"
    home.mkdir()
    (home / "python").symlink_to(sys.executable)
    board.start(f'ForceCommand cd "{home}" && HOME="{home}" sh -c "$SSH_ORIGINAL_COMMAND"')
    for python in ("~/python", "./python"):
        board.measure(bench.fake("a"), python=python, cache="~/kept")
    assert len(list((home / "kept").iterdir())) == 2


def test_the_cache_gives_up_what_was_not_used_for_longest(bench: Bench, board: Board) -> None:
    models = {name: bench.fake(name, padding=name * 400_000) for name in ("a", "b", "c")}
    for name in ("a", "b", "a", "c"):
        board.measure(models[name], cache_mib=1)
    assert {name for name in board.files() if name.endswith(".fake")} == {"a.fake", "c.fake"}
    with pytest.raises(RoundError, match=r"more do not fit into its limit of 1.0 MiB") as caught:
        board.measure(bench.fake("too-large", padding="x" * 1_100_000), cache_mib=1)
    assert "cache_mib" in caught.value.hint


def test_a_file_that_was_damaged_over_there_is_copied_again(bench: Bench, board: Board) -> None:
    model = bench.fake("a")
    board.measure(model)
    for path in board.cache.iterdir():
        path.write_bytes(b"%" + path.read_bytes()[1:])
    assert board.measure(model).about.samples == 5


def test_a_full_disk_says_how_much_is_needed(bench: Bench, board: Board) -> None:
    board.cache.mkdir()
    tmpfs = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(board.cache)]
    if subprocess.run(tmpfs, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        board.measure(bench.fake("small"))
        with pytest.raises(RoundError, match=r"no space left: 0.9 MiB are needed and 0.[0-9] MiB are free") as caught:
            board.measure(bench.fake("large", padding="x" * 900_000))
    finally:
        subprocess.run(["umount", str(board.cache)], check=True)
    assert "`cache:`" in caught.value.hint


def test_a_cache_that_can_only_be_read_serves_as_long_as_all_is_there(bench: Bench, board: Board) -> None:
    model = bench.fake("a")
    board.measure(model)
    bind = ["mount", "--bind", str(board.cache), str(board.cache)]
    if subprocess.run(bind, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(board.cache)], check=True)
        assert board.measure(model).about.samples == 5
        with pytest.raises(RoundError, match=r"board cache: cannot be written: Read-only file system"):
            board.measure(bench.fake("b"))
    finally:
        subprocess.run(["umount", str(board.cache)], check=True)
