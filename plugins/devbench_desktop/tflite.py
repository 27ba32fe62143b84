"""LiteRT and tflite-runtime: two packages with one interface, so one engine file drives both."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from devbench import Option, Runtime

_ENGINE = Path(__file__).with_name("tflite_engine.py")


class LiteRt(Runtime):
    """`ai-edge-litert`, the default."""

    name: ClassVar[str] = "litert"
    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[Path] = _ENGINE
    options: ClassVar[Mapping[str, Option]] = {"threads": 1}
    install: ClassVar[str] = 'pip install "devbench[desktop]"'


class TfliteRuntime(Runtime):
    """`tflite-runtime`, which ended at 2.14.0 and needs Python 3.11 or older and numpy 1."""

    name: ClassVar[str] = "tflite-runtime"
    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[Path] = _ENGINE
    options: ClassVar[Mapping[str, Option]] = {"threads": 1}
    install: ClassVar[str] = (
        "make a second environment for it (docs/runtimes.md) and name it with `python:` in lab.yaml"
    )
