"""The last layer, learned by the worker's own code, and by the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from devbench.worker import last_layer
from devbench.worker.learning import first_of_each
from tests.conftest import QUICK, Bench
from tests.pictures import CLASSES, brightest, test_set

SETTINGS = {"weight_scale": 0.05, "learning_rate": 0.1, "batch": 50, "iterations": 300}


def _clouds(each: int, seed: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings around a direction of each class."""
    random = np.random.RandomState(seed)
    labels = np.repeat(np.arange(classes), each)
    return (3 * np.eye(classes, 8)[labels] + random.normal(0, 0.4, (len(labels), 8))).astype(np.float32), labels


def test_imprinting_is_the_mean_direction_of_each_class() -> None:
    embeddings, labels = _clouds(5, 1)
    weights, biases = last_layer.imprinted(embeddings, labels, 3)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    for label in range(3):
        mean = (embeddings / lengths)[labels == label].sum(axis=0)
        np.testing.assert_allclose(weights[:, label], mean / np.linalg.norm(mean), rtol=1e-5)
    assert not biases.any()


def test_one_picture_of_a_new_class_is_enough_and_changes_no_other() -> None:
    embeddings, labels = _clouds(5, 2)
    before = last_layer.imprinted(embeddings[labels < 2], labels[labels < 2], 2)
    after = last_layer.with_class(before, embeddings[labels == 2][:1])
    np.testing.assert_array_equal(after[0][:, :2], before[0])
    others, wanted = _clouds(50, 3)
    assert (last_layer.recognized(after, last_layer.normalized(others)) == wanted).mean() > 0.95


def test_regression_follows_the_gradient_and_learns() -> None:
    embeddings, labels = _clouds(20, 4)
    others, wanted = _clouds(50, 5)
    learned = last_layer.regressed(embeddings, labels, 3, SETTINGS, seed=0)
    assert (last_layer.recognized(learned, others) == wanted).mean() > 0.98
    again = last_layer.regressed(embeddings, labels, 3, SETTINGS, seed=0)
    np.testing.assert_array_equal(learned[0], again[0])
    one_step = last_layer.regressed(embeddings, labels, 3, {**SETTINGS, "iterations": 1, "weight_scale": 0.0}, seed=7)
    chosen = np.random.RandomState(7)
    chosen.standard_normal((8, 3))
    batch = chosen.randint(0, len(labels), size=50)
    gradient = embeddings[batch].T @ (np.full((50, 3), 1 / 3) - np.eye(3)[labels[batch]]) / 50
    np.testing.assert_allclose(one_step[0], -0.1 * gradient, atol=1e-5)


def test_rows_of_zeros_and_large_logits_are_no_trouble() -> None:
    assert not last_layer.normalized(np.zeros((2, 3))).any()
    assert last_layer.softmax(np.array([[1e4, 0.0]])).tolist() == [[1.0, 0.0]]
    assert first_of_each(np.array([1, 0, 1, 0, 1]), 2, 2).tolist() == [1, 3, 0, 2]


def _suite(bench: Bench, learn: str = "{images: taught, pictures: [1, 3], draws: 2}") -> Path:
    return bench.write(
        "suite.yaml",
        f"name: school\nmodels: [{{name: net, source: net.tflite}}]\nlearn: {learn}\ntest: photos\n"
        f"devices: [desktop-cpu: {{runtime: litert}}]\nmeasure: {QUICK}\n",
    )


@pytest.fixture
def school(bench: Bench) -> Bench:
    """A network whose output is a good embedding, with pictures to learn from and others."""
    pytest.importorskip("ai_edge_litert")
    brightest(bench.folder / "net.tflite")
    test_set(bench.folder / "taught")
    test_set(bench.folder / "photos", each=4)
    return bench


def test_the_command_learns_and_says_how_well_and_how_fast(school: Bench) -> None:
    done = school("learn", _suite(school), "--json")
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["results"]
    assert (found["classes"], found["dimensions"], found["test_pictures"], found["draws"]) == (CLASSES, 4, 16, 2)
    assert [(head["method"], head["each"]) for head in found["heads"]] == [
        (method, each) for each in (1, 3) for method in ("imprinting", "regression")
    ]
    imprinting = [head for head in found["heads"] if head["method"] == "imprinting"]
    assert all(share > 0.8 for share in imprinting[1]["accuracies"])
    assert all(head["usable_ms"] > head["each"] * found["extract_ms"]["estimate"] > 0 for head in imprinting)
    shown = school("learn", _suite(school))
    assert "810 ms" in shown.stdout
    assert "weight imprinting" in shown.stdout


def test_what_cannot_be_learned_from_is_said(school: Bench) -> None:
    done = school("learn", _suite(school, "{images: taught, pictures: [50]}"))
    assert done.returncode == 3
    assert "a class has 5 pictures, and 50 are to be learned from" in done.stdout
    done = school("learn", _suite(school, "{images: nowhere}"))
    assert done.returncode == 3
    assert "nowhere: the pictures cannot be read" in done.stdout
    (school.folder / "photos" / "3").rename(school.folder / "photos" / "9")
    assert "its folder 9 is not a class" in school("learn", _suite(school)).stdout
