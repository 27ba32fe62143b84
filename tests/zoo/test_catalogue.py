"""The catalogue: its numbers against the published ones, its sources, and what importing it costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image

import devbench_zoo
from devbench.models import identity
from devbench_zoo import source

MODELS = {model.name: model for model in devbench_zoo.devbench_models()}
PUBLISHED = {
    "mobilenet_v1": (4.25e6, 569e6),
    "mobilenet_v2": (3.5e6, 300e6),
    "inception_v1": (6.62e6, 1.5e9),
    "inception_v4": (42.65e6, 12.29e9),
}


@pytest.fixture(scope="module")
def counted() -> dict[str, dict[str, int]]:
    command = [sys.executable, "-P", "-m", "devbench_zoo.build", "all", "--describe"]
    lines = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    return json.loads(lines[-1])["done"]


@pytest.mark.thorough
@pytest.mark.xdist_group("counted by TensorFlow")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_those_published_and_those_listed(name: str, counted: dict[str, dict[str, int]]) -> None:
    parameters, macs = counted[name]["parameters"], counted[name]["macs"]
    assert (parameters, macs) == pytest.approx(PUBLISHED[name], rel=0.02)
    assert (parameters, macs) == (MODELS[name].parameters, MODELS[name].macs)


@pytest.mark.parametrize(("name", "side"), [("mobilenet_v1", 224), ("inception_v4", 299)])
def test_random_weights_come_first(name: str, side: int) -> None:
    assert MODELS[name].input_shape == (1, side, side, 3)
    assert [variant.precision for variant in MODELS[name].variants[:2]] == ["float32", "int8"]
    assert {variant.weights for variant in MODELS[name].variants[:2]} == {"random"}


def test_only_the_mobilenets_have_imagenet_weights() -> None:
    having = {name for name, model in MODELS.items() if any(v.weights == "imagenet" for v in model.variants)}
    assert having == {"mobilenet_v1", "mobilenet_v2"}


def test_what_is_made_here_is_made_of_one_keras_file_for_each_network_and_its_weights() -> None:
    made = [(model.name, one) for model in MODELS.values() for one in model.variants if one.making]
    sources = {(name, one.weights): one.source for name, one in made}
    assert len(set(sources.values())) == len(sources) == 6
    assert {one.format for _, one in made} == {"keras"}
    for _, one in made:
        assert (one.making.calibration is None) == (one.precision == "float32")


def test_calibration_pictures_are_the_same_every_time_with_the_networks_size(tmp_path: Path) -> None:
    [calibration] = [one.making.calibration for one in MODELS["inception_v4"].variants if one.making][1:]
    folders = [tmp_path / "one", tmp_path / "again"]
    for folder in folders:
        folder.mkdir()
    one, again = (devbench_zoo.devbench_fetch_model(calibration.images, folder) for folder in folders)
    assert one.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert len(archive.namelist()) == calibration.count
        with Image.open(archive.open("000.ppm")) as picture:
            assert picture.size == (299, 299)
            assert {pixel for extremes in picture.getextrema() for pixel in extremes} == {0, 255}


def test_the_source_changes_with_seed_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(seed: int = 0) -> str:
        identity.version.cache_clear()
        return source.Network(network="mobilenet_v1", weights="random", seed=seed).source

    here = text()
    assert text(seed=1) != here
    installed = metadata.version
    for package in ("tensorflow-cpu", "keras"):
        with monkeypatch.context() as patch:
            patch.setattr(metadata, "version", lambda name, odd=package: "9" if name == odd else installed(name))
            assert text() != here
    assert text() == here


def test_the_source_changes_with_the_code_that_builds(tmp_path: Path) -> None:
    copy = tmp_path / "devbench_zoo"
    shutil.copytree(Path(devbench_zoo.__file__).parent, copy)
    asked = "from devbench_zoo.source import Network; print(Network(network='mobilenet_v1', weights='random').source)"
    same = run_python(asked, tmp_path)
    with (copy / "recipe" / "inception_v1.py").open("a") as file:
        file.write("# a change\n")
    assert same == source.Network(network="mobilenet_v1", weights="random").source
    assert run_python(asked, tmp_path) != same


def test_listing_the_models_loads_nothing_heavy() -> None:
    heavy = "{'tensorflow', 'keras', 'numpy', 'tflite'}"
    asked = f"import sys, devbench_zoo; devbench_zoo.devbench_models(); print({heavy} & set(sys.modules))"
    assert run_python(asked) == "set()"


def run_python(code: str, first: Path | None = None) -> str:
    paths = [*([str(first)] if first else []), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, env=environment)
    return done.stdout.strip()
