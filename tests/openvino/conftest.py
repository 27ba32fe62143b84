"""An interpreter that has OpenVINO, where somebody has one: no environment that uv makes by itself does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.conftest import Bench


@pytest.fixture
def openvino_python() -> str:
    if named := os.environ.get("DEVBENCH_TEST_OPENVINO_PYTHON"):
        return named
    if find_spec("openvino") is None:
        pytest.skip("no interpreter with OpenVINO: set DEVBENCH_TEST_OPENVINO_PYTHON")
    return sys.executable


@pytest.fixture
def openvino(bench: Bench, openvino_python: str) -> Iterator[Bench]:
    """The command line, with a lab file that says where OpenVINO is."""
    place = f"{{name: local, device: desktop-cpu, python: {{openvino: {openvino_python}}}}}"
    bench.write("lab.yaml", f"places: [{place}]\n")
    yield bench
