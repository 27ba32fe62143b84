"""The cache's bound: what was not used for longest goes, and never what an unfinished run needs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from devbench.domain.model import Variant
from devbench.errors import DevbenchError
from devbench.models.cache import ModelCache, cache_limit, keep_within_limit, parse_size
from devbench.models.inventory import CacheEntry, entries, lock_of, mark_needed, remove, why_needed

DAY_S = 86_400


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def made(models: Path, name: str, *, size: int = 1000, days_old: float = 1) -> Path:
    """A model in the cache, not used for some days."""

    def fetch(_: str, into: Path) -> Path:
        (into / "file").write_bytes(bytes(size))
        return into / "file"

    path = ModelCache(models).get(name, Variant(precision="", format="", source=f"test:{name}"), fetch)
    used_s = time.time() - days_old * DAY_S
    os.utime(path.with_name("artifact.json"), (used_s, used_s))
    return path


def run_in(folder: Path, finished_utc: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"finished_utc": finished_utc}))
    return folder


def names(models: Path) -> list[str]:
    return [entry.name for entry in entries(models)]


def entry_of(models: Path, name: str) -> CacheEntry:
    return next(entry for entry in entries(models) if entry.name == name)


def test_what_was_not_used_for_longest_goes_when_something_is_added(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, days_old in (("c", 1), ("a", 3), ("b", 2)):
        made(models, name, days_old=days_old)
    assert names(models) == ["a", "b", "c"]
    made(models, "a", days_old=0.5)  # found, and so used again
    assert names(models) == ["b", "c", "a"]
    room = sum(entry.size_bytes for entry in entries(models))
    monkeypatch.setenv("DEVBENCH_CACHE_LIMIT", str(room))
    made(models, "d", days_old=0)
    assert names(models) == ["c", "a", "d"]
    monkeypatch.setenv("DEVBENCH_CACHE_LIMIT", "10")
    made(models, "e", days_old=0)
    assert names(models) == ["d", "e"], "what was just used stays, whatever the limit is"
    monkeypatch.setenv("DEVBENCH_CACHE_LIMIT", "none")
    made(models, "f")
    assert len(names(models)) == 3


def test_what_an_unfinished_run_needs_stays_until_that_is_finished_or_gone(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_run, done, gone, broken = (run_in(tmp_path / name) for name in ("open", "done", "gone", "broken"))
    for run in (open_run, done, gone, broken):
        ModelCache(models).keep(made(models, run.name), run)
    ModelCache(models).keep(tmp_path / "elsewhere.tflite", open_run)
    run_in(done, finished_utc="now")
    (gone / "run.json").unlink()
    (broken / "run.json").write_text("{")
    monkeypatch.setenv("DEVBENCH_CACHE_LIMIT", "1K")
    with caplog.at_level(logging.WARNING):
        keep_within_limit(models)
    assert sorted(names(models)) == ["broken", "open"]
    assert "the cache holds 0.0 GiB, and its limit is 0.0 GiB: all that is left is needed" in caplog.text
    assert why_needed(entry_of(models, "open")) == f"the unfinished run {open_run} needs it"
    assert remove(entry_of(models, "open")) == f"the unfinished run {open_run} needs it"
    run_in(open_run, finished_utc="now")
    assert remove(entry_of(models, "open")) == ""
    assert names(models) == ["broken"]
    assert not list(models.glob("open-*.runs"))


def test_two_runs_that_need_the_same_model_are_both_waited_for(models: Path, tmp_path: Path) -> None:
    path = made(models, "a")
    one, other = run_in(tmp_path / "one"), run_in(tmp_path / "other")
    for run in (one, other):
        mark_needed(path.parent, run)
    run_in(one, finished_utc="now")
    assert "other needs it" in why_needed(entry_of(models, "a"))
    run_in(other, finished_utc="now")
    assert why_needed(entry_of(models, "a")) == ""


def test_what_another_process_is_making_or_checking_is_left_alone(models: Path) -> None:
    path = made(models, "a")
    with FileLock(lock_of(path.parent)):
        assert remove(entry_of(models, "a")) == "another devbench is making or checking it"
    assert path.exists()
    assert remove(entry_of(models, "a")) == ""
    assert not path.exists()
    assert made(models, "a").exists(), "and it can be made again"


def test_workers_engines_and_leftovers_go_when_nobody_can_be_using_them(models: Path) -> None:
    models.mkdir(parents=True)
    workers = models.with_name("workers")
    workers.mkdir()
    engine = "net.onnx-0123456789abcdef0123.plan"
    files = [workers / name for name in ("devbench-worker-0123.pyz", engine, f"{engine}.json", f"{engine}.log")]
    files += [workers / "net.onnx-0123456789abcdef0123.engines" / "part", models / ".making-x" / "half"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(100))
    found = {(entry.kind, entry.name): entry for entry in entries(models)}
    assert sorted(found) == [
        ("engine", "net.onnx-0123456789abcdef0123"),
        ("leftover", ".making-x"),
        ("worker", "devbench-worker-0123.pyz"),
    ]
    assert {why_needed(entry) for entry in found.values()} == {"it was used 0 min ago"}
    long_ago_s = time.time() - DAY_S
    for file in [*files, *(file.parent for file in files)]:
        os.utime(file, (long_ago_s, long_ago_s))
    assert [remove(entry) for entry in entries(models)] == ["", "", ""]
    assert not [file for file in files if file.exists()]


def test_nothing_else_in_the_folder_is_touched(models: Path, tmp_path: Path) -> None:
    made(models, "a")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    (models / "mine-0123").mkdir()
    (models / "link-0123456789abcdef0123").symlink_to(precious)
    (models.parent / "settled.json").write_text("{}")
    assert names(models) == ["a"]
    for entry in entries(models):
        remove(entry)
    assert (precious / "file").exists()
    assert (models / "mine-0123").exists()
    assert (models.parent / "settled.json").exists()


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("500M", 500 << 20), ("1.5 GiB", 3 << 29), ("2TB", 2 << 40), ("7 B", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "10 apples", "1e3", "१G"])
def test_a_limit_that_is_not_a_size_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)
    monkeypatch.setenv("DEVBENCH_CACHE_LIMIT", text)
    if text:
        with pytest.raises(DevbenchError, match="DEVBENCH_CACHE_LIMIT: '"):
            cache_limit()
    else:
        assert cache_limit() == 10 << 30


def test_processes_that_are_killed_lose_nothing_and_tear_nothing() -> None:
    """A short pass of what benchmarks/fuzz/cache_kills.py does a hundred times."""
    script = Path(__file__).parents[2] / "benchmarks" / "fuzz" / "cache_kills.py"
    done = subprocess.run([sys.executable, script, "--trials", "4"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 4 | 0 | 0 | 0 | 0 |" in done.stdout
