"""The Edge TPU's runtimes: LiteRT or tflite-runtime with the delegate libedgetpu, and Google's pycoral."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from devbench import Artifact, Check, Option, Place, Runtime, Streamed
from devbench_edgetpu.options import OPTIONS, wrong_option
from devbench_edgetpu.troubles import advice

_HERE = Path(__file__).parent


class _EdgeTpu(Runtime):
    """Runs compiled files only: any other would run on the CPU, silently, and be called a TPU."""

    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[Path] = _HERE / "engine.py"
    parts: ClassVar[tuple[Path, ...]] = (_HERE / "edgetpu.py", _HERE / "sysfs.py")
    options: ClassVar[Mapping[str, Option]] = OPTIONS
    takes_compiled: ClassVar[bool] = True

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Artifact:  # noqa: ARG002 - all Edge TPUs are alike
        """The compiled file with what it says of itself, compiled now if it must be and can be."""
        from devbench_edgetpu.prepare import prepared

        return prepared(artifact, options)

    def wrong_option(self, name: str, value: Option) -> str:
        """Of the words that libedgetpu knows, and of what the compiler can be asked."""
        return wrong_option(name, value)

    def check(self, path: Path) -> Iterable[Check]:
        """The rules of the Edge TPU compiler, or of a compiled file what it says of itself."""
        from devbench_edgetpu.check.rules import check_file

        return check_file(path)

    def streamed(self, path: Path) -> Streamed | None:
        """What the chip's memory does not hold."""
        from devbench_edgetpu.peaks import streamed

        return streamed(path)

    def unfit(self, artifact: Artifact, facts: Mapping[str, str]) -> str:
        """Whether the library on the device is too old for the file."""
        needed = int(artifact.facts.get("minimum_runtime_version", "0"))
        found = re.search(r"RuntimeVersion\((\d+)\)", facts.get("delegate_version", ""))
        if found and int(found[1]) < needed:
            return (
                f"{artifact.path.name} needs Edge TPU runtime {needed}, and {facts.get('delegate', 'libedgetpu')} is"
                f" {found[1]}: update libedgetpu, or compile with `compiler_min_runtime: {found[1]}`"
            )
        return ""

    def explain(self, error: str) -> str:
        """What to do, by the texts that libedgetpu, TensorFlow Lite and our engine fail with."""
        return advice(error)


class EdgeTpuLiteRt(_EdgeTpu):
    """With LiteRT: needs a libedgetpu built for its TensorFlow, which Google's own is not."""

    name: ClassVar[str] = "edgetpu-litert"
    extra: ClassVar[str] = "edgetpu"
    install: ClassVar[str] = "It also needs a libedgetpu that was built for it (docs/edgetpu.md)."

    def packages(self, python: tuple[int, int]) -> tuple[str, ...]:
        """As for the CPU."""
        return ("ai-edge-litert",) if python >= (3, 9) else ()


class EdgeTpuTfliteRuntime(_EdgeTpu):
    """With tflite-runtime, as it comes with the Dev Board."""

    name: ClassVar[str] = "edgetpu-tflite-runtime"
    install: ClassVar[str] = (
        "It needs Python 3.11 or older, and a libedgetpu that was built for its TensorFlow (docs/edgetpu.md)."
    )

    def packages(self, python: tuple[int, int]) -> tuple[str, ...]:
        """As for the CPU."""
        return ("tflite-runtime", "numpy<2") if python <= (3, 11) else ()


class Pycoral(_EdgeTpu):
    """With Google's pycoral 2.0, as Mendel and Google's wheels have it: for programs that use it, the same path."""

    name: ClassVar[str] = "pycoral"
    engine: ClassVar[Path] = _HERE / "pycoral_engine.py"
    options: ClassVar[Mapping[str, Option]] = {name: value for name, value in OPTIONS.items() if name != "threads"}
    install: ClassVar[str] = (
        "Install Google's own pycoral (docs/edgetpu.md), not the package of that name on the public index."
    )
