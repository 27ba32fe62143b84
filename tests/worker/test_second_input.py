"""After the timed loops the worker asks once more, with another input: an answer that ignores it confirms nothing."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from devbench.compare.alike import Agreement, agreement
from devbench.domain.measure import PROFILES
from devbench.domain.outcome import OutputTensor
from devbench.domain.place import Place
from devbench.places.answers import MEASURING, InvalidAnswerError, Output, Result, Samples, checked
from devbench.places.pieces import Pieces
from devbench.testing import measure_once
from devbench.worker import feeds
from devbench.worker.outputs import SAMPLED_VALUES, packed
from devbench_desktop.tflite import LiteRt, TfliteRuntime
from tests.conftest import QUICK, Bench
from tests.tiny_tflite import Operation, Tensor, classifier, write_tflite

SHORT = replace(PROFILES["quick"], warmup_runs=1, warmup_s=0, min_runs=2, min_s=0)


def outputs_of(network: Path, tmp_path: Path, **options: int) -> tuple[OutputTensor, ...]:
    return measure_once(LiteRt, network, tmp_path, options=options, measure=SHORT).outputs


def zeros(path: Path, shape: tuple[int, ...] = (1, 8, 8, 1)) -> Path:
    """A network whose answer is always 0: a segmentation that finds nothing."""
    tensors = [Tensor("image", "float32", shape), Tensor("mask", "float32", shape)]
    return write_tflite(path, tensors, [Operation("ZEROS_LIKE", (0,), (1,))], [0], [1])


def test_a_second_answer_comes_with_the_first_and_is_another_one(tmp_path: Path) -> None:
    (output,) = outputs_of(classifier(tmp_path / "tiny.tflite"), tmp_path)
    assert output.whole
    assert len(output.data) == len(output.second_data) == 4
    assert output.second_sha256 not in ("", output.sha256)
    assert agreement([output], [output], frozenset({"as-made"})) == Agreement()


def test_an_answer_that_ignores_the_input_is_not_confirmed_and_the_table_says_so(bench: Bench) -> None:
    zeros(bench.folder / "zeros.tflite")
    suite = bench.write(
        "suite.yaml",
        f"name: s\nmodels: [{{name: zeros, source: zeros.tflite}}]\n"
        f"devices: [{{desktop-cpu: {{threads: [1, 2]}}}}]\ncompare: {{baseline: desktop-cpu}}\nmeasure: {QUICK}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    text = " ".join(bench("report", "out", "--verbose").stdout.split())
    assert "│ answers not confirmed " in text
    assert "answers not confirmed: two different inputs gave the same outputs; use a picture" in text
    assert "Not confirmed: " in done.stdout


def test_the_outputs_of_a_large_network_are_sampled_alike_for_both_inputs(tmp_path: Path) -> None:
    size = 600
    tensors = [Tensor("image", "float32", (1, size, size, 1)), Tensor("out", "float32", (size, size))]
    network = write_tflite(tmp_path / "large.tflite", tensors, [Operation("SQUEEZE", (0,), (1,))], [0], [1])
    (output,) = outputs_of(network, tmp_path)
    assert not output.whole
    first, second = output.real(output.data), output.real(output.second_data)
    assert first.size == second.size == SAMPLED_VALUES
    assert len(np.unique(second)) <= feeds.PATCHES**2 < len(np.unique(first))
    assert agreement([output], [output], frozenset({"none"})) == Agreement()


def test_a_float_output_that_the_file_dequantizes_has_its_step(tmp_path: Path) -> None:
    tensors = [
        Tensor("image", "uint8", (1, 8), 1 / 127.5, 128),
        Tensor("same", "uint8", (8,), 1 / 127.5, 128),
        Tensor("scores", "float32", (8,)),
    ]
    steps = [Operation("SQUEEZE", (0,), (1,)), Operation("DEQUANTIZE", (1,), (2,))]
    (output,) = outputs_of(write_tflite(tmp_path / "d.tflite", tensors, steps, [0], [2]), tmp_path)
    assert (output.dtype, output.scale) == ("float32", pytest.approx(1 / 127.5))
    near = replace(output, sha256="", data=np.float32(output.real(output.data) + 20 / 127.5).tobytes())
    assert agreement([output], [near], frozenset({"as-made"})) == Agreement(), "20 steps of its quantization"
    assert agreement([output], [near], frozenset({"none"})) == Agreement(), "its step is known"


def test_the_second_input_is_the_same_on_every_device_and_in_patches() -> None:
    specs = [
        {"name": "a", "dtype": "uint8", "shape": [1, 32, 20, 3]},
        {"name": "b", "dtype": "int64", "shape": [7]},
        {"name": "c", "dtype": "float32", "shape": []},
        {"name": "d", "dtype": "float32", "shape": [1, 16], "stands_for": "int8", "scale": 0.5, "zero_point": -1},
    ]
    image, index, scalar, real = feeds.patches(specs, seed=2**32 - 1)
    assert [one.shape for one in (image, index, scalar, real)] == [(1, 32, 20, 3), (7,), (), (1, 16)]
    assert (image[0, ::4] == image[0, 3::4]).all()
    assert len(np.unique(image)) > 100
    assert set(np.unique(index)) <= {0, 1}
    assert (real == np.round(real * 2) / 2).all()
    assert image.flags.c_contiguous
    again = feeds.patches(specs, seed=2**32 - 1)[0]
    assert (again == image).all()
    assert (feeds.patches(specs, seed=0)[0] != image).any()


def test_no_second_input_where_there_is_no_time_left_for_it(tmp_path: Path) -> None:
    """The time limit is that of a case whose inference takes most of it: what was measured must come home."""
    seen = []

    class Engine:
        def load(self, path: str, options: object) -> None:
            pass

        def inputs(self) -> list[dict[str, object]]:
            return [{"name": "x", "dtype": "float32", "shape": [2]}]

        def feed(self, arrays: list[np.ndarray]) -> None:
            seen.append(arrays)

        def invoke(self) -> None:
            sum(range(100_000))

        def outputs(self) -> list[tuple[dict[str, object], np.ndarray]]:
            return [({"name": "y", "dtype": "float32", "shape": [2]}, seen[-1][0])]

        def facts(self) -> dict[str, str]:
            return {}

    from devbench.worker.session import measure_case

    settings = {
        "warmup_runs": 1, "warmup_s": 0, "warmup_cap_s": 0, "min_runs": 2, "min_s": 0, "cap_s": 1, "precision": 0,
    }  # fmt: skip
    request = {"artifact": "", "options": {}, "inputs": [], "outputs": [], "feeds": [], "seed": 0}
    found = [
        measure_case(Engine(), {**request, "settings": {**settings, "time_limit_s": limit_s}}, lambda _: None)
        for limit_s in (60, 0.001)
    ]
    assert [len(one["second_outputs"]) for one in found] == [1, 0]
    assert len(seen) == 7, "the first, the second, and both in turns; the first alone"
    assert found[0]["second_outputs"][0]["sha256"] != found[0]["outputs"][0]["sha256"]


def test_outputs_for_the_second_input_are_the_same_outputs_or_the_answer_is_refused() -> None:
    spec = {"name": "y", "scale": 0.0, "zero_point": 0}

    def sent(shape: tuple[int, ...], second: bool, **changed: object) -> Output:
        (output,) = packed([(spec, np.ones(shape, "float32"))])
        found = checked(json.dumps({"event": "output", "second": second, **output, **changed}).encode(), MEASURING)
        assert isinstance(found, Output)
        return found

    large = 300, 300
    assert len(sent(large, True).data) == SAMPLED_VALUES * 4
    for wrong in (b64encode(bytes(4 * 300 * 300)), b64encode(bytes(4 * 4095))):
        with pytest.raises(InvalidAnswerError, match="do not fit the number of bytes"):
            sent(large, False, data=wrong.decode())
    pieces = Pieces(SHORT)
    for output in (sent((2,), False), sent((3,), True)):
        pieces.add(output)
    pieces.add(Samples(event="samples", phase="steady", ns=[100_000]))
    result = Result.model_construct(inferences_per_sample=1)
    with pytest.raises(InvalidAnswerError, match="the second input has other outputs"):
        pieces.complete(result)


@pytest.mark.skipif("DEVBENCH_TEST_TFLITE_PYTHON" not in os.environ, reason="DEVBENCH_TEST_TFLITE_PYTHON is not set")
@pytest.mark.parametrize("name", ["mobilenet_v2_1.0_224_quant", "pairs/yamnet_spectra_in"])
def test_two_runtimes_confirm_each_other_on_real_networks(google_models: Path, tmp_path: Path, name: str) -> None:
    """Float outputs of a quantized network too: yamnet's are 20 and more steps of 1/256 apart."""
    place = Place(name="local", device="desktop-cpu", python={"": os.environ["DEVBENCH_TEST_TFLITE_PYTHON"]})
    network = google_models / f"{name}.tflite"
    theirs = measure_once(TfliteRuntime, network, tmp_path, place=place, measure=SHORT).outputs
    assert agreement(outputs_of(network, tmp_path), theirs, frozenset({"as-made"})) == Agreement()
