"""Mutated networks in every form that is recognised, but for .tflite: see `tflite.py`.

uv run python -m benchmarks.fuzz.sources [--seed 0] [--count 3000]
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.fuzz.apart import Tally, main, trials_apart
from benchmarks.fuzz.mutate import mutated_bytes
from benchmarks.fuzz.reading import trial_of
from devbench.pipeline.archive import unpack
from devbench.pipeline.recognise import recognise
from tests.pipeline import files

MADE = (files.keras_zip, files.h5, files.onnx, files.frozen_graph, files.exported_program)


def kinds(seed: int, count: int) -> Iterator[Tally]:
    """Look at so many mutated files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        originals = [made(folder / "whole").read_bytes() for made in MADE]
        originals.append((files.saved_model(folder / "saved") / "saved_model.pb").read_bytes())
        trial = trial_of(partial(_mutated, originals), partial(_look, folder))
        yield trials_apart("source", trial, seed, count)


def _mutated(originals: list[bytes], random: Random) -> bytes:
    return mutated_bytes(random, random.choice(originals))


def _look(folder: Path, data: bytes) -> None:
    """As a file, and as what a folder calls a SavedModel where it may be one."""
    path = folder / "saved" / "saved_model.pb" if data[:2] == b"\x08\x01" else folder / "mutated"
    path.write_bytes(data)

    def unpacked(archive: Path) -> Path:
        shutil.rmtree(folder / "unpacked", ignore_errors=True)
        unpack(archive, folder / "unpacked")
        return folder / "unpacked"

    recognise(path, unpacked)


if __name__ == "__main__":
    main(__doc__, kinds)
