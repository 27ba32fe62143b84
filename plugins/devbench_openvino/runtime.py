"""OpenVINO on the CPU: it reads .tflite and ONNX files itself, so nothing is converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from devbench import (
    Artifact,
    DevbenchError,
    Install,
    Option,
    OptionSpec,
    Place,
    Prepared,
    Runtime,
    prepared_onnx,
)

_UNREADABLE = (
    "OpenVINO's own reader of .tflite files does not know this operation, or not in this form. Export the network as"
    " ONNX, or measure it with another runtime."
)
_OTHER_PRECISION = (
    "This CPU, or this OpenVINO, does not compute in what was asked for. Without the option `bf16`, float32 networks"
    " are computed in float32."
)
_ADVICE = {"frontends/tensorflow_lite": _UNREADABLE, "computes in": _OTHER_PRECISION}


class OpenVino(Runtime):
    """`openvino`. By default OpenVINO computes in bfloat16 wherever the CPU can; here only if it is asked to."""

    name: ClassVar[str] = "openvino"
    formats: ClassVar[tuple[str, ...]] = ("tflite", "onnx")
    engine: ClassVar[Path] = Path(__file__).with_name("openvino_engine.py")
    # 0 threads would be as many as OpenVINO likes, and a result must say how many.
    options: ClassVar[Mapping[str, Option | OptionSpec]] = {
        "threads": 1,
        "bf16": OptionSpec(default="", choices=(True, False)),
    }
    makes: ClassVar[Mapping[str, tuple[str, Mapping[str, Option]]]] = {"bfloat16": ("float32", {"bf16": True})}
    install: ClassVar[Install] = Install(packages=("openvino",), oldest=(3, 10), extra="openvino")

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Prepared:  # noqa: ARG002
        """The file as it is, called by the precision that it is computed in."""
        found = Prepared.like(artifact) if artifact.format == "tflite" else prepared_onnx(artifact)
        if not options["bf16"]:
            return found
        if found.precision != "float32":
            raise DevbenchError(
                f"{artifact.path.name}: bf16 is an option for float32 networks, and this one is {found.precision}",
                "Leave `bf16` out, or name a float32 network.",
            )
        return replace(found, precision="bfloat16")

    def explain(self, error: str) -> str:
        """What to do, by the texts that OpenVINO and the engine fail with."""
        return next((advice for text, advice in _ADVICE.items() if text in error), "")
