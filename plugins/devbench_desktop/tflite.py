"""LiteRT and tflite-runtime: two packages with one interface, so one engine file drives both."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from devbench import Artifact, Install, Option, Runtime, how_to_mend, misread, reader_caution

_ENGINE = Path(__file__).with_name("tflite_engine.py")


class _Tflite(Runtime):
    def explain(self, error: str) -> str:
        """What to do about a file that is misread, and about the one that every newcomer to Edge TPUs tries."""
        if "custom op: edgetpu-custom-op" not in error:
            return how_to_mend(error)
        return (
            "This file is compiled for the Edge TPU. Name it as the model's `compiled:` file, and the file that it was"
            " compiled from as its `source:`."
        )


class LiteRt(_Tflite):
    """`ai-edge-litert`, the default."""

    name: ClassVar[str] = "litert"
    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[Path] = _ENGINE
    options: ClassVar[Mapping[str, Option]] = {"threads": 1}
    # pip takes the newest that there is for the interpreter: 2.1.0 for Python 3.9.
    install: ClassVar[Install] = Install(packages=("ai-edge-litert",), oldest=(3, 9), extra="desktop")


class TfliteRuntime(_Tflite):
    """`tflite-runtime`, which ended at 2.14.0 and needs Python 3.11 or older and numpy 1."""

    name: ClassVar[str] = "tflite-runtime"
    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[Path] = _ENGINE
    options: ClassVar[Mapping[str, Option]] = {"threads": 1}
    # pip takes the newest that there is for the interpreter and the board; none of them goes with numpy 2.
    install: ClassVar[Install] = Install(
        packages=("tflite-runtime", "numpy<2"),
        newest=(3, 11),
        note="It needs Python 3.11 or older: an environment of its own (docs/runtimes.md).",
    )

    def unfit(self, artifact: Artifact, facts: Mapping[str, str]) -> str:
        """Whether this version reads the file wrongly, or not at all."""
        return misread(artifact, self.name, facts.get("runtime_version", ""))

    def caution(self, facts: Mapping[str, str]) -> str:
        """What this version misreads."""
        return reader_caution(facts.get("runtime_version", ""))
