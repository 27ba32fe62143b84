"""TensorRT and onnxruntime: two ways to execute ONNX on NVIDIA's GPUs, the second one on CPUs as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from devbench import Artifact, DevbenchError, EngineFile, Install, Option, OptionSpec, Place, Prepared, Runtime
from devbench_onnx.converters import SYMMETRIC
from devbench_onnx.prepare import prepared
from devbench_onnx.troubles import advice

_HERE = Path(__file__).parent
_BUILD_LIMIT_S = 3600.0  # minutes on an Orin; a large network on a Nano may take half an hour
_PROVIDERS = {"gpu": ("tensorrt", "cuda")}
_ANY_PROCESSOR = ("cpu",)
_FP16 = OptionSpec(default="", choices=(True, False))


class _Onnx(Runtime):
    formats: ClassVar[tuple[str, ...]] = ("onnx",)
    makes: ClassVar[Mapping[str, tuple[str, Mapping[str, Option]]]] = {"float16": ("float32", {"fp16": True})}

    def explain(self, error: str) -> str:
        """What to do, by the texts that TensorRT, CUDA, onnxruntime and our engines fail with."""
        return advice(error)


class TensorRt(_Onnx):
    """NVIDIA's own: the engine is built at the place, from an ONNX file."""

    name: ClassVar[str] = "tensorrt"
    engine: ClassVar[EngineFile] = EngineFile(
        path=_HERE / "tensorrt_engine.py", parts=(_HERE / "cuda.py",), build_limit_s=_BUILD_LIMIT_S
    )
    options: ClassVar[Mapping[str, Option | OptionSpec]] = {
        "fp16": _FP16,
        "workspace_mib": OptionSpec(default=256, least=1),
    }
    install: ClassVar[Install] = Install(
        note="It comes with JetPack for the system's own Python: `sudo apt install python3-libnvinfer python3-numpy`."
    )

    def formats_at(self, place: Place, options: Mapping[str, Option]) -> Iterable[str]:  # noqa: ARG002
        """What is converted for it is quantized symmetrically: TensorRT knows no zero points."""
        return (SYMMETRIC, *self.formats)

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Prepared:  # noqa: ARG002
        """The ONNX file."""
        return prepared(artifact, symmetric=True, fp16=bool(options["fp16"]))


class OnnxRuntime(_Onnx):
    """With the provider that the suite names, else the best for the place: TensorRT on a GPU, or the CPU."""

    name: ClassVar[str] = "onnxruntime"
    engine: ClassVar[EngineFile] = EngineFile(
        path=_HERE / "onnxruntime_engine.py", place_options=("processor",), build_limit_s=_BUILD_LIMIT_S
    )
    options: ClassVar[Mapping[str, Option | OptionSpec]] = {
        "threads": 1,
        "provider": OptionSpec(default="", choices=("tensorrt", "cuda", "cpu")),
        "fp16": _FP16,
    }
    install: ClassVar[Install] = Install(
        packages=("onnxruntime",),  # the one for CPUs
        extra="onnx",
        note="The GPU of a Jetson needs the wheel that was built for its JetPack (Jetson Zoo).",
    )

    def formats_at(self, place: Place, options: Mapping[str, Option]) -> Iterable[str]:
        """Symmetrically quantized if TensorRT is to load it."""
        return (SYMMETRIC, *self.formats) if _provider(place, options) == "tensorrt" else self.formats

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Prepared:
        """The ONNX file."""
        allowed = _PROVIDERS.get(place.traits.processor, _ANY_PROCESSOR)
        provider = _provider(place, options)
        if provider not in allowed:
            raise DevbenchError(
                f"{place.title} is measured with provider {' or '.join(allowed)}, not {provider}",
                "Name a device that the provider runs on: a GPU for tensorrt and cuda, a CPU for cpu.",
            )
        if options["fp16"] and provider != "tensorrt":
            raise DevbenchError(f"fp16 is an option of provider tensorrt, not of {provider}")
        return prepared(artifact, symmetric=provider == "tensorrt", fp16=bool(options["fp16"]))


def _provider(place: Place, options: Mapping[str, Option]) -> str:
    """The one that the suite names, else the best for the place."""
    return str(options["provider"] or _PROVIDERS.get(place.traits.processor, _ANY_PROCESSOR)[0])
