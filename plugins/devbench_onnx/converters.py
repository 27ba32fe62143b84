"""From a .tflite file to the ONNX file that each runtime can load: steps of the chain as any others."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from devbench import Converter, Install

SYMMETRIC = "onnx-symmetric"  # ONNX as TensorRT takes it: quantized without zero points
_HERE = Path(__file__).parent


class TfliteToOnnx(Converter):
    """With the quantization that the file has, for CPUs and CUDA."""

    name: ClassVar[str] = "tf2onnx"
    takes: ClassVar[tuple[str, ...]] = ("tflite",)
    gives: ClassVar[str] = "onnx"
    precisions: ClassVar[tuple[str, ...]] = ("float32", "float16", "int8", "int16", "mixed")
    program: ClassVar[Path] = _HERE / "tflite_to_onnx.py"
    parts: ClassVar[tuple[Path, ...]] = (_HERE / "symmetric.py",)
    packages: ClassVar[tuple[str, ...]] = ("tf2onnx", "onnx", "tensorflow")
    install: ClassVar[Install] = Install(extra="jetson")


class TfliteToSymmetricOnnx(TfliteToOnnx):
    """With float ends and ranges around 0, for TensorRT."""

    name: ClassVar[str] = "tf2onnx-symmetric"
    gives: ClassVar[str] = SYMMETRIC
