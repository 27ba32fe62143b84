"""What cannot be made of networks that TensorFlow has written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.pipeline.networks import pictures
from tests.pipeline.test_failures import suite_of

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.xdist_group("sources made by TensorFlow"),
    pytest.mark.timeout(300),
]


def test_an_operation_that_no_converter_has_is_named(forms: Path, bench: Bench) -> None:
    done = bench("make", suite_of(bench, f"name: net, source: {forms / 'strange'}"))
    assert done.returncode == 3
    assert "the converter tensorflow cannot convert it: TensorFlow Lite has no operation for MatrixDeterminant" in (
        " ".join(done.stderr.split())
    )
    assert "Replace what it names" in done.stderr
    assert not list((bench.folder / "cache" / "models").glob("net-*/"))
    done = bench("make", suite_of(bench, f"name: net, source: {forms / 'table.keras'}"))
    assert done.returncode == 3
    assert "cannot convert it: it uses a table, which TensorFlow Lite has no operation for" in " ".join(
        done.stderr.split()
    )


def test_pictures_that_are_both_to_calibrate_and_to_test_with_are_refused(forms: Path, bench: Bench) -> None:
    photos = pictures(bench.folder / "photos")
    for number, path in enumerate(sorted(photos.glob("*.png"))):
        target = bench.folder / "test" / str(number % 4) / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    suite = suite_of(
        bench,
        f"name: net, source: {forms / 'float.tflite'}, precision: int8, calibrate: {{images: photos, count: 5}}, "
        "test: {images: test}",
    )
    done = bench("accuracy", suite, "--out", "out")
    assert done.returncode == 3
    assert "5 of the 12 test pictures are also calibration pictures" in done.stderr
    assert "Calibrate with others: those that the network was trained on." in done.stderr
