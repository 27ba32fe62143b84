"""A builder's process: its file, its progress, and every way in which it can fail; nothing of it stays."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from devbench import ModelError, build_file, recipe_hash, save_keras

GOOD = """
import sys
from devbench import builder_main

def make(tell):
    print("chatter")
    tell("half way")
    open(sys.argv[sys.argv.index("--out") + 1], "w").write("made")
    return {"size_bytes": 4}

sys.exit(builder_main(make))
"""


@pytest.fixture
def into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files are built; programs stand beside it, where Python finds them."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    folder = tmp_path / "into"
    folder.mkdir()
    yield folder
    assert not [one for one in psutil.Process().children() if "some_builder" in one.cmdline()]


def _build(into: Path, program: str, **settings: float) -> dict[str, Any]:
    (into.parent / "some_builder.py").write_text(program)
    return build_file("net", "some_builder", ["--seed", "0"], into / "net.keras", **settings)


def test_it_makes_the_file_and_says_how_it_goes(into: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "devbench.models"):
        assert _build(into, GOOD) == {"size_bytes": 4}
    assert (into / "net.keras").read_text() == "made"
    assert [record.getMessage() for record in caplog.records] == ["half way"]
    assert [one.name for one in into.iterdir()] == ["net.keras"]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("print('hello')", "the builder's answer is not valid"),
        ("print('[1]')", "the builder's answer is not valid"),
        ("import os; os.write(2, b'oh no'); os._exit(7)", "ended with exit status 7 and without a result"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
        ("print('{\"done\": {}}')", "says it is done, but"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        (
            "from devbench import ModelError, builder_main\n"
            "def make(tell): raise ModelError('no ink', 'Buy some.')\nbuilder_main(make)",
            "no ink",
        ),
    ],
)
def test_what_it_can_do_wrong_is_told_and_leaves_nothing(into: Path, program: str, text: str) -> None:
    with pytest.raises(ModelError, match=text.replace("[", r"\[")):
        _build(into, program)
    assert not list(into.iterdir())


def test_it_is_ended_when_it_takes_too_long(into: Path) -> None:
    with pytest.raises(ModelError, match=r"was not done within 0\.5 s"):
        _build(into, "import time; time.sleep(60)", limit_s=0.5)
    assert not list(into.iterdir())


def test_the_hash_of_a_recipe_changes_with_its_code_and_with_names(tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "net.py").write_text("LAYERS = 3\n")
    (folder / "notes.txt").write_text("not code\n")
    (tmp_path / "build.py").write_text("pass\n")
    before = recipe_hash(tmp_path / "build.py", folder)
    (folder / "notes.txt").write_text("changed\n")
    assert recipe_hash(tmp_path / "build.py", folder) == before
    (folder / "net.py").rename(folder / "network.py")
    assert recipe_hash(tmp_path / "build.py", folder) != before


class _Network:
    """Saves as Keras does: with the hour, and with addresses in memory."""

    def __init__(self, hour: str, address: int) -> None:
        self.hour, self.address = hour, address

    def save(self, path: Path) -> None:
        shared = [{"shared_object_id": self.address}, {"shared_object_id": self.address + 16}]
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": self.hour}))
            archive.writestr("config.json", json.dumps({"layers": [*shared, shared[0]]}))
            archive.writestr("model.weights.h5", b"weights")


def test_a_keras_file_has_the_same_bytes_whenever_and_wherever_in_memory_it_was_made(tmp_path: Path) -> None:
    paths = [tmp_path / "one.keras", tmp_path / "again.keras"]
    save_keras(_Network("2026-11-22@03:00:00", 139_850_732_965_712), paths[0])
    save_keras(_Network("2026-11-22@04:00:00", 139_806_795_040_720), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert [one["shared_object_id"] for one in json.loads(archive.read("config.json"))["layers"]] == [1, 2, 1]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.keras", "one.keras"]
