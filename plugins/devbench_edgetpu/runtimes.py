"""The Edge TPU's runtimes: LiteRT or tflite-runtime with the delegate libedgetpu, and Google's pycoral."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from devbench import (
    Artifact,
    Check,
    EngineFile,
    Install,
    Option,
    OptionSpec,
    Place,
    Prepared,
    Runtime,
    Streamed,
    how_to_mend,
    misread,
)
from devbench_edgetpu.options import OPTIONS
from devbench_edgetpu.troubles import advice

_HERE = Path(__file__).parent


def _engine(name: str) -> EngineFile:
    """port: of a stick, node: of a chip on PCIe; the engine uses that one and no other."""
    parts = (_HERE / "edgetpu.py", _HERE / "sysfs.py")
    return EngineFile(path=_HERE / name, parts=parts, place_options=("port", "node"))


class _EdgeTpu(Runtime):
    """Runs compiled files only: any other would run on the CPU, silently, and be called a TPU."""

    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    engine: ClassVar[EngineFile] = _engine("engine.py")
    options: ClassVar[Mapping[str, Option | OptionSpec]] = OPTIONS
    takes_compiled: ClassVar[bool] = True
    of_tensorflow: ClassVar[bool] = True  # whether the interpreter has the version number of its TensorFlow

    def prepare(self, artifact: Artifact, place: Place, options: Mapping[str, Option]) -> Prepared:  # noqa: ARG002 - all Edge TPUs are alike
        """The compiled file with what it says of itself, compiled now if it must be and can be."""
        from devbench_edgetpu.prepare import prepared

        return prepared(artifact, options)

    def check(self, path: Path) -> Iterable[Check]:
        """The rules of the Edge TPU compiler, or of a compiled file what it says of itself."""
        from devbench_edgetpu.check.rules import check_file

        return check_file(path)

    def streamed(self, path: Path) -> Streamed | None:
        """What the chip's memory does not hold."""
        from devbench_edgetpu.peaks import streamed

        return streamed(path)

    def unfit(self, artifact: Artifact, facts: Mapping[str, str]) -> str:
        """Whether library or interpreter on the device are too old for the file."""
        needed = int(artifact.facts.get("minimum_runtime_version", "0"))
        found = re.search(r"RuntimeVersion\((\d+)\)", facts.get("delegate_version", ""))
        if found and int(found[1]) < needed:
            return (
                f"{artifact.path.name} needs Edge TPU runtime {needed}, and {facts.get('delegate', 'libedgetpu')} is"
                f" {found[1]}: update libedgetpu, or compile with `compiler_min_runtime: {found[1]}`"
            )
        return misread(artifact, "tflite-runtime", facts.get("runtime_version", "")) if self.of_tensorflow else ""

    def explain(self, error: str) -> str:
        """What to do, by the texts that libedgetpu, TensorFlow Lite and our engine fail with."""
        return how_to_mend(error) or advice(error)


class EdgeTpuLiteRt(_EdgeTpu):
    """With LiteRT: needs a libedgetpu built for its TensorFlow, which Google's own is not."""

    name: ClassVar[str] = "edgetpu-litert"
    of_tensorflow: ClassVar[bool] = False
    install: ClassVar[Install] = Install(
        packages=("ai-edge-litert",),
        oldest=(3, 9),
        extra="edgetpu",
        note="It also needs a libedgetpu that was built for it (docs/edgetpu.md).",
    )


class EdgeTpuTfliteRuntime(_EdgeTpu):
    """With tflite-runtime, as it comes with the Dev Board."""

    name: ClassVar[str] = "edgetpu-tflite-runtime"
    install: ClassVar[Install] = Install(
        packages=("tflite-runtime", "numpy<2"),
        newest=(3, 11),
        note="It needs Python 3.11 or older, and a libedgetpu that was built for its TensorFlow (docs/edgetpu.md).",
    )


class Pycoral(_EdgeTpu):
    """With Google's pycoral 2.0, as Mendel and Google's wheels have it: for programs that use it, the same path."""

    name: ClassVar[str] = "pycoral"
    engine: ClassVar[EngineFile] = _engine("pycoral_engine.py")
    options: ClassVar[Mapping[str, Option | OptionSpec]] = {
        name: value for name, value in OPTIONS.items() if name != "threads"
    }
    install: ClassVar[Install] = Install(
        note="Install Google's own pycoral (docs/edgetpu.md), not the package of that name on the public index."
    )
