"""The networks whose files are read: those of the catalogue, and the small one of the tests in every form."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devbench.domain.case import ImageInput
from devbench.models.features import read_features
from devbench.models.image import layout_of, pixels_of, quantized
from devbench.models.tflite_file import TfliteFile
from devbench.worker.feeds import arrays

REPOSITORY = Path(__file__).parents[2]
CATALOGUE = ("mobilenet_v1", "mobilenet_v2", "inception_v1", "inception_v4")  # by the time that they take
FORMS = ("net.keras", "net.h5", "saved", "net.pb")
AS_CONVERTED = ("float.tflite", "float16.tflite", "dynamic.tflite", "float_ends.tflite", "int8.tflite")
_MOST_INPUTS, _FEW_INPUTS = 8, 1
_LARGE_MACS = 5e9  # the oldest readers take 2 s for each thousand million


def catalogue(folder: Path) -> Iterator[tuple[str, Path]]:
    """A title and the int8 file of each network with random weights; each is made when its turn comes."""
    for name in CATALOGUE:
        yield f"{name} int8", made(f"models: [{{name: {name}, weights: random, precision: int8}}]\n", folder)[0]


def of_tests(folder: Path) -> Iterator[tuple[str, Path]]:
    """The network of `tests/pipeline` in every form, made by devbench; then as TensorFlow's converter makes it."""
    if not (folder / "int8.tflite").exists():
        command = [sys.executable, "-m", "tests.pipeline.networks", str(folder)]
        subprocess.run(command, cwd=REPOSITORY, check=True, stderr=subprocess.DEVNULL)
    for form in FORMS:
        suite = (
            f"models: [{{name: net, source: {form}, prepare: {{mean: 127.5, std: 127.5}}, precision: [float32, int8],"
            " calibrate: {images: pictures, count: 8}}]\n"
        )
        for precision, path in zip(("float32", "int8"), made(suite, folder), strict=True):
            yield f"tests, {form}, {precision}", path
    yield from ((f"tests, {name} of TensorFlow", folder / name) for name in AS_CONVERTED)


def made(suite: str, folder: Path) -> list[Path]:
    """The files that devbench makes for the models of a suite."""
    path = folder / "readers.yaml"
    path.write_text(f"name: readers\n{suite}devices: [{{desktop-cpu: {{runtime: litert}}}}]\n")
    command = [sys.executable, "-m", "devbench", "make", str(path), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(done.stdout) if done.stdout else []
    if problem := next((one["error"] for one in found if one["error"]), ""):
        raise SystemExit(f"{suite}: {problem}")
    return [Path(one["path"]) for one in found]


def inputs_of(path: Path, file: TfliteFile, pictures: Path | None) -> dict[str, Any]:
    """Arrays for its inputs by RUN/INPUT: synthetic pictures or those of a folder; noise where it takes none."""
    count = _FEW_INPUTS if read_features(path).total_macs > _LARGE_MACS else _MOST_INPUTS
    spec = file.inputs[0]
    shape = tuple(max(size, 1) for size in spec.shape)
    if len(file.inputs) == 1 and (layout := layout_of(shape)):
        pixels = _pixels(pictures, layout, count)
        return {f"{run}/0": layout.arranged(quantized(one, ImageInput(path=Path()), spec)) for run, one in pixels}
    fixed = [{**asdict(one), "shape": [max(size, 1) for size in one.shape]} for one in file.inputs]
    given = [arrays(fixed, [], seed) for seed in range(count)]
    return {f"{run}/{end}": array for run, one in enumerate(given) for end, array in enumerate(one)}


def _pixels(pictures: Path | None, layout: Any, count: int) -> Iterator[tuple[int, Any]]:
    """Numbered pictures as uint8 [1, height, width, channels]."""
    if pictures:
        paths = sorted(path for path in pictures.rglob("*") if path.is_file())
        yield from ((number, pixels_of(path, layout)) for number, path in enumerate(paths))
        return
    from devbench_zoo.recipe.images import synthetic_pixels

    for number in range(count):
        square = synthetic_pixels(max(layout.height, layout.width), 1, number)
        yield number, square[None, : layout.height, : layout.width, : layout.channels]
