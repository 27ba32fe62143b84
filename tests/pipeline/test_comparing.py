"""Does a made file answer as its source does, and do two halves of the pictures agree? The comparison itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devbench.pipeline import comparing
from devbench.pipeline.checks import calibration_note, halves_told, same_told
from devbench.pipeline.process import Halves, Same
from devbench.testing.tiny_model import TinyModel

TINY = TinyModel(layers=2, height=6, width=5)
pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TINY.write(tmp_path_factory.mktemp("made") / "tiny.tflite")


def _right(arrays: list[Any]) -> list[Any]:
    return [TINY.answer(arrays[0])]


def test_the_same_answers_are_told_with_what_rounding_leaves(made: Path) -> None:
    found = comparing.compare(made, _right)
    assert (found["inputs"], found["note"]) == (comparing.INPUTS, "")
    assert found["relative"] < 1e-5
    assert same_told(Same(**found)).startswith(f"as the source's for {comparing.INPUTS} made-up inputs, within ")
    assert same_told(Same(inputs=4, difference=0.0, relative=0.0)) == "as the source's for 4 made-up inputs, exactly"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda answer: answer * 1.01,
        lambda answer: answer[..., ::-1],
        np.zeros_like,
        lambda answer: np.where(answer == answer.max(), np.nan, answer),
    ],
)
def test_other_answers_are_an_error_that_says_how_far_they_are_apart(made: Path, wrong: Any) -> None:
    with pytest.raises(
        comparing.DiffersError, match=r"answers otherwise than its source: by up to .* \(input 1 of 4\)"
    ):
        comparing.compare(made, lambda arrays: [wrong(TINY.answer(arrays[0]))])


def test_channels_in_another_place_are_the_same_answer(made: Path) -> None:
    found = comparing.compare(made, lambda arrays: [TINY.answer(arrays[0]).transpose(0, 3, 1, 2)])
    assert found["inputs"] == comparing.INPUTS


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (None, "nothing here runs the source"),
        (lambda _: 1 / 0, "the source cannot be run here (ZeroDivisionError: division by zero)"),
        (lambda _: [np.random.default_rng().normal(size=TINY.output_shape)], "another answer each time"),
        (lambda arrays: [arrays[0], arrays[0]], "it has 1 outputs, and the source 2"),
        (lambda _: [np.zeros(7)], "other shapes"),
    ],
)
def test_what_cannot_be_compared_is_said_and_is_no_error(made: Path, source: Any, why: str) -> None:
    found = comparing.compare(made, source)
    assert found["inputs"] == 0
    assert found["note"].startswith("not compared: ")
    assert why in found["note"]


def test_a_made_file_that_cannot_be_read_here_is_said(tmp_path: Path) -> None:
    (tmp_path / "net.fake").write_text("x")
    assert "nothing here runs what was made" in comparing.compare(tmp_path / "net.fake", _right)["note"]
    (tmp_path / "net.tflite").write_text("x")
    assert "what was made cannot be run here" in comparing.compare(tmp_path / "net.tflite", _right)["note"]


def test_several_inputs_are_told_apart_by_their_names() -> None:
    inputs = [("serving_default_b:0", [1], np.float32), ("serving_default_a/x:0", [1], np.float32)]
    assert comparing._order(inputs, ["a_x", "b"]) == [1, 0]
    with pytest.raises(comparing._CannotError, match="which of its inputs is which"):
        comparing._order(inputs, ["first", "second"])


def test_made_up_inputs_are_the_same_every_time_and_fit_what_is_taken() -> None:
    for kind in (np.float32, np.int8, np.uint8, np.int64, np.bool_):
        one, again = (comparing.made_up([1, 9, 9, 3], kind, 1, (0.0, 1.0)) for _ in range(2))
        assert one.dtype == kind
        assert np.array_equal(one, again)
        if kind in (np.float32, np.int64):
            assert one.min() >= 0
            assert one.max() <= 1


def test_halves_are_as_far_apart_as_what_only_one_of_them_covers() -> None:
    same = {"a": (-1.0, 1.0), "b": (0.0, 6.0), "constant": (2.0, 2.0)}
    assert comparing.halves(same, same) == {"tensors": 2, "median": 0.0, "worst": 0.0, "worst_tensor": "b"}
    other = {"a": (-1.0, 1.0), "b": (0.0, 3.0), "c": (0.0, 1.0)}
    found = comparing.halves(same, other)
    assert (found["worst"], found["worst_tensor"]) == (0.5, "b")
    assert comparing.halves({"a": (0.0, 1.0)}, {"a": (2.0, 3.0)})["median"] == 1.0
    assert comparing.halves({}, {}) is None


def test_a_calibration_that_other_pictures_would_change_gets_a_note_with_what_to_do() -> None:
    good = Halves(tensors=9, median=0.03, worst=0.4, worst_tensor="conv")
    bad = Halves(tensors=9, median=0.5, worst=0.9, worst_tensor="conv")
    assert calibration_note(good, 100) == ""
    assert halves_told(good) == "ranges differ by 3 % (median of 9 tensors), at most 40 % (conv)"
    assert "differ by 50 % (median of 9 tensors)" in calibration_note(bad, 8)
    assert "`calibrate: {count: 16}`" in calibration_note(bad, 8)
    assert "one picture" in calibration_note(None, 1)
