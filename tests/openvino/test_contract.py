"""OpenVINO keeps the contract of runtimes, where it is installed."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest

from devbench import Place
from devbench.testing import RuntimeContract
from devbench_openvino.runtime import OpenVino

PYTHON = os.environ.get("DEVBENCH_TEST_OPENVINO_PYTHON", "")


@pytest.mark.xdist_group("contract of OpenVino")
class TestOpenVino(RuntimeContract):
    runtime = OpenVino
    place: ClassVar[Place] = Place(name="local", device="any", python={"": PYTHON} if PYTHON else {})
