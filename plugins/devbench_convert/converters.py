"""The bundled converters: what each takes and gives, what it needs, and the program that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from devbench import Converter, Install

_PROGRAMS = Path(__file__).parent / "programs"


def _own(name: str, python: str, *packages: str) -> Install:
    """An environment of its own, as commands."""
    folder = f"~/.venvs/{name}"
    wanted = " ".join(f"'{one}'" for one in packages)
    return Install(
        note=f"Make it an environment of its own: `uv venv --python {python} {folder} && uv pip install --python"
        f" {folder}/bin/python {wanted}`. Then name it in lab.yaml: `converters: {{{name}: {folder}/bin/python}}`."
    )


class AiEdgeQuantizer(Converter):
    """Google's quantizer after conversion: light, and needs no TensorFlow."""

    name: ClassVar[str] = "ai-edge-quantizer"
    takes: ClassVar[tuple[str, ...]] = ("tflite",)
    gives: ClassVar[str] = "tflite"
    precisions: ClassVar[tuple[str, ...]] = ("int8",)
    quantizes: ClassVar[bool] = True
    program: ClassVar[Path] = _PROGRAMS / "quantize_with_ai_edge.py"
    packages: ClassVar[tuple[str, ...]] = ("ai-edge-quantizer", "ai-edge-litert", "numpy")
    install: ClassVar[Install] = Install(extra="quantize")


class TensorFlowQuantizer(Converter):
    """The quantizer of TensorFlow's converter, given the float file."""

    name: ClassVar[str] = "tensorflow-quantizer"
    takes: ClassVar[tuple[str, ...]] = ("tflite",)
    gives: ClassVar[str] = "tflite"
    precisions: ClassVar[tuple[str, ...]] = ("int8",)
    quantizes: ClassVar[bool] = True
    program: ClassVar[Path] = _PROGRAMS / "quantize_with_tensorflow.py"
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "numpy")
    install: ClassVar[Install] = Install(extra="models")


class TensorFlow(Converter):
    """TensorFlow's own formats to a float .tflite with fixed sizes."""

    name: ClassVar[str] = "tensorflow"
    takes: ClassVar[tuple[str, ...]] = ("keras", "keras-h5", "saved-model", "frozen-graph")
    gives: ClassVar[str] = "tflite"
    program: ClassVar[Path] = _PROGRAMS / "tensorflow_to_tflite.py"
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "keras", "numpy")
    install: ClassVar[Install] = Install(extra="models")


class TfKeras(Converter):
    """Keras 2, and networks that tfmot has trained for int8: int8 without calibration pictures."""

    name: ClassVar[str] = "tf-keras"
    takes: ClassVar[tuple[str, ...]] = ("keras2-h5", "keras2")
    gives: ClassVar[str] = "tflite"
    precisions: ClassVar[tuple[str, ...]] = ("float32", "int8")
    program: ClassVar[Path] = _PROGRAMS / "tf_keras_to_tflite.py"
    packages: ClassVar[tuple[str, ...]] = ("tensorflow", "tf-keras", "tensorflow-model-optimization")
    own_environment: ClassVar[bool] = True
    install: ClassVar[Install] = _own(
        "tf-keras", "3.11", "tensorflow-cpu>=2.20", "tf-keras>=2.20", "tensorflow-model-optimization>=0.8"
    )


class Onnx2Tf(Converter):
    """ONNX to a float .tflite with channels last; its own quantization is not used, for it loses accuracy."""

    name: ClassVar[str] = "onnx2tf"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    gives: ClassVar[str] = "tflite"
    program: ClassVar[Path] = _PROGRAMS / "onnx_to_tflite.py"
    packages: ClassVar[tuple[str, ...]] = ("onnx2tf", "onnx")
    own_environment: ClassVar[bool] = True
    install: ClassVar[Install] = _own("onnx2tf", "3.12", "onnx2tf>=2.6")


class LitertTorch(Converter):
    """PyTorch's exported programs to a float .tflite with channels last."""

    name: ClassVar[str] = "litert-torch"
    takes: ClassVar[tuple[str, ...]] = ("pt2",)
    gives: ClassVar[str] = "tflite"
    program: ClassVar[Path] = _PROGRAMS / "torch_to_tflite.py"
    packages: ClassVar[tuple[str, ...]] = ("litert-torch", "torch")
    own_environment: ClassVar[bool] = True
    install: ClassVar[Install] = _own("litert-torch", "3.11", "litert-torch>=0.10", "torchvision")


class OnnxFix(Converter):
    """ONNX as one file with a batch of 1."""

    name: ClassVar[str] = "onnx-fix"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    gives: ClassVar[str] = "onnx"
    precisions: ClassVar[tuple[str, ...]] = ("float32", "int8")
    program: ClassVar[Path] = _PROGRAMS / "fix_onnx.py"
    packages: ClassVar[tuple[str, ...]] = ("onnx",)
    install: ClassVar[Install] = Install(extra="onnx")


class TfliteInline(Converter):
    """A .tflite file with all its weights inside of the FlatBuffer."""

    name: ClassVar[str] = "tflite-inline"
    takes: ClassVar[tuple[str, ...]] = ("tflite",)
    gives: ClassVar[str] = "tflite"
    precisions: ClassVar[tuple[str, ...]] = ("float32", "int8", "mixed")
    program: ClassVar[Path] = _PROGRAMS / "inline_tflite.py"
    packages: ClassVar[tuple[str, ...]] = ("ai-edge-litert",)
    install: ClassVar[Install] = Install(extra="desktop")


CONVERTERS: tuple[type[Converter], ...] = (
    AiEdgeQuantizer,
    TensorFlowQuantizer,
    TensorFlow,
    TfKeras,
    Onnx2Tf,
    LitertTorch,
    OnnxFix,
    TfliteInline,
)
