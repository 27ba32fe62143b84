"""The runtime `pycoral`: against a stand-in with the real signatures, over the stand-in library."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import pytest

from tests.edgetpu.conftest import TpuMachine

USB = "usb:/sys/bus/usb/devices/"
STANDIN = Path(__file__).with_name("standin")
RUNTIMES = "[edgetpu-litert, edgetpu-tflite-runtime, pycoral]"


@pytest.fixture
def coral(tpu: TpuMachine) -> TpuMachine:
    """A machine with a stick, pycoral, and the tflite-runtime that it stands on."""
    tpu.stick("2-1")
    tpu.bench.env["PYTHONPATH"] = f"{STANDIN}:{tpu.bench.env.get('PYTHONPATH', '')}"
    tpu.bench.env["STANDIN_CORAL_LOG"] = str(tpu.bench.folder / "coral.log")
    return tpu


def test_it_measures_on_the_stick_that_its_place_names(coral: TpuMachine) -> None:
    suite = coral.suite("{coral-usb: {runtime: pycoral, performance: High}}")
    done = coral.run(suite, devices=f"{USB}1-2,{USB}2-1", log=coral.bench.folder / "delegates.log")
    assert done.returncode == 0, done.stdout + done.stderr
    (case,) = coral.bench.run_file()["cases"]
    assert case["outcome"]["status"] == "measured", case["outcome"]
    facts = case["rounds"][0]["facts"]
    assert (facts["runtime_version"], facts["tflite_runtime_version"]) == ("2.0.0", "2.5.0.post1")
    assert facts["delegate_version"] == "BuildLabel(STAND-IN), RuntimeVersion(14)"
    assert facts["delegate_build"] == "max"
    assert facts["edgetpu_device"] == "usb:1", "the one in its port, not the first"
    assert "threads" not in case["options"], "make_interpreter cannot set them"
    calls = (coral.bench.folder / "coral.log").read_text()
    assert "load_edgetpu_delegate [('Performance', 'High'), ('device', 'usb:1')]" in calls
    assert "make_interpreter None with a delegate" in calls


def test_three_runtimes_drive_one_stick(coral: TpuMachine) -> None:
    coral.run(coral.suite(f"{{coral-usb: {{runtime: {RUNTIMES}}}}}"), devices=f"{USB}2-1", copy=1)
    cases = coral.bench.run_file()["cases"]
    assert [case["runtime"] for case in cases] == ["edgetpu-litert", "edgetpu-tflite-runtime", "pycoral"]
    assert {case["outcome"]["status"] for case in cases} == {"measured"}


def test_without_pycoral_the_others_are_ready_and_it_says_what_to_install(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    lines = json.loads(
        tpu.bench("devices", "--json", env={**tpu.env(devices=f"{USB}2-1"), "DEVBENCH_PLUGINS": "edgetpu"}).stdout
    )
    found = {line["runtime"]: line for line in lines if line["place"] == "2-1"}
    assert found["edgetpu-litert"]["ready"] is True
    assert found["pycoral"]["ready"] is False
    assert "not the package of that name on the public index" in found["pycoral"]["hint"]


def test_the_strangers_package_of_that_name_is_told_apart(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    stranger = tpu.bench.folder / "site" / "pycoral"
    stranger.mkdir(parents=True)
    (stranger / "__init__.py").write_text("__version__ = '0.2.0'\n")
    tpu.bench.env["PYTHONPATH"] = str(stranger.parent)
    lines = json.loads(
        tpu.bench("devices", "--json", env={**tpu.env(devices=f"{USB}2-1"), "DEVBENCH_PLUGINS": "edgetpu"}).stdout
    )
    (found,) = [line for line in lines if line["runtime"] == "pycoral"]
    assert "the package pycoral here is not Google's" in found["text"]


def test_the_stand_in_has_the_real_signatures(coral: TpuMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As google-coral/pycoral 46f06c8 has them: a stand-in that is kinder than the real one would prove nothing."""
    source = (STANDIN / "pycoral" / "utils" / "edgetpu.py").read_text()
    names: dict[str, object] = {}
    for block in source.split("\n\n\n"):
        if block.startswith("def ") and not block.startswith("def _"):
            exec(compile(block, "standin", "exec"), names)  # the module itself would load a library here
    found = {name: str(inspect.signature(one)) for name, one in names.items() if inspect.isfunction(one)}
    assert found == {
        "get_runtime_version": "()",
        "list_edge_tpus": "()",
        "set_verbosity": "(verbosity)",
        "supports_dmabuf": "(interpreter_handle)",
        "invoke_with_bytes": "(interpreter_handle, input_data)",
        "invoke_with_dmabuffer": "(interpreter_handle, dma_fd, size)",
        "invoke_with_membuffer": "(interpreter_handle, buffer, size)",
        "load_edgetpu_delegate": "(options=None)",
        "make_interpreter": "(model_path_or_content, device=None, delegate=None)",
        "run_inference": "(interpreter, input_data)",
    }
    assert sys.modules.get("pycoral") is None
