"""TensorRT and onnxruntime: two ways to execute ONNX on NVIDIA's GPUs, the second one on CPUs as well."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from devbench import Artifact, DevbenchError, Option, Place, Runtime
from devbench_onnx.prepare import prepared
from devbench_onnx.troubles import advice

_HERE = Path(__file__).parent
_BUILD_LIMIT_S = 3600.0  # minutes on an Orin; a large network on a Nano may take half an hour
_PROVIDERS = {"gpu": ("tensorrt", "cuda")}
_ANY_PROCESSOR = ("cpu",)


class _Onnx(Runtime):
    formats: ClassVar[tuple[str, ...]] = ("onnx", "tflite")
    build_limit_s: ClassVar[float] = _BUILD_LIMIT_S
    makes: ClassVar[Mapping[str, tuple[str, Mapping[str, Option]]]] = {"float16": ("float32", {"fp16": True})}

    def explain(self, error: str) -> str:
        """What to do, by the texts that TensorRT, CUDA, onnxruntime and our engines fail with."""
        return advice(error)


class TensorRt(_Onnx):
    """NVIDIA's own: the engine is built at the place, from an ONNX file."""

    name: ClassVar[str] = "tensorrt"
    engine: ClassVar[Path] = _HERE / "tensorrt_engine.py"
    parts: ClassVar[tuple[Path, ...]] = (_HERE / "cuda.py",)
    options: ClassVar[Mapping[str, Option]] = {"fp16": "", "workspace_mib": 256}
    install: ClassVar[str] = (
        "It comes with JetPack for the system's own Python: `sudo apt install python3-libnvinfer python3-numpy`."
    )

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Artifact:  # noqa: ARG002
        """The ONNX file, symmetrically quantized: TensorRT knows no zero points."""
        return prepared(artifact, symmetric=True, fp16=bool(options["fp16"]))


class OnnxRuntime(_Onnx):
    """With the provider that the suite names, else the best for the place: TensorRT on a GPU, or the CPU."""

    name: ClassVar[str] = "onnxruntime"
    engine: ClassVar[Path] = _HERE / "onnxruntime_engine.py"
    options: ClassVar[Mapping[str, Option]] = {"threads": 1, "provider": "", "fp16": ""}
    extra: ClassVar[str] = "onnx"
    install: ClassVar[str] = "The GPU of a Jetson needs the wheel that was built for its JetPack (Jetson Zoo)."

    def packages(self, python: tuple[int, int]) -> tuple[str, ...]:  # noqa: ARG002 - pip finds one for each
        """The one for CPUs."""
        return ("onnxruntime",)

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Artifact:
        """The ONNX file; symmetrically quantized if TensorRT is to load it."""
        allowed = _PROVIDERS.get(place.traits.processor, _ANY_PROCESSOR)
        provider = str(options["provider"] or allowed[0])
        if provider not in allowed:
            raise DevbenchError(
                f"{place.title} is measured with provider {' or '.join(allowed)}, not {provider}",
                "Name a device that the provider runs on: a GPU for tensorrt and cuda, a CPU for cpu.",
            )
        if options["fp16"] and provider != "tensorrt":
            raise DevbenchError(f"fp16 is an option of provider tensorrt, not of {provider}")
        return prepared(artifact, symmetric=provider == "tensorrt", fp16=bool(options["fp16"]))
