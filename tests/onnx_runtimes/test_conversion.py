"""From a quantized .tflite file to ONNX, as it is and for TensorRT: the answers stay what they were."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Bench
from tests.onnx_runtimes.conftest import MEASURE, Gpu

# Looked for, not imported: every process of the tests would load TensorFlow with it.
_MISSING = [name for name in ("tf2onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
    pytest.mark.timeout(400),  # TensorFlow is started for each conversion
]

# A convolution whose ReLU is done by the output's range alone, a residual, pooling and a softmax; int8 throughout.
_NETWORK = """
import sys
import numpy as np
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
image = keras.Input(batch_shape=(1, 16, 16, 3))
x = keras.layers.Conv2D(8, 3, padding="same", activation="relu6")(image)
y = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
x = keras.layers.Add()([x, y])
x = keras.layers.ZeroPadding2D(1)(x)
x = keras.layers.Concatenate()([keras.layers.MaxPooling2D(2)(x), keras.layers.AveragePooling2D(2)(x)])
x = keras.layers.GlobalAveragePooling2D()(x)
out = keras.layers.Softmax()(keras.layers.Dense(5)(x))
converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, out))
converter.optimizations = [tf.lite.Optimize.DEFAULT]
rng = np.random.default_rng(0)
converter.representative_dataset = lambda: ([rng.uniform(-1, 1, (1, 16, 16, 3)).astype("f4")] for _ in range(50))
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = converter.inference_output_type = tf.int8
open(sys.argv[1], "wb").write(converter.convert())
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .tflite file of it."""
    path = tmp_path_factory.mktemp("network") / "net.tflite"
    subprocess.run([sys.executable, "-c", _NETWORK, path], check=True, capture_output=True)
    return path


def test_a_tflite_file_runs_on_a_cpu_with_onnxruntime_and_on_a_jetson(gpu: Gpu, network: Path) -> None:
    devices = "{desktop-cpu: {runtime: [litert, onnxruntime]}}, {jetson: {runtime: tensorrt}}"
    extra = "compare: {baseline: desktop-cpu}"
    done = gpu.run(gpu.suite(str(network), devices, extra))
    assert done.returncode == 0, done.stdout + done.stderr
    litert, ort, tensorrt = gpu.bench.run_file()["cases"]
    assert [case["precision"] for case in (litert, ort, tensorrt)] == ["int8", "int8", "int8"]
    assert ort["artifact"]["facts"]["converted_from_sha256"] == litert["artifact"]["sha256"]
    made = [case["artifact"]["facts"].get("made_by") for case in (litert, ort, tensorrt)]
    assert made == [None, "convert: tf2onnx", "convert: tf2onnx-symmetric"]
    assert ort["artifact"]["facts"]["macs"] == litert["artifact"]["facts"]["macs"], "the same work"
    kinds = [case["artifact"]["quantization"] for case in (litert, ort, tensorrt)]
    assert kinds == ["as-made", "as-made", "requantized"]
    assert ort["artifact"]["inputs"][0]["dtype"] == "int8"
    assert tensorrt["artifact"]["inputs"][0] == litert["artifact"]["inputs"][0] | {
        "name": tensorrt["artifact"]["inputs"][0]["name"],
        "dtype": "float32",
        "stands_for": "int8",
    }
    values = [output.real(output.data) for output in answers(gpu.bench)]
    steps = [np.abs(one - values[0]).max() * 256 for one in values]
    assert steps[1] <= 2
    assert steps[2] <= 12, "its activations have 7 bits"
    assert np.ptp(values[0]) > 0.05, "the answer says something"
    assert "no ratio: not alike" not in done.stdout


def answers(bench: Bench) -> list[Any]:
    from devbench.store.folder import RunFolder

    folder = RunFolder(bench.folder / "out")
    run = folder.load()
    return [folder.outputs(run, case.id)[0] for case in run.cases]


def test_a_real_model_by_google(bench: Bench, google_models: Path) -> None:
    """Its weights have zero points, and its ranges alone do the work of the ReLUs."""
    bench.plugin("fakegpu", _SYMMETRIC_ON_CPU)
    image, labels = google_models / "parrot.jpg", google_models / "imagenet_labels.txt"
    source = google_models / "mobilenet_v2_1.0_224_quant.tflite"
    settings = f"input: {{image: {image}}}\nlabels: {labels}\nmeasure: {MEASURE}\n"
    models = f"models: [{{name: net, source: {source}}}]\n"
    bench.write("s.yaml", f"name: s\n{models}devices: [desktop-cpu, fake-gpu]\n{settings}")
    done = bench("run", "s.yaml", "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = (case["outcome"]["prediction"] for case in bench.run_file()["cases"])
    assert before["label"] == after["label"] == "macaw"
    assert after["score"] == pytest.approx(before["score"], abs=0.15)


# The symmetric file on onnxruntime's CPU provider, without its rewriting of the graph: its int8 kernels overflow on
# processors without VNNI, which TensorRT's do not.
_SYMMETRIC_ON_CPU = """
from pathlib import Path
import devbench_onnx.runtimes as here
from devbench import Device, EngineFile, Place, hookimpl
from devbench_onnx.prepare import prepared

ENGINE = Path(__file__).with_name("plain_engine.py")
ENGINE.write_text(
    here.OnnxRuntime.engine.path.read_text().replace(
        "    settings.intra_op_num_threads",
        "    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL\\n"
        "    settings.intra_op_num_threads",
    )
)


class Plain(here.OnnxRuntime):
    name = "plain"
    engine = EngineFile(path=ENGINE, place_options=("processor",), build_limit_s=3600)

    def formats_at(self, place, options):
        return ("onnx-symmetric", "onnx")

    def prepare(self, artifact, place, options):
        return prepared(artifact, symmetric=True, fp16=False)


class FakeGpu(Device):
    kind = "fake-gpu"
    runtimes = ("plain",)

    def discover(self):
        return [Place(name="local", device=self.kind)]


@hookimpl
def devbench_devices():
    return [FakeGpu]


@hookimpl
def devbench_runtimes():
    return [Plain]
"""


def test_what_cannot_be_converted_fails_with_the_converters_reason(bench: Bench, tmp_path: Path) -> None:
    from tests.tiny_tflite import Operation, Tensor, write_tflite

    tensors = [Tensor("image", "float32", (1, 2, 2, 1)), Tensor("scores", "float32", (1, 2, 2, 1))]
    write_tflite(bench.folder / "net.tflite", tensors, [Operation("custom:mystery", (0,), (1,))], [0], [1])
    bench.write(
        "s.yaml",
        "name: s\nmodels: [{name: net, source: net.tflite}]\ndevices: [{desktop-cpu: {runtime: onnxruntime}}]\n"
        f"measure: {MEASURE}\n",
    )
    bench("run", "s.yaml", "--out", "out")
    (case,) = bench.run_file()["cases"]
    assert case["outcome"]["status"] == "failed"
    assert "the converter tf2onnx cannot convert it: " in case["outcome"]["error"]
