"""What cannot be made, through the command line: where it ends, what is said, and that nothing half-made stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import QUICK, Bench
from tests.pictures import brightest, test_set
from tests.pipeline import files
from tests.pipeline.networks import pictures
from tests.tiny_tflite import Operation, Tensor, write_tflite


def suite_of(bench: Bench, *models: str) -> Path:
    listed = "".join(f"  - {{{one}}}\n" for one in models)
    return bench.write(
        "suite.yaml",
        f"name: s\nmodels:\n{listed}devices: [{{desktop-cpu: {{runtime: litert}}}}]\nmeasure: {QUICK}\n",
    )


def two_pictures(path: Path) -> Path:
    """A network that adds two pictures."""
    shape = (1, 16, 16, 3)
    tensors = [Tensor(name, "float32", shape) for name in ("left", "right", "sum")]
    return write_tflite(path, tensors, [Operation("ADD", (0, 1), (2,))], [0, 1], [2])


def test_int8_of_a_network_with_two_inputs_says_that_pictures_cannot_show_both(bench: Bench) -> None:
    pytest.importorskip("ai_edge_quantizer")
    two_pictures(bench.folder / "two.tflite")
    pictures(bench.folder / "photos", 3)
    done = bench("run", suite_of(bench, "name: two, source: two.tflite, precision: int8, calibrate: photos"))
    assert done.returncode == 3
    assert "two.tflite: cannot be calibrated with pictures" in done.stderr
    assert "[1, 16, 16, 3], [1, 16, 16, 3]: one input" in done.stderr
    assert "Quantize it yourself, with the data that it takes, and name the quantized file." in done.stderr
    assert not list((bench.folder / "cache" / "models").glob(".making-*"))
    assert not list((bench.folder / "cache" / "models").glob("two-*/"))


def test_what_is_too_large_fails_before_anything_is_read_or_made(bench: Bench) -> None:
    files.h5(bench.folder / "large.h5")
    for name in ("large.h5", "large.tflite"):
        with (bench.folder / name).open("ab") as file:
            file.truncate(3 * 10**9)
    suite = suite_of(
        bench, "name: keras, source: large.h5, precision: int8, calibrate: .", "name: whole, source: large.tflite"
    )
    done = bench("run", suite, "--out", "out")
    assert done.returncode == 3
    for outcome in bench.outcomes().values():
        assert "it is 3.0 GB large" in outcome["error"]
        assert "Make it smaller" in outcome["hint"]
    looked = bench("inspect", "large.h5")
    assert looked.returncode == 1
    assert "it is 3.0 GB large" in looked.stderr


HALF = """
from pathlib import Path
from devbench import Converter, hookimpl

class Half(Converter):
    name = "half"
    takes = ("tflite",)
    gives = "tflite"
    precisions = ("int8",)
    quantizes = True
    program = Path(__file__).with_name("half_program.py")

@hookimpl
def devbench_converters():
    return [Half]
"""


def test_a_quantizer_that_leaves_a_part_in_float_is_passed_over(bench: Bench) -> None:
    bench.plugin("half", HALF)
    bench.write(
        "site/half_program.py", "import shutil\n\ndef convert(order): shutil.copy(order['source'], order['out'])\n"
    )
    bench.write("lab.yaml", "converters: {ai-edge-quantizer: /no/python, tensorflow-quantizer: /no/python}\n")
    brightest(bench.folder / "net.tflite")
    test_set(bench.folder / "photos")
    done = bench("make", suite_of(bench, "name: net, source: net.tflite, precision: int8, calibrate: photos"))
    assert done.returncode == 3
    assert "the converter half leaves a part in float" in done.stderr
    assert "/no/python: there is no such interpreter" in done.stderr, "the others are named too"
