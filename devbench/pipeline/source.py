"""What a user may hold, as plain data: the format by its content, and what could be read without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devbench.domain.making import Preparation
from devbench.domain.model import TensorSpec

KERAS, KERAS_H5, KERAS2, KERAS2_H5 = "keras", "keras-h5", "keras2", "keras2-h5"
SAVED_MODEL, FROZEN_GRAPH = "saved-model", "frozen-graph"
TFLITE, ONNX, PT2 = "tflite", "onnx", "pt2"

TITLES: Mapping[str, str] = {
    KERAS: "a Keras 3 network",
    KERAS_H5: "a Keras 3 network in an H5 file",
    KERAS2: "a Keras 2 network",
    KERAS2_H5: "a Keras 2 network in an H5 file",
    SAVED_MODEL: "a TensorFlow SavedModel",
    FROZEN_GRAPH: "a frozen TensorFlow 1 graph",
    TFLITE: "a TensorFlow Lite file",
    ONNX: "an ONNX network",
    PT2: "a PyTorch exported program",
}


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What stands in the way of measuring it. fatal: devbench cannot get around it by itself."""

    text: str
    hint: str = ""
    fatal: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """A network as somebody has it.

    path: the file, or the folder of a SavedModel; within an export or a zip, the part that is the network.
    files: all that make it up, each hashed into what is made of it.
    precision, arithmetic: where the file says it; what other formats compute in is float32.
    inputs, outputs: shapes have -1 where a size is free. Empty where nothing can be read without running it.
    labels, preparation: where the file, or a file beside it in an export, says them.
    export: what it came in: "a Vertex AI Edge export"; "" for a plain file.
    about: further facts for a reader, such as the version that wrote it.
    """

    path: Path
    format: str
    files: tuple[Path, ...]
    precision: str = "float32"
    arithmetic: str = ""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    labels: tuple[str, ...] = ()
    preparation: Preparation | None = None
    export: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def title(self) -> str:
        """`a Keras 3 network`, `a TensorFlow Lite file (int8, float ends)`."""
        kind = TITLES.get(self.format, f"a .{self.format} file")
        return f"{kind} ({self.arithmetic})" if self.arithmetic else kind

    @property
    def free(self) -> tuple[TensorSpec, ...]:
        """Inputs with a size that is not fixed."""
        return tuple(spec for spec in self.inputs if -1 in spec.shape)
