"""`devbench check` on models as Keras and TensorFlow's converter make them: a good one, and one for each broken rule."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bench

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="there is no TensorFlow"),
    pytest.mark.xdist_group("made by Keras"),
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files, made once: TensorFlow takes seconds to start."""
    folder = tmp_path_factory.mktemp("keras")
    script = Path(__file__).with_name("keras_models.py")
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def _checked(bench: Bench, path: Path) -> tuple[int, dict[str, dict[str, object]]]:
    done = bench("check", path, "--json")
    (finding,) = json.loads(done.stdout)[str(path)]
    return done.returncode, {one["name"]: one for one in finding["checks"]}


def test_the_recipe_of_the_docs_keeps_every_rule(bench: Bench, models: Path) -> None:
    status, found = _checked(bench, models / "good.tflite")
    assert status == 0, found
    assert not [name for name, check in found.items() if check["good"] is False]
    assert str(found["runs on an Edge TPU"]["text"]).startswith("yes, all ")
    assert "dense layers" not in found, "one scale for each dense layer, as old runtimes need it"
    assert found["readable by the compiler"]["good"] is True, "what TensorFlow of today writes is not called too new"


@pytest.mark.parametrize(
    ("name", "rule", "part"),
    [
        ("float", "8-bit throughout", "float32 tensors: "),
        ("float_ends", "8-bit throughout", "2 float32 tensors: "),
        ("sine", "operations", "SIN 1"),
        ("batch_of_two", "dimensions", "more than the three innermost sizes are above 1"),
        ("grouped", "readable by the compiler", "compiler 16.0 refuses 6 and newer (google-coral/edgetpu#631)"),
    ],
)
def test_each_broken_rule_is_named(bench: Bench, models: Path, name: str, rule: str, part: str) -> None:
    status, found = _checked(bench, models / f"{name}.tflite")
    assert status == 4
    assert found[rule]["good"] is False
    assert part in str(found[rule]["text"])


def test_a_free_batch_is_called_a_batch(bench: Bench, models: Path) -> None:
    status, found = _checked(bench, models / "free_batch.tflite")
    assert status == 0
    assert found["runs on an Edge TPU"]["good"] is None
    assert str(found["fixed sizes"]["text"]).startswith("the batch is free (the first size of 7 tensors is -1)")
    assert "batch_shape=(1, ...)" in str(found["fixed sizes"]["hint"])
