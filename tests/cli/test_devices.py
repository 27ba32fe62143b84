"""`devices`, `doctor`, `models`: what is here, what is not, and what to do."""

import json

from tests.conftest import QUICK, Bench


def test_devices_that_are_here_and_those_that_are_not(bench: Bench) -> None:
    lines = {(line["device"], line["runtime"]): line for line in json.loads(bench("devices", "--json").stdout)}
    assert lines["desktop-cpu", "litert"]["ready"]
    assert lines["fake", "fake"]["ready"]
    assert not lines["coral-usb", ""]["ready"]
    missing = lines["desktop-cpu", "tflite-runtime"]
    assert "No module named 'tflite_runtime'" in missing["text"]
    assert "docs/runtimes.md" in missing["hint"]


def test_lab_yaml_names_another_interpreter(bench: Bench) -> None:
    bench.write("lab.yaml", "places:\n  - {name: old, device: desktop-cpu, python: bin/python9}\n")
    lines = [line for line in json.loads(bench("devices", "--json").stdout) if line["place"] == "old"]
    assert [line["runtime"] for line in lines] == ["litert", "tflite-runtime", "onnxruntime", "openvino"]
    assert all(f"cannot start {bench.folder}/bin/python9" in line["text"] for line in lines)


def test_a_bad_lab_file_is_an_error_with_its_places(bench: Bench) -> None:
    bench.write("lab.yaml", "places:\n  - {name: old, devise: x, python: 3}\n")
    done = bench("devices")
    assert done.returncode == 1
    assert "lab.yaml:2:17: unknown key 'devise'; did you mean 'device'?" in done.stderr
    assert "lab.yaml:2:5: 'device' is missing" in done.stderr


def test_a_suite_whose_devices_are_all_absent_says_so(bench: Bench) -> None:
    bench.fake("a")
    suite = bench.write(
        "s.yaml", f"name: s\nmodels: [{{name: a, source: a.fake}}]\ndevices: [jetson]\nmeasure: {QUICK}\n"
    )
    done = bench("run", suite)
    assert done.returncode == bench("run", suite, "--dry-run").returncode == 3
    assert "none of its devices is here (jetson: this machine is not a Jetson; to use one" in done.stderr


def test_doctor_looks_at_the_machine_and_its_runtimes(bench: Bench) -> None:
    checks = {check["name"]: check for check in json.loads(bench("doctor", "--json").stdout)}
    assert {"governor", "load", "memory", "power", "desktop-cpu litert"} <= set(checks)
    assert checks["desktop-cpu litert"]["good"] is True
    assert all(check["hint"] for check in checks.values() if check["good"] is False)


def test_the_catalogue_has_the_four_networks(bench: Bench) -> None:
    models = {model["name"]: model for model in json.loads(bench("models", "--json").stdout)}
    assert set(models) >= {"mobilenet_v1", "mobilenet_v2", "inception_v1", "inception_v4"}
    assert models["inception_v4"]["input_shape"] == [1, 299, 299, 3]
    assert models["mobilenet_v1"]["cached"] == []
