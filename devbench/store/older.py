"""What run folders of older versions do not say, worked out from what they do say."""

from __future__ import annotations

from dataclasses import replace

from devbench.domain.model import Quantization
from devbench.domain.run import ArtifactRecord, Run

_BY_PRECISION: dict[str, Quantization] = {
    "float16": "none",
    "float32": "none",
    "float64": "none",
    "int4": "as-made",
    "int8": "as-made",
    "int16": "as-made",
}


def brought_up_to_date(run: Run) -> Run:
    """`run` with what its version did not write yet."""
    cases = (
        replace(case, artifact=replace(case.artifact, quantization=_quantization(case.artifact)))
        if case.artifact and case.artifact.quantization == "unknown"
        else case
        for case in run.cases
    )
    return replace(run, cases=tuple(cases))


def _quantization(artifact: ArtifactRecord) -> Quantization:
    """It stood in a fact, as text, of files that were converted to ONNX; `none` of a network of floats."""
    said = artifact.facts.get("quantization", "")
    if said.startswith("symmetric int8"):
        return "requantized"
    return "none" if said == "none" else _BY_PRECISION.get(artifact.precision, "unknown")
