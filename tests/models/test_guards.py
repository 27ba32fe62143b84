"""Failures that nobody reports are seen in the file; and what makes it one that every reader takes changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.domain.making import Preparation
from devbench.models.arithmetic import arithmetic_of
from devbench.models.fix import fixed
from devbench.models.graph import Graph, Operation, Tensor, read_graph
from devbench.models.guards import guards_of
from devbench.models.prediction import label_names
from devbench.models.tflite_file import read_tflite
from tests import tiny_tflite

ZERO_TO_ONE = Preparation(mean=0, std=255)


def _graph(*operations: Operation, dtype: str = "int8", scale: float = 1 / 127.5, zero_point: int = 0) -> Graph:
    given = Tensor(
        number=0, name="image", dtype=dtype, shape=(1, 8, 8, 3), scale=scale, zero_point=zero_point, scales=1
    )
    last = operations[-1].outputs[0] if operations else given
    return Graph(operations=operations, inputs=(given,), outputs=(last,))


def _tensor(number: int, dtype: str, scale: float = 0.0, scales: int = 1, **more: object) -> Tensor:
    return Tensor(number=number, name=f"t{number}", dtype=dtype, shape=(1, 10), scale=scale, scales=scales, **more)  # type: ignore[arg-type]


def _operation(name: str, inputs: tuple[Tensor, ...], output: Tensor, number: int = 0) -> Operation:
    return Operation(number=number, name=name, version=1, inputs=inputs, outputs=(output,), options={})


@pytest.mark.parametrize(
    ("scale", "zero_point", "preparation", "fits"),
    [
        (1 / 127.5, 0, Preparation(), True),
        (0.00772, 2, Preparation(), True),  # calibrated with one picture
        (0.0065, 0, Preparation(), True),  # with dark ones
        (1 / 255, -128, Preparation(), False),
        (1.0, -128, Preparation(), False),
        (1e-6 / 127, 0, Preparation(), False),
        (9.5 / 255, 0, Preparation(), False),  # with noise
        (1 / 255, -128, ZERO_TO_ONE, True),
        (1 / 127.5, 0, ZERO_TO_ONE, True),
        (4.76 / 255, -14, Preparation(mean=(123.7, 116.3, 103.5), std=(58.4, 57.1, 57.4)), True),
    ],
)
def test_an_8_bit_input_must_cover_what_pictures_become(
    scale: float, zero_point: int, preparation: Preparation, fits: bool
) -> None:
    found = [
        one for one in guards_of(_graph(scale=scale, zero_point=zero_point), preparation) if one.name == "input range"
    ]
    assert [one.fatal for one in found] == ([] if fits else [True])


def test_the_usual_preparation_that_fits_is_suggested() -> None:
    [found] = guards_of(_graph(scale=1 / 255, zero_point=-128), Preparation())
    assert "`prepare: {mean: 0, std: 255}` would fit the file" in found.hint


def test_traps_within_the_file_are_found() -> None:
    given = _tensor(0, "int8", 0.1)
    weights = _tensor(1, "int8", scales=10, constant=True, outside=True)
    scores, out = _tensor(2, "int8", 0.1), _tensor(3, "int8", 1e-7)
    graph = _graph(_operation("FULLY_CONNECTED", (given, weights), scores), _operation("SOFTMAX", (scores,), out, 1))
    found = {one.name: one.fatal for one in guards_of(graph)}
    assert found == {"dense layers": False, "weights in the file": False, "output scale": True}
    real = _tensor(4, "float32", scales=0)
    island = _graph(
        _operation("DEQUANTIZE", (given,), real), _operation("ELU", (real,), _tensor(5, "float32", scales=0), 1)
    )
    assert [one.name for one in guards_of(island)] == ["float islands"]


def test_the_arithmetic_has_a_name_of_its_own() -> None:
    byte, real = _tensor(0, "int8", 0.1), _tensor(10, "float32", scales=0)
    made, other = _tensor(11, "float32", scales=0), _tensor(12, "int8", 0.1)
    half = _tensor(13, "float16", scales=0, constant=True)
    narrow = _tensor(14, "int8", scales=4, constant=True)
    wide = _tensor(15, "float32", scales=0)

    def named(*operations: Operation, end: Tensor) -> str:
        return arithmetic_of(Graph(operations=operations, inputs=(end,), outputs=(operations[-1].outputs[0],)))

    assert named(_operation("CONV_2D", (byte,), other), end=byte) == "int8"
    float_ends = (_operation("QUANTIZE", (real,), byte), _operation("CONV_2D", (byte,), other, 1))
    assert named(*float_ends, _operation("DEQUANTIZE", (other,), made, 2), end=real) == "int8, float ends"
    assert named(_operation("CONV_2D", (real, narrow), made), end=real) == "int8 weights"
    halves = (_operation("DEQUANTIZE", (half,), wide), _operation("CONV_2D", (real, wide), made, 1))
    assert named(*halves, end=real) == "float16 weights"
    assert named(_operation("CONV_2D", (real,), made), end=real) == "float32"
    mixed = (_operation("CONV_2D", (byte,), other), _operation("ELU", (real,), made, 1))
    assert named(*mixed, end=byte) == "int8, 1 of 2 operations in float"


def test_a_free_batch_is_fixed_and_nothing_else_of_the_file_changes(tmp_path: Path) -> None:
    tensors = [
        tiny_tflite.Tensor("image", "float32", (1, 2, 2, 1), signature=(-1, 2, 2, 1)),
        tiny_tflite.Tensor("scores", "float32", (1, 2, 2, 1), signature=(-1, 2, 2, 1)),
    ]
    path = tiny_tflite.write_tflite(
        tmp_path / "free.tflite", tensors, [tiny_tflite.Operation("RELU", (0,), (1,))], [0], [1]
    )
    before = path.read_bytes()
    after, told = fixed(before)
    path.write_bytes(after)
    assert read_tflite(path).inputs[0].shape == (1, 2, 2, 1)
    assert not read_tflite(path).dynamic
    assert told == ("the free batch is fixed at 1",)
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 8
    assert fixed(after) == (after, ())


def test_another_free_size_is_left_for_the_user_to_say(tmp_path: Path) -> None:
    tensors = [
        tiny_tflite.Tensor("image", "float32", (1, 2, 2, 1), signature=(-1, -1, 2, 1)),
        tiny_tflite.Tensor("scores", "float32", (1, 2, 2, 1)),
    ]
    path = tiny_tflite.write_tflite(
        tmp_path / "free.tflite", tensors, [tiny_tflite.Operation("RELU", (0,), (1,))], [0], [1]
    )
    assert fixed(path.read_bytes()) == (path.read_bytes(), ())


def test_real_files_by_google_have_no_trap(google_models: Path) -> None:
    for name in ("mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant", "tf2_mobilenet_v2_1.0_224_ptq"):
        graph = read_graph(google_models / f"{name}.tflite")
        assert not guards_of(graph, Preparation()), name
        assert arithmetic_of(graph) == "int8"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cat\nhot dog\n", ["cat", "hot dog"]),
        ("0 cat\n1 hot dog\n", ["cat", "hot dog"]),
        ("0: cat\n1: dog\n", ["cat", "dog"]),
        ("1  dog\n0  cat\n", ["cat", "dog"]),
        ("7 seas\nsecond\n", ["7 seas", "second"]),
        ("", []),
    ],
)
def test_labels_come_with_and_without_numbers(text: str, names: list[str]) -> None:
    assert label_names(text) == names
