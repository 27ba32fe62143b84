"""Files that older interpreters misread: found in the file, and refused where such an interpreter would run them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from devbench.domain.model import Artifact
from devbench.models.readers import how_to_mend, misread, reader_caution
from devbench.models.tflite_file import read_tflite
from tests.conftest import QUICK, Bench
from tests.tiny_tflite import Operation, Tensor, classifier, write_tflite


def dense(path: Path, scales: int = 4, outside: int = 0) -> Path:
    """A dense layer with this many scales."""
    tensors = [
        Tensor("image", "int8", (1, 4), 0.1),
        Tensor("weights", "int8", (4, 4), 0.1, zeros=16, scales=scales),
        Tensor("scores", "int8", (1, 4), 0.1),
    ]
    return write_tflite(path, tensors, [Operation("FULLY_CONNECTED", (0, 1), (2,))], [0], [2], outside=outside)


def artifact(**facts: str) -> Artifact:
    return Artifact(
        path=Path("net.tflite"), sha256="", size_bytes=1, format="tflite", precision="int8", source="", weights="", facts=facts
    )  # fmt: skip


def test_the_file_says_what_is_misread(tmp_path: Path) -> None:
    found = read_tflite(dense(tmp_path / "dense.tflite", outside=3))
    assert (found.per_channel_dense, found.outside) == (1, 3)
    found = read_tflite(dense(tmp_path / "good.tflite", scales=1))
    assert (found.per_channel_dense, found.outside) == (0, 0)


@pytest.mark.parametrize(
    ("version", "dense_is_misread", "outside_is"),
    [
        ("2.5.0.post1", True, True),
        ("2.7.0", True, True),
        ("2.9.1", True, True),
        ("2.10.0", False, True),
        ("2.13.0", False, True),
        ("2.14.0", False, False),
        ("unknown", False, False),
    ],
)
def test_which_version_misreads_it(version: str, dense_is_misread: bool, outside_is: bool) -> None:
    why = misread(artifact(per_channel_dense="1"), "tflite-runtime", version)
    assert bool(why) == dense_is_misread == ("_disable_per_channel_quantization_for_dense_layers" in how_to_mend(why))
    why = misread(artifact(outside_weights="61"), "tflite-runtime", version)
    assert bool(why) == outside_is == ("flatbuffer_utils" in how_to_mend(why))
    assert not misread(artifact(), "tflite-runtime", version)
    assert bool(reader_caution(version)) == outside_is


@pytest.fixture
def old_runtime(bench: Bench) -> Bench:
    """A place whose tflite-runtime says that it is of 2021. What it computes with is LiteRT."""
    pytest.importorskip("ai_edge_litert")
    package = bench.folder / "old" / "tflite_runtime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "2.7.0"\n')
    (package / "interpreter.py").write_text("from ai_edge_litert.interpreter import Interpreter\n")
    bench.env["PYTHONPATH"] = f"{bench.folder / 'old'}:{bench.env['PYTHONPATH']}"
    bench.env["DEVBENCH_LAB"] = str(
        bench.write(
            "lab.yaml",
            f"places:\n  - {{name: local, device: desktop-cpu, python: {{tflite-runtime: {sys.executable}}}}}\n",
        )
    )
    return bench


def test_such_a_file_is_skipped_on_such_a_runtime_and_not_measured(old_runtime: Bench) -> None:
    bench = old_runtime
    dense(bench.folder / "dense.tflite")
    classifier(bench.folder / "good.tflite")
    suite = bench.write(
        "suite.yaml",
        "name: old\nmodels: [{name: dense, source: dense.tflite}, {name: good, source: good.tflite}]\n"
        f"devices: [desktop-cpu: {{runtime: tflite-runtime}}]\nmeasure: {QUICK}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    outcomes = bench.outcomes()
    assert outcomes["good"]["status"] == "measured"
    assert outcomes["dense"]["status"] == "skipped"
    assert outcomes["dense"]["reason"].startswith("tflite-runtime 2.7.0 misreads its dense layers: dense.tflite")
    assert "per tensor" in outcomes["dense"]["hint"]
    assert bench("run", suite, "--model", "dense", "--out", "alone").returncode == 3


def test_devices_and_doctor_say_what_such_a_runtime_misreads(old_runtime: Bench) -> None:
    for command in ("devices", "doctor"):
        done = old_runtime(command)
        assert done.returncode == 0, done.stderr
        assert "older than 2.10: it misreads dense layers" in " ".join(done.stdout.split())


def test_check_refuses_such_a_file_where_run_would_skip_it(old_runtime: Bench) -> None:
    bench = old_runtime
    dense(bench.folder / "dense.tflite")
    dense(bench.folder / "good.tflite", scales=1)
    done = bench("check", "dense.tflite")
    assert done.returncode == 4, done.stderr
    assert "dense.tflite (tflite-runtime): 1 rule broken: read on desktop-cpu" in done.stdout
    assert "tflite-runtime 2.7.0 misreads its dense layers" in done.stdout
    assert "per tensor" in done.stdout
    assert bench("check", "good.tflite").returncode == 0
    bench.write("old/tflite_runtime/__init__.py", '__version__ = "2.10.0"\n')
    assert bench("check", "dense.tflite").returncode == 0
