"""What a .tflite file says of itself is checked before it is believed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import flatbuffers
import pytest
import tflite

from devbench.errors import ModelError
from devbench.models.tflite_file import read_tflite
from tests.tiny_tflite import Operation, Tensor, write_tflite


def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # takes no space
    for path in (
        tmp_path / "pipe",
        Path("/dev/zero"),
        tmp_path / "large",
        tmp_path,
        tmp_path / "gone",
        tmp_path / ("n" * 300),
    ):
        with pytest.raises(ModelError, match="cannot be read: "):
            read_tflite(path)


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -1.0])
def test_a_scale_that_is_not_a_positive_number_is_damage(tmp_path: Path, scale: float) -> None:
    tensor = Tensor("x", "uint8", (1, 2), scale=scale, zero_point=1)
    path = write_tflite(tmp_path / "x.tflite", [tensor], [Operation("SQUEEZE", (0,), (0,))], [0], [0])
    with pytest.raises(ModelError, match="damaged or cut short"):
        read_tflite(path)


def test_many_graphs_that_share_their_tensors_do_not_take_for_ever(tmp_path: Path) -> None:
    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("x" * 10_000)
    tflite.TensorStart(builder)
    tflite.TensorAddName(builder, name)
    tensor = tflite.TensorEnd(builder)
    tensors = _vector(builder, tflite.SubGraphStartTensorsVector, [tensor] * 3000)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    graph = tflite.SubGraphEnd(builder)
    for graphs in (1, 3000):  # 30 MB of names, and 9 million tensors
        path = tmp_path / f"{graphs}.tflite"
        path.write_bytes(_model(builder, graph, graphs))
        start = time.process_time()
        with pytest.raises(ModelError, match="damaged or cut short"):
            read_tflite(path)
        assert time.process_time() - start < 5, "nine million take minutes"


def _model(builder: flatbuffers.Builder, graph: int, graphs: int) -> bytes:
    vector = _vector(builder, tflite.ModelStartSubgraphsVector, [graph] * graphs)
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, vector)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    builder.finished = False
    return bytes(builder.Bytes[builder.Head() :])


def _vector(builder: flatbuffers.Builder, start: object, offsets: list[int]) -> int:
    start(builder, len(offsets))  # type: ignore[operator]
    for offset in offsets:
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()  # type: ignore[no-any-return]
