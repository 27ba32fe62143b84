"""Every bundled runtime that is installed keeps the contract."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest

from devbench import Place
from devbench.testing import RuntimeContract
from devbench_desktop.tflite import LiteRt, TfliteRuntime
from devbench_onnx.runtimes import OnnxRuntime

OTHER = os.environ.get("DEVBENCH_TEST_TFLITE_PYTHON", "")


@pytest.mark.xdist_group("contract of LiteRt")  # which looks at it once for all rules
class TestLiteRt(RuntimeContract):
    runtime = LiteRt


@pytest.mark.xdist_group("contract of TfliteRuntime")
class TestTfliteRuntime(RuntimeContract):
    runtime = TfliteRuntime
    place: ClassVar[Place] = Place(name="local", device="any", python={"": OTHER} if OTHER else {})


@pytest.mark.xdist_group("contract of OnnxRuntime")
class TestOnnxRuntime(RuntimeContract):
    runtime = OnnxRuntime
