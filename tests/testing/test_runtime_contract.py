"""Every bundled runtime that is installed keeps the contract."""

from __future__ import annotations

import os
from typing import ClassVar

from devbench import Place
from devbench.testing import RuntimeContract
from devbench_desktop.tflite import LiteRt, TfliteRuntime
from devbench_onnx.runtimes import OnnxRuntime

OTHER = os.environ.get("DEVBENCH_TEST_TFLITE_PYTHON", "")


class TestLiteRt(RuntimeContract):
    runtime = LiteRt


class TestTfliteRuntime(RuntimeContract):
    runtime = TfliteRuntime
    place: ClassVar[Place] = Place(name="local", device="any", python={"": OTHER} if OTHER else {})


class TestOnnxRuntime(RuntimeContract):
    runtime = OnnxRuntime
