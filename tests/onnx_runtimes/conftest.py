"""A Jetson of files, with a stand-in for TensorRT in one of its versions and one for CUDA's runtime library."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bench
from tests.jetson.boards import Board, path_with

HERE = Path(__file__).parent / "standin"
MEASURE = "{profile: quick, rounds: 2, max_rounds: 2, warmup_runs: 2, warmup_s: 0, min_runs: 20, min_s: 0, cap_s: 2, time_limit_s: 20}"


@dataclass
class Gpu:
    """The command line on a Jetson of a generation, `nano` or `orin`."""

    bench: Bench
    root: Path
    libraries: Path

    def env(self, tensorrt: str = "10.3.0", **hooks: object) -> dict[str, str]:
        """The environment that shows the stand-ins; `tensorrt`: a version, or "" for none."""
        given = {f"STANDIN_{name.upper()}": str(value) for name, value in hooks.items()}
        path = [str(HERE)] if tensorrt else []
        path += [self.bench.env["PYTHONPATH"]] if "PYTHONPATH" in self.bench.env else []
        return {
            "DEVBENCH_ROOT": str(self.root),
            "LD_LIBRARY_PATH": str(self.libraries),
            "PYTHONPATH": os.pathsep.join(path),
            "STANDIN_TENSORRT": tensorrt,
            **given,
        }

    def suite(self, model: str, device: str = "{jetson: {runtime: tensorrt}}", extra: str = "") -> Path:
        """A suite with one model file."""
        text = (
            f"name: gpu\nmodels: [{{name: net, source: {model}}}]\ndevices: [{device}]\nmeasure: {MEASURE}\n{extra}\n"
        )
        return self.bench.write("suite.yaml", text)

    def run(self, suite: Path, tensorrt: str = "10.3.0", **hooks: object) -> subprocess.CompletedProcess[str]:
        """`devbench run`."""
        shutil.rmtree(self.bench.folder / "out", ignore_errors=True)
        return self.bench("run", suite, "--out", "out", env=self.env(tensorrt, **hooks))

    def case(self) -> dict[str, Any]:
        """What the run says of its only case."""
        (found,) = self.bench.run_file()["cases"]
        record: dict[str, Any] = found
        return record


@pytest.fixture(scope="session")
def cudart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in for libcudart.so, built once; its folder."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("there is no gcc to build the stand-in with")
    folder = tmp_path_factory.mktemp("cudart")
    common = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-Wl,-soname,libcudart.so"]
    subprocess.run([gcc, *common, "-o", folder / "libcudart.so", HERE / "libcudart.c"], check=True)
    return folder


@pytest.fixture
def gpu(bench: Bench, tmp_path: Path, cudart: Path) -> Gpu:
    """An Orin."""
    pytest.importorskip("onnx")
    board = Board(tmp_path, "orin")
    bench.env["PATH"] = path_with(board.bin)
    return Gpu(bench, board.root, cudart)
