"""The same worker file under the real interpreters of the boards and of hosts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.place import Place
from devbench.errors import RoundError
from devbench.places.archive import archive_bytes, worker_archive
from devbench.testing import measure_once
from devbench.testing.fake import FakeRuntime
from devbench_desktop.tflite import LiteRt, TfliteRuntime
from tests.tiny_tflite import classifier

Find = Callable[[str], str]


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.9", "3.11", "3.13"])
def test_the_worker_measures_a_fake_engine_under(version: str, interpreters: Find, tmp_path: Path) -> None:
    artifact = tmp_path / "a.fake"
    artifact.write_text(json.dumps({"invoke_us": 300}))
    place = Place(name="old", device="fake", python={"": interpreters(version)})
    done = measure_once(FakeRuntime, artifact, tmp_path, place=place)
    assert done.about.facts["python"].startswith(version + ".")
    assert done.about.samples >= 30
    assert 0.3e6 <= float(np.median(done.samples_ns)) < 3e6


@pytest.mark.parametrize(
    ("version", "package", "runtime"),
    [
        ("3.7", "tflite-runtime==2.11.0", TfliteRuntime),
        ("3.9", "tflite-runtime==2.14.0", TfliteRuntime),
        ("3.13", "ai-edge-litert", LiteRt),
    ],
)
def test_the_worker_measures_a_real_runtime_under(
    version: str, package: str, runtime: type[LiteRt | TfliteRuntime], interpreters: Find, tmp_path: Path
) -> None:
    python = environment(interpreters(version), package, tmp_path)
    place = Place(name="old", device="desktop-cpu", python={runtime.name: python})
    done = measure_once(runtime, classifier(tmp_path / "tiny.tflite"), tmp_path, place=place)
    assert done.about.facts["python"].startswith(version + ".")
    assert done.about.samples >= 30
    assert done.outputs[0].shape == (2, 2)
    if "==" in package:
        assert done.about.facts["runtime_version"] == package.partition("==")[2]


def test_the_archive_is_the_same_whenever_it_is_built(tmp_path: Path) -> None:
    assert archive_bytes(LiteRt.engine) == archive_bytes(LiteRt.engine)
    first = worker_archive(LiteRt.engine, tmp_path / "a")
    second = worker_archive(LiteRt.engine, tmp_path / "b")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    assert worker_archive(FakeRuntime.engine, tmp_path / "a").name != first.name
    first.write_bytes(b"somebody has altered it")
    assert worker_archive(LiteRt.engine, tmp_path / "a").read_bytes() == second.read_bytes()


def test_an_interpreter_that_is_not_there_is_an_error_with_its_path(tmp_path: Path) -> None:
    artifact = tmp_path / "a.fake"
    artifact.write_text("{}")
    place = Place(name="old", device="fake", python={"": "/nowhere/python3"})
    with pytest.raises(RoundError, match="cannot start /nowhere/python3: No such file"):
        measure_once(FakeRuntime, artifact, tmp_path, place=place)


def test_a_program_that_is_no_interpreter_is_found_out(tmp_path: Path) -> None:
    artifact = tmp_path / "a.fake"
    artifact.write_text("{}")
    place = Place(name="old", device="fake", python={"": "/bin/echo"})
    with pytest.raises(RoundError, match="stdout has invalid data"):
        measure_once(FakeRuntime, artifact, tmp_path, place=place)


def test_the_worker_and_its_engines_keep_to_python_3_6(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]
    files = ["devbench/worker", "devbench/testing/fake_engine.py", "plugins/devbench_desktop/tflite_engine.py"]
    files += ["plugins/devbench_energy/meter.py", "plugins/devbench_jetson/board.py", "plugins/devbench_onnx/cuda.py"]
    files += [f"plugins/devbench_edgetpu/{name}.py" for name in ("edgetpu", "engine", "pycoral_engine", "sysfs")]
    files += [f"plugins/devbench_onnx/{name}_engine.py" for name in ("onnxruntime", "tensorrt")]
    files += ["plugins/devbench_openvino/openvino_engine.py"]
    files += [f"plugins/devbench_edgetpu/{name}.py" for name in ("engine", "sysfs")]
    vermin = [str(Path(sys.executable).with_name("vermin")), "--target=3.6-", "--no-tips", "--violations", *files]
    done = subprocess.run(vermin, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def environment(python: str, package: str, folder: Path) -> str:
    """An environment of its own with `package`, made with uv: its cache makes the second time quick."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on PATH")
    made = folder / "env"
    wanted = [package, "numpy<2"] if package.startswith("tflite-runtime") else [package]
    subprocess.run([uv, "venv", "-q", "--python", python, str(made)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(made / "bin" / "python"), *wanted], check=True)
    return str(made / "bin" / "python")


def test_the_peak_of_memory_is_the_workers_and_not_that_of_what_started_it(tmp_path: Path) -> None:
    artifact = tmp_path / "a.fake"
    artifact.write_text("{}")
    ours = np.ones(300 << 20, dtype=np.uint8)
    done = measure_once(FakeRuntime, artifact, tmp_path)
    assert ours.all()
    assert 1 << 20 < done.about.peak_memory_bytes < 150 << 20
