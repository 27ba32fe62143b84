"""Limits of model files and runs, peaks that are measured and kept, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.limits import Peak
from devbench.machine.memory_copy import cache_bytes, copied_bytes_per_s
from devbench.models.convolution import Convolution, convolution_file
from devbench.models.features import read_features
from devbench.run import peaks as run_peaks
from devbench.store.peaks import PeakStore
from devbench.worker.facts import machine
from tests.conftest import Bench
from tests.tiny_tflite import classifier

HERE = machine()
PEAKS = (
    Peak(wall="compute", per_s=1e12, precision="int8", threads=1, measured=True, source="measured here"),
    Peak(wall="memory", per_s=1e10, keeps_bytes=1, measured=True, source="a copy"),
)


def test_a_model_file_on_every_device(bench: Bench) -> None:
    file = bench.folder / "conv.tflite"
    file.write_bytes(convolution_file(Convolution(side=14, channels=64, kernel=3, precision="int8")))
    rows = {(row["device"], row["of"]): row for row in json.loads(bench("limits", file, "--json").stdout)}
    usb = rows["coral-usb", "USB 3"]
    assert usb["macs"] == 14 * 14 * 64 * 64 * 9
    assert (usb["wall"], usb["link_amount"]) == ("link", 14 * 14 * 64)
    assert rows["jetson", "Jetson Orin Nano"]["wall"] == "compute"
    assert rows["jetson", "Jetson Nano"]["least_ms"] is None
    cpu = rows["desktop-cpu", ""]
    assert cpu["unknown"] == ["The peaks of this CPU are not known. Measure them there: `devbench doctor --peaks`."]
    text = bench("limits", file).stdout
    assert text.startswith("conv.tflite takes at least ")


def test_googles_files_stream_what_the_compiler_says(bench: Bench, google_models: Path) -> None:
    compiled = google_models / "movenet_single_pose_lightning_ptq_edgetpu.tflite"
    rows = json.loads(bench("limits", compiled, "--json").stdout)
    usb = next(row for row in rows if row["of"] == "USB 3")
    assert usb["link_amount"] == 2368 + 192 * 192 * 3, "streamed parameters and the image"
    assert any("the true limit is higher" in text for text in usb["unknown"])


def test_measured_peaks_are_used_for_this_machine_alone(bench: Bench) -> None:
    store = PeakStore(bench.folder / "cache" / "peaks", HERE)
    file = store.write(HERE, PEAKS, "2026-01-02T03:04:05+00:00")
    assert store.of_machine({"device": "desktop-cpu"}) == PEAKS
    assert store.of_machine({**HERE, "machine_id": "another"}) == ()
    assert store.of_machine({"place": "Desktop CPU", "cpu": HERE.get("cpu", "")}) == (), "a name alone is not enough"
    model = classifier(bench.folder / "tiny.tflite")
    assert "desktop-cpu" in bench("limits", model).stdout
    for damage in ("", "{}", file.read_text().replace('"schema": 1', '"schema": 9'), "[" * 10_000):
        file.write_text(damage)
        assert store.of_machine({}) == ()
        assert bench("limits", model).returncode == 0


def test_a_run_keeps_what_its_models_compute_and_shows_how_near_it_is(bench: Bench) -> None:
    model = bench.folder / "conv.tflite"
    model.write_bytes(convolution_file(Convolution(side=14, channels=64, kernel=3, precision="int8")))
    PeakStore(bench.folder / "cache" / "peaks", HERE).write(HERE, PEAKS, "2026-01-02T03:04:05+00:00")
    suite = bench.write(
        "suite.yaml",
        "name: one\nmodels: [{name: conv, source: conv.tflite}]\ndevices: [desktop-cpu]\n"
        "measure: {profile: quick, rounds: 1, warmup_runs: 1, warmup_s: 0, min_runs: 5, min_s: 0, cap_s: 5}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    facts = bench.run_file()["cases"][0]["artifact"]["facts"]
    assert (facts["macs"], facts["counted_in"]) == (str(14 * 14 * 64 * 64 * 9), "int8")
    model.unlink()  # what the run keeps is enough
    row = json.loads(bench("limits", "out", "--json").stdout)[0]
    assert row["compute_ms"] == pytest.approx(2 * int(facts["macs"]) / 1e12 * 1000)
    assert row["share"] == pytest.approx(row["least_ms"] / row["time_ms"])
    assert " %" in done.stdout and "compute" in done.stdout, "one word and a percentage"
    page = bench("report", "out", "--format", "html").stdout
    assert "What the hardware allows" in page
    assert "measured here" in page


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_the_convolution_that_measures_peaks_runs(precision: str, tmp_path: Path) -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    one = Convolution(side=6, channels=16, kernel=3, precision=precision)
    file = tmp_path / "conv.tflite"
    file.write_bytes(convolution_file(one))
    assert 2 * read_features(file).total_macs == one.operations
    made = interpreter.Interpreter(model_path=str(file), num_threads=1)
    made.allocate_tensors()
    made.set_tensor(made.get_input_details()[0]["index"], np.ones((1, 6, 6, 16), dtype=precision))
    made.invoke()
    assert made.get_tensor(made.get_output_details()[0]["index"]).any()


def test_doctor_measures_peaks_and_keeps_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_peaks, "_SHAPES", ((14, 64, 3),))
    monkeypatch.setattr(run_peaks, "PRECISIONS", ("int8",))
    monkeypatch.setattr(run_peaks, "copied_bytes_per_s", lambda _threads, _bytes: 5e9)
    done = bench("doctor", "--peaks", "--json")
    assert "peaks: int8 convolutions with 1 thread" in done.stderr, done.stderr
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert {(one["wall"], one["precision"]) for one in found} >= {("compute", "int8")}
    assert all(one["measured"] and one["per_s"] > 0 for one in found)
    kept = PeakStore(bench.folder / "cache" / "peaks", HERE).of_machine({})
    assert [one.per_s for one in kept] == [one["per_s"] for one in found]
    assert bench("doctor", "--peaks", "--tune").returncode == 2


def test_memory_is_copied_and_caches_are_read(tmp_path: Path) -> None:
    assert copied_bytes_per_s(1, 0) > 1e7
    for cpu, shared in ((0, "0-1"), (1, "0-1"), (2, "2-3"), (3, "2-3")):
        for index, (level, size, who) in enumerate((("1", "32K", str(cpu)), ("3", "16M", shared))):
            folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
            folder.mkdir(parents=True)
            for name, text in (("level", level), ("size", size), ("shared_cpu_list", who)):
                (folder / name).write_text(f"{text}\n")
    assert cache_bytes(tmp_path) == 2 * 16 * 2**20
    assert cache_bytes(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("page.tflite", "<html>", "this is an HTML page, not a .tflite file"),
        ("net.onnx", "x", "only .tflite files can be read here"),
        ("no.csv", None, "there is no such file"),
        ("bad.csv", "a,b\n1,2\n", "bad.csv"),
    ],
)
def test_what_has_no_limits_is_an_error_with_its_path(
    bench: Bench, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        bench.write(name, content)
    done = bench("limits", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert name in done.stderr


def test_models_and_runs_are_not_mixed(bench: Bench) -> None:
    model = classifier(bench.folder / "tiny.tflite")
    assert bench("limits", model, "some.csv").returncode == 2


def test_the_peaks_have_their_sources(bench: Bench) -> None:
    text = bench("limits").stdout
    assert "coral-usb: Peak of USB 3, link: 500 MB/s" in text
    assert "Jetson TX2, compute in float16: 1.33 TOPS" in text
    assert "desktop-cpu: not known: `devbench doctor --peaks` there measures a CPU." in text
    assert all(one["source"] for one in json.loads(bench("limits", "--json").stdout))
