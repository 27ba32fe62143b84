"""Accuracy through the command line and real workers: what is asked, what is said, and what is kept."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.board import Board
from tests.conftest import QUICK, Bench
from tests.pictures import brightest, coarse, picture, test_set
from tests.worker.test_interpreters import environment

MODELS = "[{name: net, source: float.tflite}, {name: net8, source: coarse.tflite, test: {images: TEST, against: net}}]"


@pytest.fixture
def suite(bench: Bench) -> Path:
    """A network, and one that is made of it and loses the pictures with little contrast."""
    pytest.importorskip("ai_edge_litert")
    brightest(bench.folder / "float.tflite")
    coarse(bench.folder / "coarse.tflite")
    test_set(bench.folder / "photos")
    return _suite(bench)


def _suite(bench: Bench, images: str = "photos", extra: str = "quality: {drop: 1.0}", limit: str = "") -> Path:
    models = MODELS.replace("TEST", f"{images}{limit}")
    return bench.write(
        "suite.yaml",
        f"name: seen\nmodels: {models}\ntest: {{images: {images}{limit}}}\n"
        f"devices: [desktop-cpu: {{runtime: litert}}]\nmeasure: {QUICK}\n{extra}\n",
    )


def _accuracies(bench: Bench, out: str = "out") -> dict[str, dict[str, Any]]:
    return {case["model"]: case["accuracy"] for case in bench.run_file(out)["cases"]}


def test_a_run_says_how_accurate_each_file_is_beside_its_time(bench: Bench, suite: Path) -> None:
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    found = _accuracies(bench)
    assert found["net"]["top1"]["hits"] == found["net"]["pictures"] == 20
    assert found["net"]["reference"] == ""
    net8 = found["net8"]
    # Of four equal pixels, the first one is the answer: right for class 0.
    assert net8["change"]["lost"] == ["1/5.png", "2/5.png", "3/5.png"]
    assert net8["change"]["won"] == []
    assert net8["top1"]["hits"] == 17
    assert net8["quality"] == "undecided"
    assert "−15.0 [" in done.stdout
    assert "3 lost, 0 won of 20" in done.stdout
    rows = {
        row["model"]: row for row in csv.DictReader((bench.folder / "out" / "results.csv").read_text().splitlines())
    }
    assert (rows["net"]["top1"], rows["net8"]["top1"], rows["net8"]["pictures"]) == ("1.000000", "0.850000", "20")
    assert (rows["net8"]["top1_change"], rows["net8"]["agreement"]) == ("-0.150000", "0.850000")
    assert rows["net8"]["quality"] == "undecided"
    page = bench("report", "out", "--format", "html", "--out", "page.html")
    assert page.returncode == 0, page.stderr
    text = (bench.folder / "page.html").read_text()
    assert "1/<wbr>5.png" in text
    assert "Accuracy" in bench("report", "out", "--format", "markdown").stdout
    answers = json.loads(next((bench.folder / "out" / "answers").glob("case*.json")).read_text())
    assert len(answers["classes"]) == 20
    assert bench("verify", "out").returncode == 0


def test_accuracy_alone_times_nothing_and_says_the_same(bench: Bench, suite: Path) -> None:
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert _accuracies(bench)["net8"]["change"]["lost"] == ["1/5.png", "2/5.png", "3/5.png"]
    assert not any(case["rounds"] for case in bench.run_file()["cases"])
    assert "85.0 % [" in done.stdout
    assert "3 lost, 0 won of 20" in bench("report", "out", "--verbose").stdout


def test_pictures_without_labels_tell_agreement_with_the_source(bench: Bench, suite: Path) -> None:
    for number, path in enumerate(sorted((bench.folder / "photos").rglob("*.png"))):
        target = bench.folder / "unsorted" / f"{number:02d}.png"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    done = bench("accuracy", _suite(bench, "unsorted"), "--out", "out")
    assert done.returncode == 0, done.stderr
    found = _accuracies(bench)
    assert found["net8"]["agreement"]["hits"] == 17
    assert found["net8"]["top1"] is found["net8"]["change"] is None
    assert "agrees 85.0 %" in done.stdout


def test_a_zip_and_a_limit_take_the_same_pictures_evenly(bench: Bench, suite: Path) -> None:
    with zipfile.ZipFile(bench.folder / "photos.zip", "w") as archive:
        for path in sorted((bench.folder / "photos").rglob("*.png")):
            archive.write(path, f"photos/{path.relative_to(bench.folder / 'photos')}")
    assert bench("accuracy", _suite(bench, "photos.zip", limit=", limit: 8"), "--out", "out").returncode == 0
    files = list((bench.folder / "out" / "answers").glob("pictures-*.json"))
    assert len(files) == 1, "both cases are asked the same pictures"
    labels = [one["label"] for one in json.loads(files[0].read_text())["pictures"]]
    assert labels == ["0", "0", "1", "1", "2", "2", "3", "3"]


def test_a_broken_picture_is_left_out_and_named(bench: Bench, suite: Path) -> None:
    (bench.folder / "photos" / "2" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert _accuracies(bench)["net"]["pictures"] == 19
    assert "photos: 2/0.png: " in done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("no folder", "photos: the pictures cannot be read: No such file or directory"),
        ("empty", "photos: has no picture"),
        ("a class without a picture", "photos: has no picture of the class 3"),
        ("beside folders", "photos: has pictures in folders and beside them (stray.png)"),
        ("another class", "photos: its folder 7 is none of the 4 classes of the network"),
        ("names", "photos: has 5 folders, and the network has 4 classes"),
    ],
)
def test_what_is_wrong_with_the_pictures_is_said(bench: Bench, suite: Path, change: str, message: str) -> None:
    photos = bench.folder / "photos"
    if change in ("no folder", "empty"):
        shutil.rmtree(photos)
    if change == "empty":
        photos.mkdir()
    if change == "a class without a picture":
        shutil.rmtree(photos / "3")
        (photos / "3").mkdir()
    if change == "beside folders":
        picture(photos / "stray.png", 0)
    if change == "another class":
        (photos / "3").rename(photos / "7")
    if change == "names":
        picture(photos / "cat" / "0.png", 0)
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 3
    assert message in done.stderr


def test_labels_say_which_class_a_folder_is(bench: Bench, suite: Path) -> None:
    names = ["daisy", "tulip", "rose", "lily"]
    for number, name in enumerate(names):
        (bench.folder / "photos" / str(number)).rename(bench.folder / "photos" / name)
    bench.write("labels.txt", "\n".join(f"{number} {name}" for number, name in enumerate(names)))
    done = bench("accuracy", _suite(bench, extra="labels: labels.txt"), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert _accuracies(bench)["net"]["top1"]["hits"] == 20
    bench.write("labels.txt", "\n".join(["background", *names]))
    assert bench("accuracy", _suite(bench, extra="labels: labels.txt"), "--out", "shifted").returncode == 0
    assert _accuracies(bench, "shifted")["net"]["top1"]["hits"] == 20


def test_a_wrong_preparation_is_told_from_answers_that_are_no_better_than_guessing(bench: Bench, suite: Path) -> None:
    extra = "input: {image: photos/0/0.png, mean: 1.0e+12, std: 1}"  # so far away that all pixels become one number
    done = bench("accuracy", _suite(bench, extra=extra), "--model", "net", "--out", "out")
    assert done.returncode == 0
    assert "names one class for all 20 pictures" in done.stdout
    assert "prepared as for training" in done.stdout


def test_what_was_asked_is_not_asked_again_unless_it_is_damaged(bench: Bench, suite: Path) -> None:
    assert bench("run", suite, "--out", "out").returncode == 0
    before = bench.run_file()
    run = json.loads((bench.folder / "out" / "run.json").read_text())
    assert {name for name in run["files"] if name.startswith("answers/case")} == {
        "answers/case000.json",
        "answers/case001.json",
    }
    (bench.folder / "out" / "answers" / "case001.json").write_text("{}")
    assert "answers/case001.json" in bench("verify", "out").stdout + bench("verify", "out").stderr
    assert before["cases"][1]["accuracy"]["change"]


OWN = """
from devbench import Model, Variant, hookimpl

FILES = {{"float32": "{folder}/float.tflite", "int8": "{folder}/coarse.tflite"}}


@hookimpl
def devbench_models():
    variants = tuple(Variant(precision=name, format="tflite", source=path) for name, path in FILES.items())
    return [Model(name="own", variants=variants)]
"""


def test_the_float32_network_is_asked_too_where_the_suite_leaves_it_out(bench: Bench, suite: Path) -> None:
    bench.plugin("own", OWN.format(folder=bench.folder))
    suite.write_text(
        f"name: seen\nmodels: [own]\nprecision: int8\ntest: photos\ndevices: [desktop-cpu: {{runtime: litert}}]\nmeasure: {QUICK}\n"
    )
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    found = _accuracies(bench)["own"]
    assert found["change"]["lost"] == ["1/5.png", "2/5.png", "3/5.png"]
    assert found["reference"] == "own:float32@desktop-cpu:local:litert"
    assert found["reference_file"] == "answers/source-own.json"
    assert len(bench.run_file()["cases"]) == 1
    assert bench("verify", "out").returncode == 0


def test_an_old_python_with_an_old_runtime_is_asked_too(
    bench: Bench, suite: Path, interpreters: Callable[[str], str], tmp_path: Path
) -> None:
    python = environment(interpreters("3.7"), "tflite-runtime==2.11.0", tmp_path)
    bench.write("lab.yaml", f"places: [{{name: local, device: desktop-cpu, python: {{tflite-runtime: {python}}}}}]\n")
    suite.write_text(suite.read_text().replace("runtime: litert", "runtime: tflite-runtime"))
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert _accuracies(bench)["net8"]["change"]["lost"] == ["1/5.png", "2/5.png", "3/5.png"]
    assert _accuracies(bench)["net8"]["facts"]["numpy"].startswith("1.")


def test_a_board_is_asked_over_ssh(bench: Bench, suite: Path, board: Board) -> None:
    assert bench("accuracy", suite, "--out", "here").returncode == 0
    board.lab(bench.folder, device="desktop-cpu")
    done = bench("accuracy", suite, "--out", "there")
    assert done.returncode == 0, done.stdout + done.stderr
    here, there = (_accuracies(bench, out)["net8"] for out in ("here", "there"))
    assert there["change"] == here["change"]
    assert not any(name.endswith(".png") for name in board.files()), "pictures are streamed, and not kept there"
