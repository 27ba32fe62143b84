"""The file that says how to undo is believed only if nobody else wrote it, and then only for what devbench changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from devbench.cli.app import run_app
from devbench.domain.check import Check
from devbench.errors import DevbenchError
from devbench.settings.state import FileBefore, State, read_state, save
from devbench.settings.tuning import recover, tuned
from tests.trees import CPUS, Tree

SOMEBODY = 4242
GOVERNOR = "cpu0/cpufreq/scaling_governor"
FORMER = "powersave"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "root")


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A state file with one setting to put back."""
    path = tmp_path / "cache" / "tuned.json"
    save(State.of([FileBefore(file=GOVERNOR, before=FORMER)]), path)
    return path


def never(_: object) -> Any:
    raise AssertionError


def recovered(tree: Tree, path: Path) -> Check | None:
    return recover(tree.root, path, never, lambda _text: None)


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_we_wrote_is_obeyed(tree: Tree, left: Path) -> None:
    assert left.stat().st_mode & 0o777 == 0o600
    assert recovered(tree, left) is None
    assert tree.values()[0] == FORMER
    assert not left.exists()


OPEN: dict[str, Callable[[Path], object]] = {
    "file of another user": lambda path: os.chown(path, SOMEBODY, SOMEBODY),
    "folder of another user": lambda path: os.chown(path.parent, SOMEBODY, SOMEBODY),
    "folder above it of another user": lambda path: os.chown(path.parent.parent, SOMEBODY, SOMEBODY),
    "file for all": lambda path: path.chmod(0o666),
    "folder for all": lambda path: path.parent.chmod(0o777),
    "link": lambda path: path.rename(path.with_name("real")) and path.symlink_to(path.with_name("real")),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
}


@as_root
@pytest.mark.parametrize("how", OPEN)
def test_a_file_that_others_could_have_written_is_not_obeyed(tree: Tree, left: Path, how: str) -> None:
    OPEN[how](left)
    before = tree.state()
    check = recovered(tree, left)
    assert check is not None
    assert f"{left}: was not used: " in check.text
    assert f"then: rm {left}" in check.hint
    assert tree.state() == before
    with pytest.raises(DevbenchError, match="was not used"):
        tuned(tree.root, left, tell=lambda _text: None).__enter__()


@as_root
def test_nothing_is_changed_where_others_could_change_the_way_back(tree: Tree, tmp_path: Path) -> None:
    tree.write(f"{CPUS}/{GOVERNOR}", FORMER)
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, SOMEBODY, SOMEBODY)
    before = tree.state()
    with pytest.raises(DevbenchError, match=f"{folder}: belongs to user .*; so nothing was changed") as caught:
        tuned(tree.root, folder / "cache" / "tuned.json", tell=lambda _text: None).__enter__()
    assert "sudo -H" in caught.value.hint
    assert tree.state() == before


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "../../../../canary",
        "cpu0/cpufreq/../../../../../../canary",
        "cpu0/online",
        "cpu0/cpufreq/scaling_max_freq",
        "cpufreq/policy0/stats/reset",
        "microcode/reload",
        "intel_pstate/no_turbo",
        "cpu0/cpufreq/escape/canary",
        f"{GOVERNOR}\n",
        "",
    ],
)
def test_only_files_that_devbench_changes_are_put_back(tree: Tree, left: Path, file: str) -> None:
    canary = tree.write("canary", "untouched")
    tree.write(f"{CPUS}/cpu0/online", "1")
    (tree.root / CPUS / "cpu0/cpufreq/escape").symlink_to(tree.root)
    rewrite(left, settings=[{"file": GOVERNOR, "before": FORMER}, {"file": file, "before": "0"}])
    before = tree.state()
    check = recovered(tree, left)
    assert check is not None
    assert "is not a setting of the clocks" in check.text
    assert tree.state() == before, "not even the one that could be"
    assert canary.read_text() == "untouched"
    assert left.exists()


@pytest.mark.parametrize("value", ["a\nb", "x" * 201, "\x1b[31m", "é"])
def test_a_value_is_a_short_line(tree: Tree, left: Path, value: str) -> None:
    rewrite(left, settings=[{"file": GOVERNOR, "before": value}])
    check = recovered(tree, left)
    assert check is not None
    assert "is not a value of" in check.text


def test_what_is_to_be_typed_runs_nothing_else(tree: Tree, left: Path) -> None:
    rewrite(left, settings=[{"file": "cpu9/cpufreq/scaling_governor", "before": "$(touch owned); x"}])
    check = recovered(tree, left)
    assert check is not None
    assert "echo '$(touch owned); x' | sudo tee " in check.hint


COMMAND = {"command": ["touch", "/tmp/owned"], "host": "", "by_hand": "", "lasting": True}


@pytest.mark.parametrize(
    "damage",
    [
        {"settings": [COMMAND]},
        {"settings": [{"command": ["touch", "/tmp/owned"], "lasting": True}]},
        {"settings": [{"file": GOVERNOR, "before": FORMER, **COMMAND}]},
        {"settings": [{"file": GOVERNOR}]},
        {"settings": {"file": GOVERNOR, "before": FORMER}},
        {"settings": [[[[]]]]},
        {"root": "/", "state_file": "/etc/passwd"},
        {"pid": "1; reboot"},
        {"boot_id": None},
    ],
)
def test_a_file_of_another_shape_is_damaged(tree: Tree, left: Path, damage: dict[str, object]) -> None:
    rewrite(left, **damage)
    check = recovered(tree, left)
    assert check is not None
    assert "is damaged" in check.text
    assert "/tmp/owned" not in check.text + check.hint


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '"\\ud800"', "\x00", '{"pid": ' + "9" * 5000 + "}"])
def test_a_file_that_is_no_state_at_all_is_damaged(left: Path, text: str) -> None:
    left.write_text(text)
    with pytest.raises(DevbenchError, match="is damaged"):
        read_state(left)


MADE = {
    "device": "jetson",
    "place": "local",
    "host": "",
    "setting": "nvpmodel",
    "was": {"mode": "1", "sudo": ""},
    "text": "power mode 1 → 0",
    "lasting": True,
}


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"was": {"mode": "1; touch owned", "sudo": ""}}, "jetson does not know this change"),
        ({"was": {"mode": "1", "sudo": "touch owned"}}, "jetson does not know this change"),
        ({"was": {}}, "jetson does not know this change"),
        ({"setting": "touch owned"}, "jetson does not know this change"),
        ({"device": "coral-usb"}, "no plugin brings coral-usb"),
        ({"host": "-oProxyCommand=touch owned"}, "the lab.yaml here has no such place at -oProxyCommand=touch owned"),
    ],
)
def test_a_change_is_undone_only_as_its_device_would(
    tmp_path: Path,
    tree: Tree,
    left: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forged: dict[str, object],
    why: str,
) -> None:
    settled = left.rename(left.with_name("settled.json"))
    settled.write_text(json.dumps(asdict(State.of([])) | {"settings": [MADE | forged]}))
    for name, value in (("ROOT", tree.root), ("CACHE", left.parent), ("PLUGINS", "jetson")):
        monkeypatch.setenv(f"DEVBENCH_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    assert run_app(["doctor"]) == 0
    assert (
        f"improve left settings: `power mode 1 → 0` ({(MADE | forged)['device']} 'local') cannot be undone: {why}"
        in " ".join(capsys.readouterr().out.split())
    )
    assert settled.exists()
    assert not (tmp_path / "owned").exists()
