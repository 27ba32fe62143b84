"""What each published table is, and what its source states of the rows and columns. Nothing here is from memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Cells = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of raw/.

    keys: raw columns that name the row. common: cells that hold for all rows.
    columns_for: for a raw row, the raw columns with figures in them, each with what it was measured on.
    """

    name: str
    title: str
    url: str
    date: str
    notes: tuple[str, ...]
    columns_for: Callable[[Cells], Mapping[str, Cells]]
    keys: tuple[str, ...] = ("model",)
    common: Cells = field(default_factory=dict)


INT8 = {"precision": "int8"}  # an Edge TPU runs nothing else
USB = {"device": "coral-usb", "accelerator": "Coral USB Accelerator", **INT8}
DEV_BOARD = {"device": "coral-dev-board", "host": "Coral Dev Board", "accelerator": "Edge TPU", **INT8}
UNSPECIFIED = {"statistic": "unspecified"}


def same(columns: Mapping[str, Cells]) -> Callable[[Cells], Mapping[str, Cells]]:
    """The same columns for every row."""
    return lambda _: columns


_CORAL_COLUMNS: Mapping[str, Cells] = {
    "desktop_cpu_ms": {"device": "desktop-cpu", "place": "Desktop CPU"},
    "desktop_cpu_usb_accelerator_usb3_ms": {
        **USB,
        "place": "Desktop CPU + USB Accelerator (USB 3.0)",
        "link": "USB 3.0",
    },
    "embedded_cpu_ms": {"device": "coral-dev-board-cpu", "place": "Embedded CPU"},
    "dev_board_ms": {**DEV_BOARD, "place": "Dev Board with Edge TPU"},
}
_XEON = "Intel Xeon E5-1650 v3 (3.50 GHz)"
_REFERENCE_HOSTS: Mapping[str, Cells] = {
    "x86_64": {"host": _XEON, "cpu": _XEON, "link": "USB 3.0"},
    "rp3b": {"host": "Raspberry Pi 3 B v1.2", "link": "USB 2.0"},
    "rp3b_plus": {"host": "Raspberry Pi 3 B+ v1.3", "link": "USB 2.0"},
    "rp4b": {"host": "Raspberry Pi 4 B"},  # its link is not stated
}
_DESKTOP_OR_PI = {"x86_64": "desktop-cpu"}


def _reference_columns(raw: Cells) -> Mapping[str, Cells]:
    """On the Edge TPU if the file is compiled for it, else on the CPU of the host."""
    compiled = raw["model_file"].endswith("_edgetpu.tflite")
    board: Cells = (
        {**DEV_BOARD, "place": "Dev Board"} if compiled else {"device": "coral-dev-board-cpu", "place": "Dev Board CPU"}
    )
    found: dict[str, Cells] = {"aarch64_dev_board_ms": board}
    for key, host in _REFERENCE_HOSTS.items():
        cpu = {name: cell for name, cell in host.items() if name != "link"}
        found[f"{key}_ms"] = (
            {**USB, **host, "place": f"USB Accelerator on {host['host']}"}
            if compiled
            else {**cpu, "device": _DESKTOP_OR_PI.get(key, "raspberry-pi-cpu"), "place": f"CPU of {host['host']}"}
        )
    return found


_PAIR_XEON = "Intel Xeon W-2135 (4.50 GHz)"
_PAIR_COLUMNS: Mapping[str, Cells] = {
    "x86_64_ms_per_pair": {
        **USB,
        "host": _PAIR_XEON,
        "cpu": _PAIR_XEON,
        "link": "USB 3.0",
        "place": f"USB Accelerator on {_PAIR_XEON}",
    },
    "aarch64_dev_board_ms_per_pair": {**DEV_BOARD, "place": "Dev Board"},
    **{
        f"{key}_ms_per_pair": {
            **USB,
            **_REFERENCE_HOSTS[key],
            "place": f"USB Accelerator on {_REFERENCE_HOSTS[key]['host']}",
        }
        for key in ("rp3b", "rp3b_plus", "rp4b")
    },
}
_NANO_COLUMNS: Mapping[str, Cells] = {
    "jetson_nano_fps": {"device": "jetson", "place": "NVIDIA Jetson Nano", "host": "NVIDIA Jetson Nano"},
    "raspberry_pi_3_fps": {"device": "raspberry-pi-cpu", "place": "Raspberry Pi 3", "host": "Raspberry Pi 3"},
    "raspberry_pi_3_ncs2_fps": {
        "device": "intel-ncs2",
        "place": "Raspberry Pi 3 + Intel Neural Compute Stick 2",
        "host": "Raspberry Pi 3",
        "accelerator": "Intel Neural Compute Stick 2",
    },
    "coral_dev_board_fps": {**DEV_BOARD, "place": "Google Edge TPU Dev Board"},
}
_TX2 = {"device": "jetson", "host": "NVIDIA Jetson TX2", "os": "JetPack 3.2"}
_TX2_TRT = {**_TX2, "runtime": "tensorrt", "runtime_version": "3.0", "batch": "1", "statistic": "mean", "region": "io"}
_TX2_TF = {**_TX2, "runtime": "tensorflow", "statistic": "unspecified"}
_TX2_COLUMNS: Mapping[str, Cells] = {
    "trt_half_ms": {**_TX2_TRT, "place": "Jetson TX2, TensorRT half", "precision": "float16"},
    "trt_float_ms": {**_TX2_TRT, "place": "Jetson TX2, TensorRT float", "precision": "float32"},
    "tf_float_ms": {
        **_TX2_TF,
        "place": "Jetson TX2, TensorFlow float",
        "precision": "float32",
        "statistic": "mean",
        "batch": "1",
    },
    "tftrt_fp16_ms": {
        **_TX2_TF,
        "place": "Jetson TX2, TF-TRT FP16",
        "precision": "float16",
        "options": "nvpmodel=0;jetson_clocks",
    },
    "tf_fp32_ms": {
        **_TX2_TF,
        "place": "Jetson TX2, TensorFlow FP32",
        "precision": "float32",
        "options": "nvpmodel=0;jetson_clocks",
    },
}

_GOOGLE_RUNS = {"statistic": "mean", "batch": "1", "precision": "int8", "governor": "performance"}
_EDGETPU_REPOSITORY = "https://github.com/google-coral/edgetpu/tree/75e6756/benchmarks/reference"

TABLES: tuple[Table, ...] = (
    Table(
        name="coral-faq-2019",
        title="Edge TPU FAQ, early 2019, as quoted in freedomtan/edge_tpu_python_scripts",
        url="https://github.com/freedomtan/edge_tpu_python_scripts",
        date="2019",
        notes=(
            "The FAQ page itself was not seen: the figures are a third party's quotation, found alike in two copies.",
            "Not stated: input size, batch, repetitions, statistic, threads, runtime version, hosts.",
        ),
        columns_for=same(_CORAL_COLUMNS),
        common=UNSPECIFIED,
    ),
    Table(
        name="coral-docs-benchmarks",
        title="Edge TPU performance benchmarks, table 1 (coral.ai documentation)",
        url="https://coral.ai/docs/edgetpu/benchmarks",
        date="",
        notes=(
            "The page states: execution of the model only, measured with C++ benchmarks.",
            "Not stated: batch, repetitions, statistic, threads, runtime version, std or max Edge TPU library.",
            "The row EfficientNet-EdgeTpu-L is left out: the copy that was read ends inside it.",
        ),
        columns_for=same(_CORAL_COLUMNS),
        common={**UNSPECIFIED, "region": "invoke"},
    ),
    Table(
        name="google-coral-reference-2019-09",
        title="google-coral/edgetpu, commit 75e6756: basic_engine_reference CSVs",
        url=_EDGETPU_REPOSITORY,
        date="2019-09-20",
        notes=(
            "Means of 200 inferences on the Edge TPU and 20 on the CPU through the Python API.",
            "There was no warm-up: the first inference, which loads the weights, is inside the mean.",
            "Stated: CPU governor performance. Not stated: spread, threads, the link of the Raspberry Pi 4.",
        ),
        keys=("model_file",),
        columns_for=_reference_columns,
        common=_GOOGLE_RUNS,
    ),
    Table(
        name="google-coral-cocompilation-2019-09",
        title="google-coral/edgetpu, commit 75e6756: cocompilation_reference CSVs",
        url=_EDGETPU_REPOSITORY,
        date="2019-09-20",
        notes=(
            "Two models take turns on one Edge TPU; a figure is the time for both inferences together.",
            "Means of 200, without warm-up. The x86-64 host is another than in the table of single models.",
        ),
        keys=("first_model_file", "second_model_file", "compiled"),
        columns_for=same(_PAIR_COLUMNS),
        common=_GOOGLE_RUNS,
    ),
    Table(
        name="nvidia-jetson-nano-2019",
        title="Jetson Nano: Deep Learning Inference Benchmarks (NVIDIA), as copied by two third parties",
        url="https://developer.nvidia.com/embedded/jetson-nano-dl-inference-benchmarks",
        date="",
        notes=(
            "Frames per second, which is 1 over the latency only for one stream of batch 1: neither is stated.",
            "NVIDIA's page itself was not seen; two full copies agree cell for cell.",
            "Not stated: precision, batch, repetitions, statistic, power mode, why what did not run did not.",
        ),
        keys=("model", "input_px"),
        columns_for=same(_NANO_COLUMNS),
        common=UNSPECIFIED,
    ),
    Table(
        name="nvidia-tx2-trt",
        title="NVIDIA-AI-IOT: tf_to_trt_image_classification (1082295) and tf_trt_models (9ce6130)",
        url="https://github.com/NVIDIA-AI-IOT/tf_to_trt_image_classification",
        date="2018-11-01",
        notes=(
            "TensorRT figures: means of 50 runs, batch 1, copies to and from the GPU included, first run left out.",
            "TF-TRT FP16 and TensorFlow FP32: second repository, MAX-N (nvpmodel -m 0, jetson_clocks).",
            "The power mode of the other columns is not stated.",
        ),
        columns_for=same(_TX2_COLUMNS),
    ),
)

_NAMES = {  # where the rule of `identity` would give another name than the field uses, or two sources differ
    "unet_mv2": "unet_mobilenet_v2",
    "mobilenet_v1_ssd": "ssd_mobilenet_v1",
    "mobilenet_v2_ssd": "ssd_mobilenet_v2",
    "resnet_50_v1": "resnet_v1_50",
    "resnet_50_v2": "resnet_v2_50",
    "resnet_152_v2": "resnet_v2_152",
    "vgg_16": "vgg16",
    "vgg_19": "vgg19",
    "mobilenet_v1_1p0_224": "mobilenet_v1",
    "mobilenet_v1_0p5_160": "mobilenet_v1_0.5",
    "mobilenet_v1_0p25_128": "mobilenet_v1_0.25",
    "mobilenet_v1_1.0_224": "mobilenet_v1",
    "mobilenet_v2_1.0_224": "mobilenet_v2",
    "inception_v1_224": "inception_v1",
    "inception_v4_299": "inception_v4",
}
_SIDES = {  # in pixels, where the name of the published file says it
    "mobilenet_v1_1.0_224": "224x224",
    "mobilenet_v2_1.0_224": "224x224",
    "inception_v1_224": "224x224",
    "inception_v4_299": "299x299",
}


def identity(raw: Cells) -> dict[str, str]:
    """Name and input size of the row's model."""
    if "first_model_file" in raw:
        pair = [_file_stem(raw[key]).split("_quant")[0] for key in ("first_model_file", "second_model_file")]
        return {"model": "+".join(_name(one) for one in pair), "options": f"compiled {raw['compiled']}"}
    printed = _file_stem(raw["model_file"]) if "model_file" in raw else raw["model"]
    stem = printed.removesuffix("_quant") if "model_file" in raw else printed
    return {"model": _name(stem), "input_shape": raw.get("input_px") or _SIDES.get(stem, "")}


def _file_stem(file: str) -> str:
    return file.removesuffix(".tflite").removesuffix("_edgetpu")


def _name(printed: str) -> str:
    plain = re.sub(r"[\s-]+", "_", printed.strip()).lower()
    return _NAMES.get(plain, plain)
