"""The digits: pictures that are never both to train and to test with, and a network that is trained here."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

import devbench_digits
from devbench import ModelError, read_tflite
from devbench_digits.source import MACS
from tests.conftest import Bench

SUITE = Path(__file__).parents[2] / "suites" / "digits.yaml"


@pytest.fixture(autouse=True)
def _sklearn() -> None:
    pytest.importorskip("sklearn")


def _hashes(source: str, folder: Path) -> dict[str, str]:
    folder.mkdir()
    path = devbench_digits.devbench_fetch_model(source, folder)
    assert path
    with zipfile.ZipFile(path) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_no_picture_is_both_to_train_and_to_test_with(tmp_path: Path) -> None:
    train, test = _hashes("digits:train", tmp_path / "train"), _hashes("digits:test", tmp_path / "test")
    assert (len(train), len(test)) == (1257, 540)
    assert {name.split("/")[0] for name in test} == set("0123456789")
    assert not set(train.values()) & set(test.values())


def test_a_source_that_means_nothing_says_what_there_is() -> None:
    assert devbench_digits.devbench_fetch_model("zoo:x", Path()) is None
    with pytest.raises(ModelError, match="names nothing that the digits have"):
        devbench_digits.devbench_fetch_model("digits:nines", Path())
    [model] = devbench_digits.devbench_models()
    assert {one.source for one in model.variants} == {model.variants[0].source}, "one network, whatever is made of it"
    other = model.variants[0].source.replace("recipe=", "recipe=0")
    with pytest.raises(ModelError, match="would be another file"):
        devbench_digits.devbench_fetch_model(other, Path())


@pytest.mark.thorough
@pytest.mark.xdist_group("built by TensorFlow")
@pytest.mark.timeout(400)  # it starts TensorFlow twice: to train, and to convert
def test_the_suite_trains_converts_and_says_how_accurate_both_files_are(bench: Bench) -> None:
    pytest.importorskip("tensorflow")
    done = bench("accuracy", SUITE, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "trained here in" in done.stderr
    cases = {case["precision"]: case for case in bench.run_file()["cases"]}
    for case in cases.values():
        assert case["accuracy"]["pictures"] == 540
        assert case["accuracy"]["top1"]["estimate"] > 0.95
        assert case["artifact"]["facts"]["macs"] == str(MACS)
        assert case["artifact"]["facts"]["made_by"].startswith("train: devbench_digits, convert: tensorflow")
        assert " s, on 1,257 of scikit-learn's digits, right 9" in case["artifact"]["facts"]["trained"]
    assert cases["int8"]["accuracy"]["agreement"]["estimate"] > 0.98
    files = [read_tflite(path) for path in sorted((bench.folder / "cache" / "models").rglob("*.tflite"))]
    assert {file.precision for file in files} == {"float32", "int8"}
    assert not any(file.per_channel_dense or file.outside or file.dynamic for file in files)
    assert "random" not in json.dumps([case["artifact"]["weights"] for case in cases.values()])
