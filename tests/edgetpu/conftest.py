"""A machine with Edge TPUs, as far as files and a stand-in library can make one."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.edgetpu.compiled_model import compiled_classifier
from tests.tiny_tflite import classifier

SOURCE = Path(__file__).with_name("libedgetpu.c")
MEASURE = "{profile: quick, rounds: 1, warmup_runs: 2, warmup_s: 0, min_runs: 20, min_s: 0, cap_s: 2, time_limit_s: 10}"


def build_library(into: Path, *flags: str, build: str = "PERFORMANCE=DIRECT") -> Path:
    """Compile the stand-in as `libedgetpu.so.1` in the folder `into`."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("there is no gcc to build the stand-in with")
    into.mkdir(parents=True, exist_ok=True)
    library = into / "libedgetpu.so.1"
    common = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-fvisibility=hidden"]
    name = f'-DSTANDIN_BUILD="{build}"'
    command = [gcc, *common, name, "-Wl,-soname,libedgetpu.so.1", "-o", library, SOURCE, *flags]
    subprocess.run(command, check=True)
    return library


@dataclass
class TpuMachine:
    """The command line on a machine whose sysfs stands in `root`, with the stand-in in the folder `libraries`."""

    bench: Bench
    root: Path
    libraries: Path

    def stick(self, port: str, *, speed: int = 5000, loaded: bool = True, number: int = 7) -> Path:
        """Plug a USB Accelerator in; its device file."""
        folder = self.root / "sys/bus/usb/devices" / port
        folder.mkdir(parents=True)
        vendor, product = ("18d1", "9302") if loaded else ("1a6e", "089a")
        values = {"idVendor": vendor, "idProduct": product, "speed": speed, "busnum": 2, "devnum": number}
        for name, value in values.items():
            (folder / name).write_text(f"{value}\n")
        node = self.root / f"dev/bus/usb/002/{number:03d}"
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        return node

    def chip(self, name: str = "apex_0", *, temperature: int = 45_000) -> Path:
        """Put an Edge TPU on PCIe; its device file."""
        folder = self.root / "sys/class/apex" / name
        folder.mkdir(parents=True)
        (folder / "temp").write_text(f"{temperature}\n")
        (folder / "trip_point0_temp").write_text("85000\n")
        node = self.root / "dev" / name
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        return node

    def dev_board(self) -> None:
        """Make it a Dev Board."""
        path = self.root / "proc/device-tree/model"
        path.parent.mkdir(parents=True)
        path.write_text("Freescale i.MX8MQ Phanbell\0")

    def suite(self, device: str = "coral-usb", *, compiled: str = "tiny_edgetpu.tflite", extra: str = "") -> Path:
        """A suite with the tiny classifier and its compiled file."""
        source = "{name: tiny, source: tiny.tflite" + (f", compiled: {compiled}}}" if compiled else "}")
        return self.bench.write(
            "suite.yaml", f"name: tpu\nmodels: [{source}]\ndevices: [{device}]\nmeasure: {MEASURE}\n{extra}\n"
        )

    def run(self, suite: Path, **hooks: object) -> subprocess.CompletedProcess[str]:
        """`devbench run`, with the stand-in's hooks in the environment."""
        shutil.rmtree(self.bench.folder / "out", ignore_errors=True)
        return self.bench("run", suite, "--out", "out", env=self.env(**hooks))

    def env(self, **hooks: object) -> dict[str, str]:
        """The environment that shows this machine's files and library."""
        given = {f"STANDIN_{name.upper()}": str(value) for name, value in hooks.items()}
        return {"DEVBENCH_ROOT": str(self.root), "LD_LIBRARY_PATH": str(self.libraries), **given}

    def outcome(self) -> dict[str, object]:
        """The outcome of the run's only case."""
        (case,) = self.bench.run_file()["cases"]
        found: dict[str, object] = case["outcome"]
        return found


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in, built once."""
    return build_library(tmp_path_factory.mktemp("libedgetpu"))


@pytest.fixture
def tpu(bench: Bench, tmp_path: Path, library: Path) -> TpuMachine:
    """A machine without an Edge TPU yet, with the tiny classifier and its compiled file at hand."""
    pytest.importorskip("ai_edge_litert")
    classifier(bench.folder / "tiny.tflite")
    compiled_classifier(bench.folder / "tiny_edgetpu.tflite")
    (tmp_path / "root").mkdir()
    return TpuMachine(bench, tmp_path / "root", library.parent)


@pytest.fixture
def tflite_python() -> str | None:
    """An interpreter with tflite-runtime, where somebody has one: it needs numpy 1, and so its own environment."""
    return os.environ.get("DEVBENCH_TEST_TFLITE_PYTHON")
