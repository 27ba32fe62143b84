"""`devbench run` end to end: real models, real worker, real files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from devbench.domain.columns import NAMES
from tests.conftest import QUICK, Bench
from tests.tiny_tflite import Operation, Tensor, classifier, two_odd_inputs, write_tflite

DESKTOP = f"devices: [desktop-cpu]\nmeasure: {QUICK}\n"


def test_a_model_with_an_image_is_measured_and_named(bench: Bench) -> None:
    classifier(bench.folder / "tiny.tflite")
    picture = Image.new("L", (2, 2))
    picture.putdata([10, 20, 250, 30])
    picture.save(bench.folder / "picture.png")
    bench.write("labels.txt", "ant\nbee\ncat\ndog\n")
    suite = bench.write(
        "suite.yaml",
        f"name: tiny\nmodels: [{{name: tiny, source: tiny.tflite}}]\ninput: picture.png\nlabels: labels.txt\n{DESKTOP}",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    case = bench.run_file()["cases"][0]
    assert case["outcome"]["prediction"]["label"] == "cat"
    assert case["outcome"]["prediction"]["score"] == pytest.approx(250 / 127.5 - 1, abs=0.01)
    assert case["artifact"]["precision"] == case["precision"] == "int8"
    assert case["artifact"]["inputs"][0]["shape"] == [1, 2, 2, 1]
    assert case["input"] == "picture.png"
    first = case["rounds"][0]
    assert first["load_ns"] > 0
    assert first["first_ns"] > 0
    assert first["warmup_samples"] >= 2
    assert first["inferences_per_sample"] > 1, "one inference takes far less than 100 µs"
    assert first["peak_memory_bytes"] > 10_000_000
    assert first["facts"]["runtime_version"]
    assert "cat" in bench("report", "out", "--verbose").stdout


def test_results_csv_has_the_columns_of_the_contract_and_no_zero_for_a_failure(bench: Bench) -> None:
    bench.fake("good")
    bench.fake("bad", do="raise")
    bench("run", bench.fake_suite("good", "bad"), "--out", "out")
    text = (bench.folder / "out" / "results.csv").read_text()
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(text))}
    assert text.splitlines()[0] == ",".join(NAMES)
    assert rows["good"]["status"] == "measured"
    assert float(rows["good"]["low_ms"]) <= float(rows["good"]["latency_ms"]) <= float(rows["good"]["high_ms"])
    assert rows["good"]["p99_ms"] == "", "ten samples have no 99th percentile"
    assert rows["bad"]["status"] == "failed"
    assert rows["bad"]["latency_ms"] == ""
    assert "the fake device reports" in rows["bad"]["reason"]
    assert bench("report", "out", "--format", "csv").stdout == text


def test_random_input_fits_any_type_a_model_takes(bench: Bench) -> None:
    two_odd_inputs(bench.folder / "odd.tflite")
    suite = bench.write("suite.yaml", f"name: odd\nmodels: [{{name: odd, source: odd.tflite}}]\n{DESKTOP}")
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.outcomes()["odd"]["status"] == "measured"


def test_models_that_cannot_be_used_fail_each_with_its_reason_and_the_good_one_is_measured(bench: Bench) -> None:
    good = classifier(bench.folder / "good.tflite")
    whole = write_tflite(
        bench.folder / "weights.tflite",
        [Tensor("x", "uint8", (1, 2)), Tensor("y", "uint8", (2,))],
        [Operation("SQUEEZE", (0,), (1,))],
        [0],
        [1],
        padding_bytes=5000,
    )
    (bench.folder / "cut.tflite").write_bytes(whole.read_bytes()[:3000])
    bench.write("text.tflite", "this is a text file")
    write_tflite(
        bench.folder / "custom.tflite",
        [Tensor("x", "uint8", (1, 2)), Tensor("y", "uint8", (1, 2))],
        [Operation("custom:nobody-has-this", (0,), (1,))],
        [0],
        [1],
    )
    two_odd_inputs(bench.folder / "odd.tflite")
    Image.new("RGB", (3, 3)).save(bench.folder / "picture.png")
    suite = bench.write(
        "suite.yaml",
        f"""
name: bad
models:
  - {{name: good, source: {good.name}}}
  - {{name: missing, source: nowhere.tflite}}
  - {{name: cut, source: cut.tflite}}
  - {{name: text, source: text.tflite}}
  - {{name: custom, source: custom.tflite}}
  - {{name: pinned, source: good.tflite, sha256: {"a" * 64}}}
  - {{name: blob, source: good.tflite, git_blob: {"b" * 40}}}
  - {{name: float, source: good.tflite, precision: float32}}
  - {{name: image, source: odd.tflite, input: picture.png}}
  - {{name: web, source: "https://127.0.0.1:9/model.tflite"}}
  - {{name: scheme, source: "gopher://x/y.tflite"}}
{DESKTOP}""",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    outcomes = bench.outcomes()
    expected = {
        "missing": "cannot be read: No such file or directory",
        "cut": "damaged or cut short (3000 bytes)",
        "text": "not a TensorFlow Lite file",
        "custom": "nobody-has-this",
        "pinned": "and the suite says aaaa",
        "blob": "its git blob id is",
        "float": "the file computes in int8, and float32 was asked for",
        "image": "an image cannot be fed to inputs of shape [1, 3], [1, 2, 2]",
        "web": "cannot be downloaded: Connection refused",
        "scheme": "no plugin knows how to get the model",
    }
    for model, text in expected.items():
        assert text in outcomes[model].get("error", ""), (model, outcomes[model])
    assert outcomes["good"]["status"] == "measured"


def test_an_absent_device_is_a_note_and_with_strict_a_failure(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.write(
        "suite.yaml", f"name: s\nmodels: [{{name: a, source: a.fake}}]\ndevices: [fake, jetson]\nmeasure: {QUICK}\n"
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0
    assert "Not here: jetson." in done.stdout
    assert "jetson: this machine is not a Jetson" in bench("report", "out", "--verbose").stdout
    assert bench("run", suite, "--out", "strict", "--strict").returncode == 3


def test_a_format_that_the_runtime_does_not_load_is_skipped(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.write("suite.yaml", f"name: s\nmodels: [{{name: a, source: a.fake}}]\n{DESKTOP}")
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 3
    assert bench.outcomes()["a"]["reason"] == "litert loads tflite, not .fake"
    nothing = "error: nothing was measured\n  → litert loads tflite, not .fake\n"
    assert done.stderr.endswith(nothing)
    again = bench("run", "--resume", "out")
    assert (again.returncode, again.stderr) == (3, nothing), "a finished run says the same"
    plan = bench("run", suite, "--dry-run")
    assert plan.returncode == 3
    assert plan.stderr.endswith(
        "error: nothing of this suite can be measured here\n  → litert loads tflite, not .fake\n"
    )


def test_a_list_of_option_values_is_a_matrix_and_the_ratio_is_over_the_baseline(bench: Bench) -> None:
    bench.fake("a", invoke_us=300)
    suite = bench.write(
        "suite.yaml",
        "name: s\nmodels: [{name: a, source: a.fake}]\ndevices: [{fake: {slowdown: [1, 100]}}]\n"
        f"measure: {QUICK}\ncompare: {{baseline: fake}}\n",
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0
    assert "slowdown=100" in done.stdout
    text = bench("report", "out", "--verbose").stdout
    assert "fake slowdown=1 " in text
    assert "fake slowdown=100" in text
    assert re.search(r"\d+×", text) or "undecided: contaminated" in text


def test_dry_run_prints_the_plan_and_measures_nothing(bench: Bench) -> None:
    bench.fake("a")
    bench.fake("b")
    done = bench("run", bench.fake_suite("a", "b"), "--dry-run", "--out", "out")
    assert done.returncode == 0
    assert "2 cases, 4 rounds in this order (seed 0)" in done.stdout
    assert (
        "Measuring takes about 3 s if the models are fast,\nand at most 1 min 05 s: all of `max_rounds`" in done.stdout
    )
    assert not (bench.folder / "out").exists()
    suite = bench.fake_suite("a", extra="references: [gone.csv]")
    missing = bench("run", suite, "--dry-run")
    assert missing.returncode == 1
    assert "gone.csv: cannot be read" in missing.stderr


def test_the_same_case_twice_is_measured_once(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.fake_suite("a").read_text().replace("[fake]", "[fake, {fake: {slowdown: [1, 1]}}]")
    done = bench("run", bench.write("twice.yaml", suite), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert len(bench.run_file()["cases"]) == 1
    assert pq.read_table(bench.folder / "out" / "samples.parquet").num_rows < 100


def test_narrowing_and_profile_and_json(bench: Bench) -> None:
    bench.fake("a")
    bench.fake("b")
    suite = bench.fake_suite("a", "b", measure="normal")
    done = bench("run", suite, "--model", "b", "--profile", "quick", "--seed", "7", "--json", "--out", "out")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert [case["model"] for case in run["cases"]] == ["b"]
    assert run["cases"][0]["measure"]["profile"] == "quick"
    assert run["seed"] == 7
    wrong = bench("run", suite, "--model", "c")
    assert wrong.returncode == 1
    assert "the suite has no model 'c'" in wrong.stderr


def test_usage_mistakes_exit_with_2(bench: Bench) -> None:
    assert bench("run").returncode == 2
    assert bench("run", "x.yaml", "--resume", "y").returncode == 2
    assert bench("measure").returncode == 2


def test_a_missing_suite_names_the_file(bench: Bench) -> None:
    done = bench("run", "nowhere.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("error: nowhere.yaml: cannot be read: No such file or directory")
    assert "docs/suites.md" in done.stderr
    assert not (bench.folder / "results").exists(), "a run that cannot begin leaves no folder"


def test_googles_models_see_a_macaw(bench: Bench, google_models: Path) -> None:
    names = ["mobilenet_v2_1.0_224_quant", "mobilenet_v1_0.5_160_quant", "tf2_mobilenet_v2_1.0_224_ptq"]
    models = "".join(f"  - {{name: {name}, source: {google_models / name}.tflite}}\n" for name in names)
    image = f"input: {google_models}/parrot.jpg\nlabels: {google_models}/imagenet_labels.txt\n"
    suite = bench.write("suite.yaml", f"name: google\nmodels:\n{models}{image}{DESKTOP}")
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    for name in names:
        assert bench.outcomes()[name]["prediction"]["label"] == "macaw"


def test_googles_failing_model_fails_with_its_own_words(bench: Bench, google_models: Path) -> None:
    path = google_models / "model_invoking_error.tflite"
    suite = bench.write("suite.yaml", f"name: bad\nmodels: [{{name: bad, source: {path}}}]\n{DESKTOP}")
    assert bench("run", suite, "--out", "out").returncode == 3
    outcome = bench.outcomes()["bad"]
    assert outcome["phase"] == "load"
    assert "unresolved custom op: fake-op-double" in outcome["error"]
