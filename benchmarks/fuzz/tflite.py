"""Mutated .tflite files, through everything that looks inside one, and mutated images on their way into a tensor.

    uv run python -m benchmarks.fuzz.tflite [--seed 0] [--count 3000]

With DEVBENCH_TEST_MODELS, Google's smallest models are mutated too.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random

from PIL import Image

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.mutate import mutated_bytes
from benchmarks.fuzz.reading import trial_of
from devbench.domain.case import ImageInput
from devbench.domain.model import TensorSpec, Variant
from devbench.models.artifact import prepare_artifact
from devbench.models.cache import ModelCache
from devbench.models.image import image_feed
from devbench_edgetpu.runtimes import EdgeTpuLiteRt
from tests.edgetpu.compiled_model import compiled_classifier
from tests.tiny_tflite import classifier, two_odd_inputs

LARGEST_BYTES = 1 << 20  # in a large file nearly every mutation is in the weights
NUMBERS = (0, 1, -1, 4, 2**31 - 1, -(2**31), 2**16, 0x7FC00000, 0x7F800000)  # the last two: NaN and infinity as floats
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "WEBP")
RGB = TensorSpec(name="x", dtype="uint8", shape=(1, 8, 8, 3), scale=1 / 127.5, zero_point=128)


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Read so many mutated models, and so many mutated images."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models = [
            made(folder / "one.tflite").read_bytes() for made in (classifier, two_odd_inputs, compiled_classifier)
        ]
        models += [path.read_bytes() for path in _googles()]
        images = _images()
        for name, originals, read in ((".tflite", models, _look_inside), ("image", images, _feed)):
            trial = trial_of(partial(_mutated, originals), partial(read, folder))
            yield trials_apart(name, trial, seed, count)


def _googles() -> list[Path]:
    folder = os.environ.get("DEVBENCH_TEST_MODELS")
    found = sorted(Path(folder).glob("*.tflite")) if folder else []
    return [path for path in found if path.stat().st_size <= LARGEST_BYTES]


def _images() -> list[bytes]:
    """A small picture in each format."""
    picture = Image.effect_noise((16, 12), 64).convert("RGB")
    images = []
    for name in FORMATS:
        buffer = io.BytesIO()
        picture.save(buffer, name)
        images.append(buffer.getvalue())
    return images


def _mutated(originals: Sequence[bytes], random: Random) -> bytes:
    """A third of them with whole numbers, offsets and sizes, replaced."""
    data = random.choice(originals)
    return mutated_bytes(random, data) if random.randrange(3) else _with_other_numbers(random, data)


def _with_other_numbers(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        where = random.randrange(0, len(changed) - 4, 4)
        number = random.choice((*NUMBERS, random.randrange(len(changed)), len(changed)))
        changed[where : where + 4] = number.to_bytes(4, "little", signed=number < 0)
    return bytes(changed)


def _look_inside(folder: Path, data: bytes) -> None:
    path = folder / "mutated.tflite"
    path.write_bytes(data)
    variant = Variant(precision="", format="tflite", source=str(path))
    artifact = prepare_artifact("mutated", variant, ModelCache(folder / "cache"), lambda *_: path)
    list(EdgeTpuLiteRt().check(path))
    if artifact.inputs:
        image_feed(ImageInput(path=_picture(folder)), artifact.inputs[:1], folder / "feed.npy")


def _feed(folder: Path, data: bytes) -> None:
    path = folder / "image"
    path.write_bytes(data)
    image_feed(ImageInput(path=path), (RGB,), folder / "feed.npy")


def _picture(folder: Path) -> Path:
    path = folder / "picture.png"
    if not path.exists():
        Image.new("RGB", (4, 4)).save(path)
    return path


if __name__ == "__main__":
    main(__doc__, kinds)
