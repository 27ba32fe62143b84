"""Models, their variants, and the artifact: the file that is really executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from devbench.domain.making import Making
from devbench.domain.ranges import Int64

# none: floats only. as-made: as whoever made the file quantized it. requantized: devbench has quantized it anew for a
# runtime that takes no other way. unknown: nobody has looked into the file.
Quantization = Literal["none", "as-made", "requantized", "unknown"]

# What suites may ask for in any case. Catalogue models and runtimes may add words of their own.
PRECISION = re.compile(r"[a-z][a-z0-9]{1,19}")
PRECISIONS = ("float32", "float16", "bfloat16", "int8", "uint8", "int16")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to have a model: a precision and a file format, and where the file comes from.

    source: a path, an http(s) address, or an address whose scheme a plugin's `devbench_fetch_model`
        knows. It must name everything that makes the file: the cache is keyed by it.
    weights: which weights the file holds ("random, seed 0", "imagenet", "as published"...).
    sha256, git_blob: what the file must be, where that is known beforehand.
    compiled: the same network compiled for an accelerator, for runtimes that take such files.
    making: what is to be made of the source; None where it is used as it is. In a catalogue, `format` is then that of
        the source, such as "keras", which computes in float32.
    """

    precision: str
    format: str
    source: str
    weights: str = "unknown"
    sha256: str = ""
    git_blob: str = ""
    compiled: Variant | None = None
    making: Making | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network by its field name, such as `mobilenet_v1`, with one or more variants.

    input_shape: NHWC with a batch of 1; empty where it is unknown before the file is read.
    parameters, macs: trainable and other weights; multiply-accumulates of one inference. 0 is unknown.
    reference: where the published figures for these two stand.
    """

    name: str
    variants: tuple[Variant, ...]
    input_shape: tuple[int, ...] = ()
    parameters: int = 0
    macs: int = 0
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """An input or output of an artifact. `shape` has -1 where a size is not fixed; scale 0 is "not quantized".

    stands_for: the integer type that a float tensor takes the place of, with that one's scale and zero point: where a
        converter has changed it, so that what is fed to both is the same; and of an output that the file dequantizes.
    """

    name: str
    dtype: str
    shape: tuple[Int64, ...]
    scale: float = 0.0
    zero_point: Int64 = 0
    stands_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that a runtime can load, known by its sha256.

    precision: what the tensors in the file say ("int8", "uint8", "float32"...), not what was asked for.
    quantization: how its numbers were quantized, which says how far the answers of two runtimes may be apart.
    """

    path: Path
    sha256: str
    size_bytes: int
    format: str
    precision: str
    source: str
    weights: str
    quantization: Quantization = "unknown"
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a runtime loads for an artifact, and what stands in it. devbench itself adds checksum, size and origin.

    path: the file; that of the artifact where nothing had to be converted.
    format: one of the runtime's `formats`, or that of the file which it was converted to.
    precision: what the runtime computes in ("float32", "bfloat16", "int8"...). A ratio stands only between equals.
    quantization: how its numbers were quantized, which says how far the answers of two runtimes may be apart.
    inputs, outputs: the file's tensors, in its order. A ratio stands only between cases with equal input shapes. Give a
        converted tensor the name that it had before: then it gets the same data as on other devices.
    facts: what else a reader of a result should know, for run.json; added to those of the artifact.
    """

    path: Path
    format: str
    precision: str
    quantization: Quantization
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def like(cls, artifact: Artifact, **changed: Any) -> Self:
        """The artifact as it is, but for what is given: `Prepared.like(artifact, path=compiled)`."""
        names = ("path", "format", "precision", "quantization", "inputs", "outputs")
        return cls(**{**{name: getattr(artifact, name) for name in names}, **changed})
