"""What a suite's `source` is taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.run.plan import _file_variant
from devbench.suites.format import ModelFormat


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("models/a.onnx", "onnx"),
        ("models/a", "tflite"),
        ("models/a.tflite#2", "tflite#2"),
        ("https://example.org/a.onnx?download=true", "onnx"),
        ("https://example.org/a.tflite#main", "tflite"),
        ("shelf:a.onnx#2", "onnx"),
    ],
)
def test_the_format_is_the_end_of_the_path_and_of_an_address_without_what_follows_it(source: str, named: str) -> None:
    assert _file_variant(ModelFormat(name="a", source=source), "", Path("/suites")).format == named
