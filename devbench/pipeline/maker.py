"""Makes what a runtime loads of what somebody has: each step once, kept in the cache with its part of the ledger."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

from devbench.domain.making import Making
from devbench.domain.model import TensorSpec, Variant
from devbench.errors import ModelError
from devbench.files import sha256_of
from devbench.models.arithmetic import float_operations
from devbench.models.artifact import described, is_file_source, source_file
from devbench.models.cache import Fetch, ModelCache
from devbench.models.fix import RECIPE, fixed
from devbench.models.graph import read_graph
from devbench.models.guards import OUTSIDE, guards
from devbench.models.tflite_file import read_tflite
from devbench.pipeline.archive import unpack
from devbench.pipeline.checks import same_told
from devbench.pipeline.ledger import Step, birth_of, read_certificate, write_certificate
from devbench.pipeline.made import Gone, Made, artifact_of, facts_of, guard, recognised
from devbench.pipeline.order import Order, carry_out
from devbench.pipeline.process import MissingError, RefusedError, compare, environment_of, is_here
from devbench.pipeline.recognise import recognise
from devbench.pipeline.source import ONNX, TFLITE, TITLES, Source
from devbench.pipeline.ways import FLOAT, Form, Way, ways
from devbench.plugin.calls import KnownConverter


def float_twin(variant: Variant) -> Variant:
    """The same source in float32: what a quantized network is compared with."""
    making = variant.making
    return replace(variant, precision=FLOAT, making=replace(making, precision=FLOAT) if making else None)


@dataclass
class Maker:
    """Makes artifacts. tell: called with what is going on, in words."""

    cache: ModelCache
    fetch: Fetch
    converters: Mapping[str, KnownConverter]
    tell: Callable[[str], None] = lambda _: None
    _sources: dict[Path, Source] = field(default_factory=dict)

    def look(self, path: Path) -> Source:
        """What the file or folder at `path` is; a `ModelError` says why it is of no use."""
        if path not in self._sources:
            ending = path.suffix.removeprefix(".")
            theirs = ending not in TITLES and any(ending in one.takes for one in self.converters.values())
            if theirs and path.is_file():  # a format that a plugin brings, known by its name alone
                self._sources[path] = Source(path=path, format=ending, files=(path,))
            else:
                self._sources[path] = recognise(path, self._unpacked)
        return self._sources[path]

    def ways(self, source: Source, making: Making) -> list[Way]:
        """How to make of `source` what is asked for, shortest first; those that can be gone here before others."""
        start = Form(format=source.format, precision=source.precision)
        found = ways(start, making.formats, making.precision, self.converters.values())
        return sorted(found, key=lambda way: not all(map(is_here, way.converters)))

    def make(self, model: str, variant: Variant) -> Made:
        """The artifact of `variant`, whose `making` says what of; a `ModelError` says why it cannot be made."""
        making = variant.making
        assert making is not None, "a variant without `making` is used as it is"
        source = self.look(self._path(model, variant))
        fatal = next((one for one in source.obstacles if one.fatal), None)
        if fatal:
            raise ModelError(f"{source.path}: {fatal.text}", fatal.hint)
        found = self.ways(source, making)
        if not found:
            if source.format in making.formats:
                described(source.path, replace(variant, format=source.format))  # says what it is instead
            raise no_way(source, making)
        refusals: list[ModelError] = []
        for way in found:
            try:
                gone = self._gone(model, source, way, making)
                break
            except (RefusedError, MissingError) as error:
                refusals.append(error)
        else:
            raise _all_refused(source, refusals)
        steps = tuple(gone.steps)
        if refusals:
            passed_over = {"passed over": "; ".join(one.message for one in refusals)}
            steps = (replace(steps[0], said={**steps[0].said, **passed_over}), *steps[1:])
        if birth := birth_of(source.path, steps[0].sha256):
            steps = (birth, *steps)
        form = way.forms[-1] if way.forms else Form(format=source.format, precision=making.precision)
        own = source.preparation if gone.made else None
        artifact = artifact_of(gone, form, variant, making.precision)
        guard(gone.tflite, artifact.source, making.preparation or own, made=gone.made)
        facts = {**artifact.facts, **facts_of(source, steps)}
        return Made(artifact=replace(artifact, facts=facts), source=source, steps=steps)

    def _path(self, model: str, variant: Variant) -> Path:
        path = Path(variant.source)
        if is_file_source(variant.source) and path.is_dir():
            if variant.sha256 or variant.git_blob:
                raise ModelError(f"{path}: a folder has no sha256", "Leave it out of the suite, or name a zip of it.")
            return path
        return source_file(model, variant, self.cache, self.fetch, self.look)

    def _pictures(self, images: str) -> Path:
        """Where the pictures are that a suite names."""
        if is_file_source(images):
            return Path(images)
        return self.cache.get("pictures", Variant(precision="", format="", source=images), self.fetch)

    def _unpacked(self, path: Path) -> Path:
        """The folder that the archive was unpacked into; it stays in the cache."""

        def make(_: str, into: Path) -> Path:
            unpack(path, into / "unpacked")
            (into / "unpacked.txt").write_text(f"{path.name}\n")
            return into / "unpacked.txt"

        key = Variant(precision="", format="", source=f"unpacked:{sha256_of(path)}")
        return self.cache.get(path.stem, key, make).parent / "unpacked"

    def _gone(self, model: str, source: Source, way: Way, making: Making) -> Gone:
        """The file at the end of the way, and its steps."""
        path, steps = source.path, [recognised(source)]
        form = Form(format=source.format, precision=source.precision)
        path = self._fixed(model, path, form, source, making, steps)
        inputs: tuple[TensorSpec, ...] = source.inputs
        given: Source | None = source
        tflite, made = path if form.format == TFLITE else None, False
        if tflite and way.converters:
            inputs = read_tflite(tflite).inputs
        for converter, form in zip(way.converters, way.forms, strict=True):
            order = Order(
                converter=converter, form=form, source=path, sha256=steps[-1].sha256, making=making, inputs=inputs,
                given=given, preparation=making.preparation or source.preparation,
            )  # fmt: skip
            path = self._fixed(model, self._converted(model, order, steps), form, None, making, steps)
            if converter.quantizes and form.format == TFLITE:
                _refuse_half_done(path, order)
            made = made or form.format == TFLITE
            tflite = path if form.format == TFLITE else tflite
            inputs = read_tflite(path).inputs if form.format == TFLITE else ()
            given = None
        return Gone(path=path, steps=steps, tflite=tflite, made=made)

    def _converted(self, model: str, order: Order, steps: list[Step]) -> Path:
        environment = environment_of(order.converter)
        pictures = order.pictures(self._pictures)
        what = f"{model}: {order.converter.name} makes {order.form} of {order.source.name}"

        def make(_: str, into: Path) -> Path:
            self.tell(what)
            return carry_out(order, pictures, environment, into)

        key = order.key(environment, pictures)
        path = self.cache.get(model, Variant(precision="", format="", source=key), make)
        step = read_certificate(path.parent)
        if step is None:
            raise ModelError(f"{path}: its certificate is damaged", f"Remove it: `devbench cache clean {model}`.")
        steps.append(step)
        return path

    def _fixed(
        self, model: str, path: Path, form: Form, source: Source | None, making: Making, steps: list[Step]
    ) -> Path:
        """The file, or a copy with what readers trip over changed. source: what it is, if it is given and not made."""
        if form.format == ONNX and source and (len(source.files) > 1 or source.free):
            return self._by_converter(model, path, form, source, making, steps, "onnx-fix")
        if form.format != TFLITE:
            return path
        data = path.read_bytes()
        changed, told = fixed(data)
        if changed != data:
            path = self._kept(model, path, changed, told, steps)
        if any(one.name == OUTSIDE for one in guards(path)):
            with suppress(MissingError):  # the runtimes that misread it refuse it
                return self._by_converter(model, path, form, None, making, steps, "tflite-inline")
        return path

    def _by_converter(
        self,
        model: str,
        path: Path,
        form: Form,
        source: Source | None,
        making: Making,
        steps: list[Step],
        name: str,
    ) -> Path:
        """A fix that takes a library."""
        converter = self.converters.get(name)
        if converter is None:
            return path
        order = Order(
            converter=converter, form=form, source=path, sha256=steps[-1].sha256, making=making,
            inputs=source.inputs if source else (), given=source, preparation=None, step="fix",
        )  # fmt: skip
        return self._converted(model, order, steps)

    def _kept(self, model: str, path: Path, data: bytes, told: Iterable[str], steps: list[Step]) -> Path:
        before = steps[-1].sha256

        def make(_: str, into: Path) -> Path:
            file = into / (path.name if path.suffix else f"{path.name}.tflite")
            file.write_bytes(data)
            with tempfile.TemporaryDirectory(dir=into, prefix="scratch-") as scratch:
                same = compare(path, file, Path(scratch))
            sha256 = hashlib.sha256(data).hexdigest()
            step = Step(
                name="fix", tool="devbench", result=TFLITE, sha256=sha256, size_bytes=len(data), made_from=before,
                versions={"recipe": str(RECIPE)}, said={"changed": "; ".join(told), "answers": same_told(same)},
            )  # fmt: skip
            write_certificate(into, step)
            return file

        key = f"fix:{before}?{urlencode({'recipe': RECIPE})}"
        kept = self.cache.get(model, Variant(precision="", format="", source=key), make)
        if step := read_certificate(kept.parent):
            steps.append(step)
        return kept


def _refuse_half_done(path: Path, order: Order) -> None:
    """A `RefusedError` if the quantizer has left a part of the network in float; another one may do better."""
    made = read_tflite(path).precision
    if made != order.form.precision:
        left = ", ".join(dict.fromkeys(one.name for one in float_operations(read_graph(path))))
        raise RefusedError(
            f"the converter {order.converter.name} leaves a part in float ({left or made})",
            "Replace what it leaves, or quantize the network yourself and name that file.",
        )


def no_way(source: Source, making: Making) -> ModelError:
    """Why there is none."""
    formats = " or ".join(f".{one}" for one in making.formats)
    if source.precision != making.precision and making.precision:
        return ModelError(
            f"{source.path}: it is {source.title}, in {source.arithmetic or source.precision}, and nothing here makes"
            f" {making.precision} of that",
            "Give the network before it was quantized, in float32.",
        )
    return ModelError(
        f"{source.path}: it is {source.title}, and nothing here makes {formats} of that",
        "See `devbench plugins` for the converters, and `devbench inspect` for what the file is.",
    )


def _all_refused(source: Source, refusals: list[ModelError]) -> ModelError:
    """One error of several: those that tried come before those that are not here."""
    refusals.sort(key=lambda one: isinstance(one, MissingError))
    hints = dict.fromkeys(one.hint for one in refusals if one.hint)
    return ModelError(f"{source.path}: " + "; ".join(dict.fromkeys(one.message for one in refusals)), " ".join(hints))
