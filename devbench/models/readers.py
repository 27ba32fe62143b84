"""What older TensorFlow Lite interpreters make of a file: some read it wrongly without an error, some not at all.

Which versions do was tried with tflite-runtime on x86-64; `benchmarks/readers.py` prints the table.
"""

from __future__ import annotations

import re

from devbench.domain.model import Artifact

DENSE, OUTSIDE = "per_channel_dense", "outside_weights"  # facts of an artifact
DENSE_SINCE, OUTSIDE_SINCE = (2, 10), (2, 14)
_MISREADS, _LACKS = "misreads its dense layers", "does not find its weights"
_ADVICE = {
    _MISREADS: "Convert it with dense layers per tensor: `converter."
    "_experimental_disable_per_channel_quantization_for_dense_layers = True` (docs/models.md).",
    _LACKS: "Read and write the file once with ai_edge_litert.tools.flatbuffer_utils: that puts them inside"
    " (docs/models.md).",
}


def misread(artifact: Artifact, runtime: str, tensorflow: str) -> str:
    """Why a runtime with an interpreter of this version of TensorFlow misreads the file; "" if it does not.

    runtime: what the text calls it. A version that is not a number is taken for a new one.
    """
    version = _version(tensorflow)
    if version < DENSE_SINCE and _count(artifact, DENSE):
        return (
            f"{runtime} {tensorflow} {_MISREADS}: {artifact.path.name} has one scale for each output of them,"
            f" which is read right from {_text(DENSE_SINCE)} on. Older ones give wrong answers without an error"
        )
    if version < OUTSIDE_SINCE and _count(artifact, OUTSIDE):
        return (
            f"{runtime} {tensorflow} {_LACKS}: in {artifact.path.name}, {_count(artifact, OUTSIDE)} of them stand"
            f" outside the FlatBuffer, where {_text(OUTSIDE_SINCE)} and newer look"
        )
    return ""


def has_traps(artifact: Artifact) -> bool:
    """Whether some interpreter misreads the file."""
    return bool(_count(artifact, DENSE) or _count(artifact, OUTSIDE))


def how_to_mend(error: str) -> str:
    """What to do about a file that is misread; "" if `error` does not say so."""
    return next((advice for mark, advice in _ADVICE.items() if mark in error), "")


def reader_caution(tensorflow: str) -> str:
    """What a user of an interpreter of this version should know; "" if nothing."""
    version = _version(tensorflow)
    if version < DENSE_SINCE:
        return (
            f"It is older than {_text(DENSE_SINCE)}: it misreads dense layers that are quantized per channel, as"
            " today's converters do by default. Such files are skipped here (docs/models.md)."
        )
    if version < OUTSIDE_SINCE:
        return (
            f"It is older than {_text(OUTSIDE_SINCE)}: it does not find weights outside the FlatBuffer. Such files are"
            " skipped here (docs/models.md)."
        )
    return ""


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", text)
    return (int(found[1]), int(found[2])) if found else (9999, 0)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _count(artifact: Artifact, fact: str) -> int:
    return int(artifact.facts.get(fact, "0"))
