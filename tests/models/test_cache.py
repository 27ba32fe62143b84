"""The cache: made once, checked at every use, and never two at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import QUICK, Bench

BAKERY = """
import time
from devbench import Model, ModelError, Variant, hookimpl

@hookimpl
def devbench_models():
    return [Model(name="bread", variants=(Variant(precision="int8", format="fake", source="bakery:rye"),))]

@hookimpl
def devbench_fetch_model(source, into):
    if not source.startswith("bakery:"):
        return None
    with open("baked.txt", "a") as file:
        file.write(source + "\\n")
    (into / "bread.fake").write_text("{}" + " " * 1000)
    time.sleep(TAKES_S)
    if FAILS:
        raise ModelError("the oven is cold", "Heat it.")
    return into / "bread.fake"
"""


def _bakery(bench: Bench, *, fails: bool = False, takes_s: float = 0) -> Path:
    bench.plugin("bakery", BAKERY.replace("FAILS", str(fails)).replace("TAKES_S", str(takes_s)))
    return bench.write("suite.yaml", f"name: s\nmodels: [bread]\ndevices: [fake]\nmeasure: {QUICK}\n")


def _baked(bench: Bench) -> int:
    path = bench.folder / "baked.txt"
    return len(path.read_text().splitlines()) if path.exists() else 0


def _file(bench: Bench) -> Path:
    (found,) = (bench.folder / "cache" / "models").glob("bread-*/bread.fake")
    return found


def test_a_model_is_made_once_and_a_cut_or_altered_file_is_noticed_and_made_again(bench: Bench) -> None:
    suite = _bakery(bench)
    assert bench("run", suite, "--out", "one").returncode == 0
    assert bench("run", suite, "--out", "two").returncode == 0
    assert _baked(bench) == 1
    assert "int8 (unknown)" in bench("models").stdout
    _file(bench).write_text("{}")
    done = bench("run", suite, "--out", "three")
    assert done.returncode == 0
    assert "bread: the cached file is damaged, so it is made again" in done.stderr
    assert _baked(bench) == 2
    assert len(_file(bench).read_text()) == 1002
    (_file(bench).parent / "artifact.json").write_text("{")
    assert bench("run", suite, "--out", "four").returncode == 0
    assert _baked(bench) == 3


def test_two_runs_that_want_the_same_model_make_it_once(bench: Bench) -> None:
    suite = _bakery(bench, takes_s=2)
    both = [bench.start("run", suite, "--out", name) for name in ("one", "two")]
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert _baked(bench) == 1
    assert sum("waiting for another devbench" in text for text in errors) == 1


def test_a_model_that_cannot_be_made_fails_its_case_and_leaves_nothing_in_the_cache(bench: Bench) -> None:
    done = bench("run", _bakery(bench, fails=True), "--out", "out")
    assert done.returncode == 3
    outcome = bench.outcomes()["bread"]
    assert (outcome["error"], outcome["hint"], outcome["phase"]) == ("the oven is cold", "Heat it.", "prepare")
    assert not list((bench.folder / "cache" / "models").rglob("*.fake"))


def test_a_cache_that_cannot_be_written_is_an_error_with_its_path(bench: Bench) -> None:
    bench.write("file", "")
    suite = _bakery(bench)
    done = bench("run", suite, "--out", "out", env={"DEVBENCH_CACHE": str(bench.folder / "file")})
    assert done.returncode == 1
    assert "file" in done.stderr
    assert "DEVBENCH_CACHE" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_in_the_cache_is_listed_and_cleaned_but_for_what_an_unfinished_run_needs(bench: Bench) -> None:
    suite = _bakery(bench)
    assert bench("run", suite, "--out", "out").returncode == 0
    run_file = bench.folder / "out" / "run.json"
    finished = run_file.read_text()
    run_file.write_text(json.dumps({**json.loads(finished), "finished_utc": ""}))
    listed = json.loads(bench("cache", "--json").stdout)
    assert listed["limit_bytes"] == 10 << 30
    assert {(entry["kind"], entry["name"].partition("-")[0]) for entry in listed["entries"]} == {
        ("model", "bread"),
        ("worker", "devbench"),
    }
    (bread,) = (entry for entry in listed["entries"] if entry["kind"] == "model")
    needed = f"the unfinished run {bench.folder / 'out'} needs it"
    assert (bread["source"], bread["needed"]) == ("bakery:rye", needed)
    assert bread["size_bytes"] > 1000
    assert "of 10.0 GiB" in bench("cache").stdout

    kept = bench("cache", "clean", "--all").stdout
    assert f"kept model bread: {needed}" in kept
    assert "kept worker devbench-worker-" in kept
    assert _file(bench).exists()
    run_file.write_text(finished)
    assert "would remove model bread" in bench("cache", "clean", "bread", "--dry-run").stdout
    assert _file(bench).exists()
    for arguments in (["--older-than", "2h"], ["--to", "1G"], ["bread", "--older-than", "1 d"]):
        assert "removed" not in bench("cache", "clean", *arguments).stdout
    assert "removed model bread" in bench("cache", "clean", "--to", "0").stdout
    assert not list((bench.folder / "cache" / "models").glob("bread-*/bread.fake"))
    assert bench("run", suite, "--out", "again").returncode == 0
    assert _baked(bench) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "say what to remove"),
        (["--to", "much"], 2, "'much' is not a size"),
        (["--older-than", "1y"], 2, "'1y' is not an age"),
        (["bread"], 1, "the cache has nothing of the name 'bread'; none is known"),
    ],
)
def test_what_cannot_be_cleaned_is_said(bench: Bench, arguments: list[str], status: int, said: str) -> None:
    done = bench("cache", "clean", *arguments)
    assert done.returncode == status
    assert said in done.stderr


def test_a_limit_that_is_not_a_size_fails_the_case_with_the_variable_it_stands_in(bench: Bench) -> None:
    done = bench("run", _bakery(bench), "--out", "out", env={"DEVBENCH_CACHE_LIMIT": "much"})
    assert done.returncode == 3
    assert bench.outcomes()["bread"]["error"] == "DEVBENCH_CACHE_LIMIT: 'much' is not a size such as 500M or 10G"
