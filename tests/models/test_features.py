"""What decides how long a network takes: multiply-accumulates by kind, and bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench import Graph, ModelError, Operation, Tensor
from devbench.models.features import NetworkFeatures, features_of, read_features
from tests.tiny_tflite import Operation as FileOperation
from tests.tiny_tflite import Tensor as FileTensor
from tests.tiny_tflite import write_tflite


def _tensor(number: int, *shape: int, dtype: str = "int8", **more: object) -> Tensor:
    return Tensor(number=number, name=f"t{number}", dtype=dtype, shape=shape, **more)  # type: ignore[arg-type]


def _constant(number: int, *shape: int, dtype: str = "int8", size_bytes: int = 0) -> Tensor:
    return _tensor(number, *shape, dtype=dtype, constant=True, data=bytes(size_bytes))


def _features(name: str, inputs: list[Tensor], output: Tensor, custom: bool = False) -> NetworkFeatures:
    operation = Operation(
        number=0, name=name, version=1, inputs=tuple(inputs), outputs=(output,), options={}, custom=custom
    )
    return features_of(Graph(operations=(operation,), inputs=(inputs[0],), outputs=(output,)))


@pytest.mark.parametrize(
    ("name", "inputs", "output", "kind", "macs"),
    [
        ("CONV_2D", [(1, 8, 8, 4), (6, 1, 1, 4)], (1, 8, 8, 6), "conv_1x1", 8 * 8 * 6 * 4),
        ("CONV_2D", [(1, 8, 8, 4), (6, 3, 5, 2)], (1, 8, 8, 6), "conv_kxk", 8 * 8 * 6 * 3 * 5 * 2),  # in two groups
        ("DEPTHWISE_CONV_2D", [(1, 8, 8, 4), (1, 3, 3, 8)], (1, 4, 4, 8), "depthwise", 4 * 4 * 8 * 9),
        ("FULLY_CONNECTED", [(2, 10), (7, 10)], (2, 7), "dense", 2 * 7 * 10),
        ("BATCH_MATMUL", [(3, 4, 5), (3, 5, 6)], (3, 4, 6), "matmul", 3 * 4 * 6 * 5),
        ("BATCH_MATMUL", [(3, 5, 4), (5, 6)], (3, 4, 6), "matmul", 3 * 4 * 6 * 5),  # the first one transposed
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", [(1, 28, 10), (20, 10), (20, 20)], (1, 28, 20), "recurrent", 28 * 600),
    ],
)
def test_multiply_accumulates_by_kind(
    name: str, inputs: list[tuple[int, ...]], output: tuple[int, ...], kind: str, macs: int
) -> None:
    first, *others = inputs
    tensors = [_tensor(0, *first), *(_constant(k, *shape) for k, shape in enumerate(others, 1))]
    assert _features(name, tensors, _tensor(9, *output)).macs == {kind: macs}


def test_a_transposed_convolution_meets_each_weight_once_for_each_input() -> None:
    inputs = [_constant(0, 4, dtype="int32"), _constant(1, 6, 2, 2, 4), _tensor(2, 1, 8, 8, 4)]
    found = _features("TRANSPOSE_CONV", inputs, _tensor(3, 1, 16, 16, 6))
    assert found.macs == {"transposed": 8 * 8 * 4 * 6 * 2 * 2}


def test_bytes_by_kind_and_what_enters_and_leaves() -> None:
    inputs = [_tensor(0, 1, 8, 8, 4), _constant(1, 6, 1, 1, 4, size_bytes=24)]
    found = _features("CONV_2D", inputs, _tensor(2, 1, 8, 8, 6, dtype="float32"))
    assert found.weight_bytes == {"conv_1x1": 24}
    assert found.activation_bytes == {"conv_1x1": 256 + 4 * 384}
    assert (found.input_bytes, found.output_bytes, found.complete) == (256, 4 * 384, True)


def test_float16_weights_count_once_and_where_they_are_used() -> None:
    narrow, wide = _constant(1, 6, 1, 1, 4, dtype="float16", size_bytes=48), _tensor(2, 6, 1, 1, 4, dtype="float32")
    image, result = _tensor(0, 1, 8, 8, 4, dtype="float32"), _tensor(3, 1, 8, 8, 6, dtype="float32")

    def operation(number: int, name: str, inputs: tuple[Tensor, ...], output: Tensor) -> Operation:
        return Operation(number=number, name=name, version=1, inputs=inputs, outputs=(output,), options={})

    operations = (operation(0, "DEQUANTIZE", (narrow,), wide), operation(1, "CONV_2D", (image, wide), result))
    found = features_of(Graph(operations=operations, inputs=(image,), outputs=(result,)))
    assert (found.macs, found.weight_bytes) == ({"conv_1x1": 1536}, {"conv_1x1": 48})
    assert (found.total_activation_bytes, found.precision) == (4 * (256 + 384), "float32")


def test_what_is_not_counted_is_named() -> None:
    found = _features("edgetpu-custom-op", [_tensor(0, 1, 8, 8, 4)], _tensor(1, 1, 10), custom=True)
    assert (found.uncounted, found.total_macs, found.complete) == ({"edgetpu-custom-op": 1}, 0, False)
    free = _features("RELU", [_tensor(0, 1, -1, 8, 4, free=(1,))], _tensor(1, 1, -1, 8, 4, free=(1,)))
    assert free.free_sizes and not free.complete
    batch = _features("RELU", [_tensor(0, 1, 8, free=(0,))], _tensor(1, 1, 8, free=(0,)))
    assert batch.complete, "a free batch is a batch of 1"


def test_a_file_is_read_or_refused(tmp_path: Path) -> None:
    tensors = [
        FileTensor("in", "uint8", (1, 4, 4, 2)),
        FileTensor("w", "uint8", (3, 1, 1, 2)),
        FileTensor("out", "uint8", (1, 4, 4, 3)),
    ]
    file = write_tflite(tmp_path / "conv.tflite", tensors, [FileOperation("CONV_2D", (0, 1), (2,))], [0], [2])
    found = read_features(file)
    assert (found.macs, found.precision) == ({"conv_1x1": 96}, "int8")
    assert (found.input_bytes, found.output_bytes) == (32, 48)
    (tmp_path / "page.tflite").write_text("<html>")
    with pytest.raises(ModelError, match="HTML"):
        read_features(tmp_path / "page.tflite")


def test_googles_networks_have_the_known_features(google_models: Path) -> None:
    found = read_features(google_models / "mobilenet_v2_1.0_224_quant.tflite")
    assert found.total_macs == 300_775_552, "as the paper counts: 300 million"
    assert found.macs["depthwise"] == 20_716_416
    assert 3.54e6 < found.total_weight_bytes < 3.56e6
    compiled = read_features(google_models / "mobilenet_v2_1.0_224_quant_edgetpu.tflite")
    assert compiled.uncounted == {"edgetpu-custom-op": 1}
