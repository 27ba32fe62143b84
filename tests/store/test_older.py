"""Run folders of older versions: what they do not say is worked out where they are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devbench.domain.model import Quantization
from devbench.store.codec import decode_run

FIXTURE = Path(__file__).parents[1] / "fixtures" / "run-schema-1" / "run.json"


@pytest.mark.parametrize(
    ("precision", "said", "quantization"),
    [
        ("float32", {}, "none"),
        ("float32", {"quantization": "as in the .tflite file"}, "none"),
        ("float32", {"quantization": "none"}, "none"),
        ("float16", {"quantization": "none"}, "none"),
        ("int8", {}, "as-made"),
        ("int8", {"quantization": "as in the .tflite file"}, "as-made"),
        ("int8", {"quantization": "symmetric int8, made from the .tflite file's"}, "requantized"),
        ("mixed", {}, "unknown"),
    ],
)
def test_how_an_older_run_was_quantized(precision: str, said: dict[str, str], quantization: Quantization) -> None:
    document = json.loads(FIXTURE.read_text())
    artifacts = [case["artifact"] for case in document["cases"] if case["artifact"]]
    assert artifacts
    assert not any("quantization" in artifact for artifact in artifacts)
    for artifact in artifacts:
        artifact.update(precision=precision, facts=said)
    run = decode_run(json.dumps(document).encode(), FIXTURE)
    assert {case.artifact.quantization for case in run.cases if case.artifact} == {quantization}


def test_what_a_run_says_itself_is_taken() -> None:
    document = json.loads(FIXTURE.read_text())
    for case in document["cases"]:
        if case["artifact"]:
            case["artifact"].update(precision="int8", quantization="none")
    run = decode_run(json.dumps(document).encode(), FIXTURE)
    assert {case.artifact.quantization for case in run.cases if case.artifact} == {"none"}
