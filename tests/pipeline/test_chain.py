"""The chain through the command line, with a converter of a plugin's own: ledger, cache, and all that can go wrong."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from devbench.run import pairs
from devbench.testing.tiny_model import TinyModel
from tests.conftest import QUICK, Bench
from tests.pipeline import files
from tests.tiny_tflite import Operation, Tensor, write_tflite

PLUGIN = """
from pathlib import Path
from devbench import Converter, Install, hookimpl

class KerasToFake(Converter):
    name = "toy"
    takes = ("keras",)
    gives = "fake"
    program = Path(__file__).with_name("toy_program.py")
    packages = ({packages},)
    limit_s = 20
    install = Install(note="Have it installed.")

@hookimpl
def devbench_converters():
    return [KerasToFake]
"""
GOOD = """
import json

def convert(order):
    print("chatter")
    json.dump({"invoke_us": 300}, open(order["out"], "w"))
    return {"layers": "two"}
"""


@pytest.fixture
def toy(bench: Bench) -> Bench:
    """A Keras network, and a suite that measures it on the fake device."""
    bench.plugin("toy", PLUGIN.format(packages='"numpy"'))
    _program(bench, GOOD)
    files.keras_zip(bench.folder / "net.keras")
    bench.write(
        "suite.yaml", f"name: s\nmodels: [{{name: net, source: net.keras}}]\ndevices: [fake]\nmeasure: {QUICK}\n"
    )
    return bench


def _program(bench: Bench, text: str) -> None:
    (bench.folder / "site" / "toy_program.py").write_text(text)


def test_a_suite_names_the_source_and_run_makes_what_the_runtime_loads(toy: Bench) -> None:
    done = toy("run", "suite.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr
    facts = toy.run_file()["cases"][0]["artifact"]["facts"]
    assert facts["made_from"] == "a Keras 3 network"
    assert facts["made_by"] == "convert: toy"
    assert len(facts["source_sha256"]) == 64


def test_a_format_of_a_plugin_is_known_by_the_ending_of_its_name(toy: Bench) -> None:
    toy.plugin("toy", PLUGIN.format(packages="").replace("(,)", "()").replace('("keras",)', '("tune",)'))
    toy.write("net.tune", "la la la")
    suite = toy.write(
        "tune.yaml", f"name: s\nmodels: [{{name: net, source: net.tune}}]\ndevices: [fake]\nmeasure: {QUICK}\n"
    )
    assert toy("make", suite).returncode == 0


def test_the_ledger_has_hashes_and_versions_and_the_same_bytes_come_out_again(toy: Bench) -> None:
    [made] = json.loads(toy("make", "suite.yaml", "--check", "--json").stdout)
    recognised, converted = made["steps"]
    assert (recognised["name"], converted["name"], converted["tool"]) == ("recognise", "convert", "toy")
    assert converted["made_from"] == recognised["sha256"]
    assert converted["sha256"] == made["sha256"]
    assert set(converted["versions"]) == {"python", "numpy", "program"}
    assert converted["said"] == {"layers": "two"}
    assert made["again"] is True
    assert "1 file is ready to measure." in toy("make", "suite.yaml").stdout
    _program(toy, GOOD.replace("300", "int(__import__('time').time_ns() % 1000)"))
    changed = toy("make", "suite.yaml", "--check")
    assert changed.returncode == 4
    assert "other bytes come out of toy" in changed.stdout


def test_what_was_made_is_kept_and_made_anew_only_where_something_differs(toy: Bench) -> None:
    def made() -> int:
        return toy("make", "suite.yaml").stderr.count("toy makes")

    assert [made(), made()] == [1, 0]
    files.keras_zip(toy.folder / "net.keras", files.layer("Dense"))
    assert [made(), made()] == [1, 0]
    _program(toy, GOOD + "# changed\n")
    assert [made(), made()] == [1, 0]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("def convert(order): raise ValueError('no operation for Swirl')", "cannot convert it: no operation for Swirl"),
        ("def convert(order): 1 / 0", "cannot convert it: ZeroDivisionError: division by zero"),
        ("def convert(order): return {}", "says it is done, and wrote no file"),
        ("def convert(order): import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        (
            "def convert(order):\n    for name in 'source', 'out': open(order[name], 'a').write('x')",
            "has changed the file",
        ),
        ("import sys; sys.stderr.write('oh no\\n'); sys.exit(7)", "ended with exit status 7"),
    ],
)
def test_what_a_converter_can_do_wrong_is_told_and_fails_the_case_alone(toy: Bench, program: str, text: str) -> None:
    _program(toy, program)
    toy.fake("good", invoke_us=300)
    suite = toy.write(
        "two.yaml",
        "name: s\nmodels: [{name: net, source: net.keras}, {name: good, source: good.fake}]\ndevices: [fake]\n"
        f"measure: {QUICK}\n",
    )
    done = toy("run", suite, "--out", "out")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert text in toy.outcomes()["net"]["error"]
    assert toy.outcomes()["good"]["status"] == "measured"


def test_a_converter_that_hangs_is_ended_with_its_group(toy: Bench) -> None:
    toy.plugin("toy", PLUGIN.format(packages='"numpy"').replace("limit_s = 20", "limit_s = 0.5"))
    _program(toy, "def convert(order):\n    import subprocess\n    subprocess.run(['sleep', '54.25'])\n")
    done = toy("make", "suite.yaml")
    assert done.returncode == 3
    assert "was not done within 0.5 s" in done.stderr
    deadline_s = time.monotonic() + 5
    while (left := _sleeping("54.25")) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not left


def test_a_missing_environment_is_named_with_what_makes_it(toy: Bench) -> None:
    toy.plugin("toy", PLUGIN.format(packages='"nobody-has-this"'))
    done = toy("run", "suite.yaml", "--out", "out")
    assert done.returncode == 3
    assert "needs nobody-has-this, which is not installed here" in done.stderr
    assert "Have it installed." in done.stderr
    looked = toy("inspect", "net.keras")
    assert looked.returncode in (0, 4)
    assert "Have it installed." in looked.stdout


def test_a_kill_in_the_middle_leaves_the_cache_as_it_was(toy: Bench) -> None:
    _program(toy, GOOD.replace("    print", "    import time; time.sleep(60)\n    print"))
    process = toy.start("make", "suite.yaml")
    cache = toy.folder / "cache" / "models"
    deadline_s = time.monotonic() + 20
    while not list(cache.glob(".making-*/scratch-*/order.json")) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not list(cache.glob("net-*/"))
    _program(toy, GOOD)
    assert toy("make", "suite.yaml").returncode == 0
    assert len([one for one in cache.glob("net-*/") if one.is_dir()]) == 1


def test_a_source_that_nothing_loads_fails_with_a_hint_and_not_with_exit_0(toy: Bench) -> None:
    toy.fake("good", invoke_us=300)
    files.onnx(toy.folder / "net.onnx")
    (toy.folder / "net.pth").write_bytes(b"\x80\x04K\x01.")
    files.keras_zip(toy.folder / "own.keras", files.layer("Swirl", "my_layers"))
    suite = toy.write(
        "bad.yaml",
        "name: s\nmodels:\n  - {name: good, source: good.fake}\n  - {name: onnx, source: net.onnx}\n"
        "  - {name: pickled, source: net.pth}\n  - {name: own, source: own.keras}\n  - {name: folder, source: site}\n"
        f"devices: [fake]\nmeasure: {QUICK}\n",
    )
    done = toy("run", suite, "--out", "out")
    assert done.returncode == 3
    outcomes = toy.outcomes()
    assert "nothing here makes .fake of that" in outcomes["onnx"]["error"]
    assert "devbench inspect" in outcomes["onnx"]["hint"]
    assert "run whatever code it holds" in outcomes["pickled"]["error"]
    assert "layers of somebody's own: Swirl" in outcomes["own"]["error"]
    assert "there is no network in this folder" in outcomes["folder"]["error"]
    plan = toy("run", suite, "--dry-run")
    assert "fails: onnx@fake" in plan.stdout


TUNE = PLUGIN.replace('takes = ("keras",)', 'takes = ("tune",)').replace("{packages},", "")
COMPARED = """
import shutil
from pathlib import Path

def convert(order):
    shutil.copy(Path(order["source"]).with_name("tiny.tflite"), order["out"])
    order.compare(lambda arrays: [FACTOR * order.reader(order["out"])(arrays)[0]])
"""


def _compared(bench: Bench, factor: float) -> dict[str, Any]:
    """What `make` says of a network whose source answers with FACTOR times what was made."""
    bench.plugin("toy", TUNE.replace('gives = "fake"', 'gives = "tflite"'))
    _program(bench, COMPARED.replace("FACTOR", str(factor)))
    TinyModel(layers=1, height=4, width=5).write(bench.folder / "tiny.tflite")
    bench.write("net.tune", "la la la")
    entry = "{name: net, source: net.tune}"
    suite = f"name: s\nmodels: [{entry}]\ndevices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n"
    [made] = json.loads(bench("make", bench.write("tune.yaml", suite), "--json").stdout)
    found: dict[str, Any] = made
    return found


def test_what_was_made_answers_as_its_source_or_is_refused(bench: Bench) -> None:
    pytest.importorskip("ai_edge_litert")
    good = _compared(bench, 1.0)
    assert good["steps"][-1]["said"]["answers"] == "as the source's for 4 made-up inputs, exactly"
    bad = _compared(bench, 1.1)
    assert (
        "the converter toy cannot convert it: what it made answers otherwise than its source: by up to" in bad["error"]
    )


def test_a_fixed_file_answers_exactly_as_it_did(bench: Bench) -> None:
    pytest.importorskip("ai_edge_litert")
    tensors = [Tensor(name, "float32", (1, 4, 4, 3), signature=(-1, 4, 4, 3)) for name in ("image", "scores")]
    write_tflite(bench.folder / "net.tflite", tensors, [Operation("RELU", (0,), (1,))], [0], [1])
    suite = bench.write(
        "suite.yaml",
        "name: s\nmodels: [{name: net, source: net.tflite}]\ndevices: [{desktop-cpu: {runtime: litert}}]\n"
        f"measure: {QUICK}\n",
    )
    [made] = json.loads(bench("make", suite, "--json").stdout)
    assert made["steps"][-1]["said"] == {
        "changed": "the free batch is fixed at 1",
        "answers": "as the source's for 4 made-up inputs, exactly",
    }
    looked = bench("inspect", made["path"])
    assert "devbench: fix by devbench" in looked.stdout, "its certificate stands beside it"


def test_two_halves_of_the_calibration_pictures_that_disagree_are_told_with_what_to_do(bench: Bench) -> None:
    pytest.importorskip("ai_edge_quantizer")
    tensors = [Tensor(name, "float32", (1, 8, 8, 3)) for name in ("image", "scores")]
    write_tflite(bench.folder / "net.tflite", tensors, [Operation("TANH", (0,), (1,))], [0], [1])
    (bench.folder / "photos").mkdir()
    wide = Image.new("RGB", (8, 8), (0, 0, 0))
    wide.putpixel((3, 3), (255, 255, 255))
    wide.save(bench.folder / "photos" / "b.png")  # shown first: the order follows from names and seed
    Image.new("RGB", (8, 8), (120, 128, 136)).save(bench.folder / "photos" / "a.png")
    suite = bench.write(
        "suite.yaml",
        "name: s\nmodels: [{name: net, source: net.tflite, precision: int8, calibrate: {images: photos, count: 2}}]\n"
        f"devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
    )
    [made] = json.loads(bench("make", suite, "--json").stdout)
    assert not made["error"]
    quantized = made["steps"][-1]
    assert quantized["said"]["halves"].startswith("ranges differ by ")
    [note] = quantized["notes"]
    assert "Two halves of the 2 calibration pictures give ranges that differ by" in note
    assert "`calibrate: {count: 4}`" in note
    for command in (("make", suite), ("inspect", made["path"])):
        assert "Two halves of the 2 calibration pictures" in bench(*command).stdout


CATALOGUE = """
from devbench import Making, Model, Variant

@hookimpl
def devbench_fetch_model(source, into):
    if not source.startswith("tune:"):
        return None
    path = into / "net.tune"
    path.write_text(source)
    return path

@hookimpl
def devbench_models():
    def of(form):
        return Variant(precision="float32", format=form, source="tune:" + form, making=Making(precision="float32"))
    return [Model(name="tuned", variants=(of("tune"),)), Model(name="odd", variants=(of("odd"),))]
"""


def test_a_model_of_a_catalogue_goes_the_same_way_as_a_users_file(bench: Bench) -> None:
    bench.plugin("toy", TUNE + CATALOGUE)
    _program(bench, GOOD)
    suite = bench.write(
        "suite.yaml", f"name: s\nmodels: [tuned, odd]\ndevices: [fake]\nprecision: float32\nmeasure: {QUICK}\n"
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert bench.run_file()["cases"][0]["artifact"]["facts"]["made_by"] == "convert: toy"
    assert bench.outcomes()["odd"]["reason"] == "fake loads fake, not .odd"
    [steps] = [one["steps"] for one in json.loads(bench("make", suite, "--json").stdout)]
    assert [one["name"] for one in steps] == ["recognise", "convert"]


def test_two_models_are_made_at_once_where_there_is_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "room_for_two", lambda: True)
    bench.plugin("toy", TUNE)
    _program(bench, MEETS)
    for name in ("one", "two"):
        bench.write(f"{name}.tune", name)
    entries = "[{name: one, source: one.tune}, {name: two, source: two.tune}]"
    suite = bench.write("suite.yaml", f"name: s\nmodels: {entries}\ndevices: [fake]\nmeasure: {QUICK}\n")
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert {one["status"] for one in bench.outcomes().values()} == {"measured"}


MEETS = """
import json, os, time
from pathlib import Path

def convert(order):
    seen = Path(order["source"]).with_name("seen")
    seen.mkdir(exist_ok=True)
    (seen / str(os.getpid())).touch()
    until = time.monotonic() + 15
    while len(list(seen.iterdir())) < 2:
        if time.monotonic() > until:
            raise ValueError("nobody came")
        time.sleep(0.01)
    json.dump({"invoke_us": 300}, open(order["out"], "w"))
"""


def _sleeping(seconds: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if command.split(b"\0")[:2] == [b"sleep", os.fsencode(seconds)]:
            found.append(path.parent.name)
    return found
