"""One conversion: what is asked for, what decides its result, and how it is carried out."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from devbench.domain.making import Making, Preparation
from devbench.domain.model import TensorSpec
from devbench.errors import DevbenchError, ModelError
from devbench.files import sha256_of
from devbench.models.image import picture_input
from devbench.pipeline.checks import calibration_note, halves_told, same_told
from devbench.pipeline.ledger import Step, write_certificate
from devbench.pipeline.pictures import Pictures, chosen
from devbench.pipeline.process import Answer, Environment, convert
from devbench.pipeline.source import Source
from devbench.pipeline.ways import Form
from devbench.plugin.calls import KnownConverter

_HASH_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a converter is asked for. given: the source itself, where the step begins with it."""

    converter: KnownConverter
    form: Form
    source: Path
    sha256: str
    making: Making
    inputs: tuple[TensorSpec, ...]
    given: Source | None
    preparation: Preparation | None
    step: str = ""

    @property
    def name(self) -> str:
        """The step's name in the ledger."""
        return self.step or ("quantize" if self.converter.quantizes else "convert")

    @property
    def settings(self) -> dict[str, str]:
        """What decides the result, beside source, tools and pictures."""
        making = self.making
        found = {"to": self.form.format, "precision": self.form.precision}
        found |= {f"input {one.name}": "x".join(map(str, one.shape)) for one in making.inputs}
        if making.outputs:
            found["outputs"] = ",".join(making.outputs)
        if self.converter.quantizes:
            preparation, calibration = self.preparation or Preparation(), making.calibration
            found |= {"mean": repr(preparation.mean), "std": repr(preparation.std)}
            if calibration:
                found |= {"count": str(calibration.count), "seed": str(calibration.seed)}
        return found

    def key(self, environment: Environment, pictures: Pictures | None) -> str:
        """All that makes the file."""
        versions = self.versions(environment)
        parts = {**self.settings, **versions}
        parts |= {"pictures": pictures.together} if pictures else {}
        return f"make:{self.converter.name}?from={self.sha256}&{urlencode(sorted(parts.items()))}"

    def versions(self, environment: Environment) -> dict[str, str]:
        """What does it: interpreter, packages, and the code of the program with its parts."""
        program = "".join(sha256_of(path) for path in (self.converter.program, *self.converter.parts))
        digest = program if not self.converter.parts else hashlib.sha256(program.encode()).hexdigest()
        return {"python": environment.python, **environment.packages, "program": digest[:_HASH_DIGITS]}

    def pictures(self, find: Callable[[str], Path]) -> Pictures | None:
        """Those to calibrate with; a `ModelError` if there are none and they are needed.

        find: gives the folder or zip that the suite names, fetched if it must be.
        """
        if not self.converter.quantizes:
            return None
        if self.making.calibration is None:
            raise ModelError(
                f"{self.source.name}: {self.form.precision} needs calibration pictures, and the suite names none",
                "Add `calibrate: {images: FOLDER, count: 100}` to the model: some of the pictures it was trained on.",
            )
        return chosen(self.making.calibration, find(self.making.calibration.images))


def carry_out(order: Order, pictures: Pictures | None, environment: Environment, into: Path) -> Path:
    """Have the file made in the folder `into`, with its certificate beside it."""
    with tempfile.TemporaryDirectory(dir=into, prefix="scratch-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        ending = order.form.ending
        out = scratch / f"network.{ending}"
        before = _state(order.source)
        answer = convert(order.converter, _request(order, pictures, scratch, out), scratch)
        if _state(order.source) != before:
            raise ModelError(
                f"the converter {order.converter.name} has changed the file that it was given, {order.source}",
                "Get that file again, and tell who wrote the converter.",
            )
        if not out.is_file():
            raise ModelError(f"the converter {order.converter.name} says it is done, and wrote no file")
        result = into / f"{_stem(order.source, order.form)}_{order.form.precision or 'fixed'}.{ending}"
        shutil.move(out, result)
    shown = len(pictures.sha256) if pictures else 0
    note = calibration_note(answer.halves, shown) if pictures else ""
    step = Step(
        name=order.name,
        tool=order.converter.name,
        result=str(order.form),
        sha256=sha256_of(result),
        size_bytes=result.stat().st_size,
        made_from=order.sha256,
        versions=order.versions(environment),
        settings=order.settings,
        pictures=pictures.sha256 if pictures else (),
        said={**answer.facts, **_compared(answer)},
        notes=(note,) if note else (),
        seconds=round(answer.seconds, 3),
        peak_memory_bytes=answer.peak_memory_bytes,
        network=answer.network,
    )
    write_certificate(into, step)
    return result


def _compared(answer: Answer) -> dict[str, str]:
    """What was compared, in words; nothing where the converter compares nothing."""
    found = {"answers": same_told(answer.same)} if answer.same else {}
    return found | ({"halves": halves_told(answer.halves)} if answer.halves else {})


def _state(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def _stem(path: Path, form: Form) -> str:
    """The name without the precision that an earlier step has added."""
    return path.stem.removesuffix("_float32").removesuffix(f"_{form.precision}") or "network"


def _request(order: Order, pictures: Pictures | None, scratch: Path, out: Path) -> dict[str, object]:
    """The order as the converter's program gets it."""
    given = order.given
    request: dict[str, object] = {
        "source": str(order.source),
        "format": given.format if given else order.converter.takes[0],
        "out": str(out),
        "to": order.form.format,
        "precision": order.form.precision,
        "inputs": {one.name: list(one.shape) for one in order.making.inputs},
        "outputs": list(order.making.outputs),
        "source_inputs": [{"name": one.name, "dtype": one.dtype, "shape": list(one.shape)} for one in order.inputs],
        "source_outputs": [one.name for one in given.outputs] if given else [],
        "scratch": str(scratch),
    }
    if preparation := order.preparation:
        request["span"] = list(preparation.range)
    if pictures:
        try:
            _, layout = picture_input(order.inputs)
        except DevbenchError as error:
            raise ModelError(
                f"{order.source.name}: cannot be calibrated with pictures: {error.message}",
                "Quantize it yourself, with the data that it takes, and name the quantized file.",
            ) from error
        path = scratch / "pictures.npy"
        pictures.write(layout, path)
        preparation = preparation or Preparation()
        request["pictures"] = str(path)
        request["mean"], request["std"] = preparation.mean, preparation.std
        request["channels_first"] = layout.channels_first
    return request
