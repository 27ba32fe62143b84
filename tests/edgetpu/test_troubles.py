"""What goes wrong with Edge TPUs: each row of the vendor's errors is produced, and its cause and remedy are said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devbench.errors import ModelError
from devbench_edgetpu import sysfs
from devbench_edgetpu.compiled import read_compiled
from devbench_edgetpu.troubles import advice
from tests.edgetpu.compiled_model import compiled_classifier
from tests.edgetpu.conftest import TpuMachine, build_library

USB = "usb:/sys/bus/usb/devices/"
REBUILD = "must be built for the same TensorFlow"


def _failure(tpu: TpuMachine) -> tuple[str, str]:
    outcome = tpu.outcome()
    assert outcome["status"] == "failed", outcome
    return str(outcome["error"]), str(outcome["hint"])


def test_the_library_is_missing(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.libraries = tpu.root
    tpu.run(tpu.suite())
    outcome = tpu.outcome()
    assert outcome["status"] == "skipped"
    assert "OSError: libedgetpu.so.1: cannot open shared object file" in str(outcome["reason"])
    assert "Install the Edge TPU runtime" in str(outcome["hint"])


def test_libusb_is_missing(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    stub = tpu.bench.folder / "stub"
    stub.mkdir()
    (stub / "usb.c").write_text("int libusb_init(void) { return 0; }\n")
    usb = stub / "libusb-1.0.so.0"
    subprocess.run(["gcc", "-shared", "-Wl,-soname,libusb-1.0.so.0", "-o", usb, stub / "usb.c"], check=True)
    build_library(tpu.bench.folder / "needy", "-Wl,--no-as-needed", str(usb))
    usb.unlink()
    tpu.libraries = tpu.bench.folder / "needy"
    if _has_libusb():
        pytest.skip("this machine has libusb")
    tpu.run(tpu.suite())
    outcome = tpu.outcome()
    assert "libusb-1.0.so.0: cannot open shared object file" in str(outcome["reason"])
    assert "apt install libusb-1.0-0" in str(outcome["hint"])


def _has_libusb() -> bool:
    code = "import ctypes; ctypes.CDLL('libusb-1.0.so.0')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_no_device(tpu: TpuMachine) -> None:
    done = tpu.run(tpu.suite())
    assert done.returncode == 3
    assert "no USB Accelerator is plugged into this machine" in done.stderr


def test_pulled_out_between_discovery_and_measuring(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite())
    error, hint = _failure(tpu)
    assert error == "RuntimeError: libedgetpu.so.1 finds no Edge TPU at port 2-1: it lists none of that type"
    assert "Plug it in" in hint


def test_another_program_holds_it(tpu: TpuMachine) -> None:
    node = tpu.stick("2-1")
    with node.open() as file, subprocess.Popen(["sleep", "60"], stdin=file) as holder:
        tpu.run(tpu.suite(), devices=f"{USB}2-1", refuse=1)
        doctor = tpu.bench("doctor", "--json", env=tpu.env(devices=f"{USB}2-1"))
        holder.kill()
    error, hint = _failure(tpu)
    assert f"the Edge TPU is in use: {node} is held by " in error
    assert f"sleep (pid {holder.pid})" in error
    assert "one process at a time" in hint
    use = next(check for check in json.loads(doctor.stdout) if check["name"] == "coral-usb 2-1 use")
    assert use["good"] is False
    assert f"sleep (pid {holder.pid})" in use["text"]


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "007"
    node.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, whom nothing is forbidden
    problem = sysfs.access_problem(str(node))
    assert problem == f"no permission for {node}"
    assert "plugdev" in advice(problem)


def test_a_device_file_that_is_not_there(tpu: TpuMachine) -> None:
    tpu.stick("2-1").unlink()
    done = tpu.run(tpu.suite())
    assert "stick in port 2-1" in done.stderr
    assert "is not there" in done.stderr


def test_an_option_that_the_library_refuses(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite("{coral-usb: {performance: Low}}"), devices=f"{USB}2-1", refuse=1)
    error, hint = _failure(tpu)
    assert "libedgetpu.so.1 refused Performance=Low, device=usb:0" in error
    assert "Low, Medium, High or Max" in hint


def test_refused_without_a_visible_cause(tpu: TpuMachine) -> None:
    node = tpu.stick("2-1")
    tpu.run(tpu.suite(), devices=f"{USB}2-1", refuse=1)
    error, hint = _failure(tpu)
    assert f"could not open {node} and does not say why (Failed to load delegate from libedgetpu.so.1)" in error
    assert "900 mA" in hint


def test_a_compiled_model_without_a_delegate(tpu: TpuMachine) -> None:
    shutil.copy(tpu.bench.folder / "tiny_edgetpu.tflite", tpu.bench.folder / "tiny.tflite")
    tpu.run(tpu.suite("desktop-cpu", compiled=""))
    error, hint = _failure(tpu)
    assert "Encountered unresolved custom op: edgetpu-custom-op" in error
    assert "`compiled:`" in hint


def test_a_library_built_for_another_tensorflow(tpu: TpuMachine) -> None:
    build_library(tpu.bench.folder / "old", "-DSTANDIN_OLD_TENSORFLOW")
    tpu.libraries = tpu.bench.folder / "old"
    tpu.stick("2-1")
    tpu.run(tpu.suite(), devices=f"{USB}2-1")
    error, hint = _failure(tpu)
    assert "failed to invoke" in error or "killed by SIG" in error, "how it ends depends on what lies on the stack"
    assert REBUILD in hint


def test_it_fails_during_an_inference(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite(), devices=f"{USB}2-1", fail=1)
    error, hint = _failure(tpu)
    assert "Failed to execute request. stand-in device error" in error
    assert "more power" in hint


def test_it_crashes(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    tpu.run(tpu.suite(), devices=f"{USB}2-1", crash=1)
    error, hint = _failure(tpu)
    assert error == "the worker was killed by SIGSEGV"
    assert REBUILD in hint


def test_it_hangs(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    suite = tpu.suite()
    suite.write_text(suite.read_text().replace("time_limit_s: 10", "time_limit_s: 4"))
    tpu.run(suite, devices=f"{USB}2-1", hang=1)
    error, _ = _failure(tpu)
    assert error == "no result within 4 s, so the worker was ended"


def test_the_library_is_too_old_for_the_file(tpu: TpuMachine) -> None:
    tpu.stick("2-1")
    compiled_classifier(tpu.bench.folder / "tiny_edgetpu.tflite", minimum_runtime=14)
    tpu.run(tpu.suite(), devices=f"{USB}2-1", version="BuildLabel(N/A), RuntimeVersion(13)")
    outcome = tpu.outcome()
    assert outcome["status"] == "skipped", "it is seen before anything is measured"
    error = str(outcome["reason"])
    assert "tiny_edgetpu.tflite needs Edge TPU runtime 14, and libedgetpu.so.1 is 13" in error


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("RuntimeError: Unsupported data type in custom op handler: 24348008Node number 0", REBUILD),
        ("OSError: libusb-1.0.so.0: cannot open shared object file: No such file or directory", "libusb-1.0-0"),
        ("batches * single_input_size != input->bytes", "compile the model again"),
        ("something that nobody has seen", ""),
    ],
)
def test_errors_that_no_stand_in_gives(text: str, part: str) -> None:
    assert part in advice(text)
    assert bool(part) == bool(advice(text))


def test_doctor_and_devices_on_a_machine_with_sticks(tpu: TpuMachine) -> None:
    tpu.stick("1-2", speed=480, loaded=False, number=3)
    tpu.stick("2-1", number=4)
    devices = tpu.bench("devices", env=tpu.env(devices=f"{USB}1-2,{USB}2-1"))
    assert devices.returncode == 0, devices.stderr
    assert "coral-usb" in devices.stdout
    found = {
        check["name"]: check
        for check in json.loads(tpu.bench("doctor", "--json", env=tpu.env(devices=f"{USB}1-2,{USB}2-1")).stdout)
    }
    assert found["coral-usb 1-2 link"]["good"] is False
    assert found["coral-usb 1-2 link"]["text"] == "USB at 480 Mbit/s"
    assert "USB 3" in found["coral-usb 1-2 link"]["hint"]
    assert found["coral-usb 1-2 firmware"]["text"].startswith("not loaded yet")
    assert found["coral-usb 2-1 link"]["good"] is True
    assert found["coral-usb 2-1 permission"]["good"] is True


def test_a_compiled_file_that_is_cut_or_damaged(tpu: TpuMachine) -> None:
    path = tpu.bench.folder / "tiny_edgetpu.tflite"
    data = path.read_bytes()
    broken = {
        "its package is not a DWN1": data.replace(b"DWN1", b"XXXX"),
        "cut short": data[: len(data) // 2],
    }
    for message, content in broken.items():
        path.write_bytes(content)
        with pytest.raises(ModelError) as caught:
            read_compiled(path)
        assert message in caught.value.message
