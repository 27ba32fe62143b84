"""From a suite to planned cases: which model variant, on which place, with which runtime and options."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devbench.domain.accuracy import Evaluation, Lesson
from devbench.domain.case import Option, PlannedCase
from devbench.domain.lab import PlaceKey
from devbench.domain.making import Preparation
from devbench.domain.measure import Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Absent, Place
from devbench.errors import DevbenchError
from devbench.models.artifact import is_file_source
from devbench.pipeline.maker import Maker, float_twin
from devbench.pipeline.source import Source
from devbench.plugin.calls import KnownRuntime
from devbench.plugin.registry import Registry
from devbench.run.quality import SOURCE_PRECISION
from devbench.run.slots import Probe, Slot, answers, drivers_of, find_places, fitting_slot, slots_of
from devbench.run.sources import Unloadable, for_formats, image_of, look, made, preparation_of, resolved

if TYPE_CHECKING:
    from devbench.suites.format import ModelFormat, Suite
    from devbench.suites.pictures import LearnFormat


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a suite comes to on this machine.

    skips: cases that cannot be measured here, and those of models that nothing here loads, which have failed.
    absent: devices of the suite that are not here at all.
    pythons: the interpreter of a case, by its id, where it is not the one of its place.
    """

    cases: tuple[PlannedCase, ...]
    skips: tuple[tuple[PlannedCase, Skipped | Failed], ...]
    absent: tuple[Absent, ...]
    places: Mapping[tuple[str, str], Place]
    pythons: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, case: PlannedCase) -> Place:
        """Where a case is measured, with the interpreter that measures it."""
        place = self.places[case.device, case.place]
        python = self.pythons.get(case.id)
        return replace(place, python={"": python}) if python else place


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A precision that a model is asked for in, the variant to have it from, and the options that this implies.

    formats: what the runtime loads there.
    """

    precision: str
    variant: Variant
    implied: Mapping[str, Option]
    formats: tuple[str, ...]
    problem: Skipped | Failed | Unloadable | None = None


def plan_suite(
    suite: Suite,
    base: Path,
    registry: Registry,
    lab: Sequence[Place],
    measure: Measure,
    seed: int,
    probe: Probe,
    maker: Maker,
    only: Collection[PlaceKey] = (),
) -> Plan:
    """Plan every case of `suite`; relative paths in it start at `base`.

    maker: looks at what models are given as. only: places to leave all others out for.
    """
    slots: list[Slot] = []
    absent: list[Absent] = []
    for entry in suite.devices:
        places, missing = find_places(registry.devices[entry.name], lab)
        if only:
            places = [one for one in places if (one.device, one.name) in only]
            missing = [one for one in missing if (one.device, one.place) in only]
        absent += missing
        if places and not drivers_of(entry, registry):
            absent.append(Absent(device=entry.name, reason="no installed plugin brings a runtime for it"))
        for place in places:
            found = list(slots_of(entry, place, registry, probe))
            looked = registry.devices[entry.name].look(place) if place.ssh and answers(found) else place
            if isinstance(looked, Absent):
                absent.append(looked)
            else:
                slots += [replace(slot, place=looked) for slot in found]
    cases: dict[str, PlannedCase] = {}  # by id: what is asked for twice is measured once
    skips: dict[str, tuple[PlannedCase, Skipped | Failed | Unloadable]] = {}
    for entry_model, first in itertools.product(suite.models, slots):
        source = look(entry_model, base, maker, registry)
        slot = fitting_slot(first, source, registry, probe)
        for asked in _asked(entry_model, slot, suite, registry, base, source, maker):
            planned = _case(entry_model, asked, slot, suite, registry, base, measure, seed, source)
            why = slot.problem or asked.problem or _format_problem(asked, slot.runtime)
            if why:
                skips[planned.id] = planned, why
            else:
                cases[planned.id] = planned
    places_by_name = {(slot.device, slot.place.name): slot.place for slot in slots}
    told = tuple((one, _outcome(one, why, cases.values())) for one, why in skips.values())
    return Plan(cases=tuple(cases.values()), skips=told, absent=tuple(absent), places=places_by_name)


def _outcome(
    planned: PlannedCase, why: Skipped | Failed | Unloadable, cases: Iterable[PlannedCase]
) -> Skipped | Failed:
    """A file that no runtime of the suite loads is a mistake in the suite, and has nothing to do with this machine."""
    if not isinstance(why, Unloadable):
        return why
    if any(one.model == planned.model for one in cases):
        return Skipped(reason=why.reason, hint=why.hint)
    return Failed(error=why.reason, hint=why.hint, phase="prepare")


def _asked(
    entry: ModelFormat,
    slot: Slot,
    suite: Suite,
    registry: Registry,
    base: Path,
    source: Source | Failed | None,
    maker: Maker,
) -> Iterator[_Asked]:
    runtime = registry.runtimes[slot.runtime]
    formats = runtime.formats_at(slot.place, slot.options)
    for precision in entry.precision or slot.precision or _default_precision(entry, suite):
        file_precision, implied = runtime.makes.get(precision, (precision, {}))
        if problem := _not_made(entry, file_precision, suite, runtime, registry):
            none = _no_variant(precision)
            yield _Asked(precision=precision, variant=none, implied=implied, formats=formats, problem=problem)
            continue
        found = _variant(entry, file_precision, suite, registry, base)
        why: Failed | Unloadable | None = source if isinstance(source, Failed) else None
        if isinstance(source, Source):
            found, why = made(entry, suite, found, source, formats, maker, base)
        elif entry.source is None:
            found = for_formats(found, formats, maker) or found
        variant = (found.compiled if runtime.takes_compiled else None) or found
        unmade = None if variant is found.compiled else why
        yield _Asked(precision=precision, variant=variant, implied=implied, formats=formats, problem=unmade)


def _not_made(
    entry: ModelFormat, precision: str, suite: Suite, runtime: KnownRuntime, registry: Registry
) -> Skipped | None:
    """Why a model of the catalogue is not measured in `precision` with this runtime; None if it is.

    A precision that no runtime can make of any variant is a mistake in the suite, and no skip.
    """
    if entry.source is not None or _fitting(entry, precision, suite, registry):
        return None
    if any(precision in one.makes for one in registry.runtimes.values()):
        return Skipped(reason=f"{runtime.name} does not compute {entry.name} in {precision}")
    return None


def _no_variant(precision: str) -> Variant:
    return Variant(precision=precision, format="", source="")


def _default_precision(entry: ModelFormat, suite: Suite) -> Sequence[str]:
    """A file is what it is; models of the catalogue are taken as the suite says."""
    return ("",) if entry.source is not None else suite.precision


def _variant(entry: ModelFormat, precision: str, suite: Suite, registry: Registry, base: Path) -> Variant:
    if entry.source is not None:
        return _file_variant(entry, precision, base)
    fitting = _fitting(entry, precision, suite, registry)
    if not fitting:
        model, weights = registry.models[entry.name], entry.weights or suite.weights
        have = ", ".join(sorted({f"{one.precision} with {one.weights} weights" for one in model.variants}))
        asked = f"{precision} with {weights} weights" if weights else precision
        raise DevbenchError(f"{entry.name} is not available as {asked}", f"There is: {have}.")
    return fitting[0]


def _fitting(entry: ModelFormat, precision: str, suite: Suite, registry: Registry) -> list[Variant]:
    weights = entry.weights or suite.weights
    variants = registry.models[entry.name].variants
    return [one for one in variants if one.precision == precision and weights in (None, one.weights)]


def _file_variant(entry: ModelFormat, precision: str, base: Path) -> Variant:
    assert entry.source is not None
    path = entry.source if is_file_source(entry.source) else urlsplit(entry.source).path  # without ?query and #fragment
    return Variant(
        precision=precision,
        format=Path(path).suffix.lstrip(".") or "tflite",
        source=_source(entry.source, base),
        weights="as in the file",
        sha256=entry.sha256 or "",
        git_blob=entry.git_blob or "",
        compiled=_compiled(entry, precision, base),
    )


def _compiled(entry: ModelFormat, precision: str, base: Path) -> Variant | None:
    """What the suite says is the same network compiled for an accelerator."""
    if entry.compiled is None:
        return None
    return Variant(precision=precision, format="tflite", source=_source(entry.compiled, base), weights="as in the file")


def _source(source: str, base: Path) -> str:
    return str(resolved(base / source)) if is_file_source(source) else source


def _case(
    entry: ModelFormat,
    asked: _Asked,
    slot: Slot,
    suite: Suite,
    registry: Registry,
    base: Path,
    measure: Measure,
    seed: int,
    source: Source | Failed | None,
) -> PlannedCase:
    found = source if isinstance(source, Source) else None
    name = f"{entry.name}:{asked.precision}" if asked.precision else entry.name
    return PlannedCase(
        id=f"{name}@{slot.id}",
        model=entry.name,
        variant=asked.variant,
        device=slot.device,
        place=slot.place.name,
        runtime=slot.runtime,
        options=slot.options,
        measure=measure,
        seed=seed,
        precision=asked.precision,
        implied=asked.implied,
        image=image_of(entry, suite, base, source),
        preparation=preparation_of(entry, suite, found, needed=False),
        evaluation=_evaluation(entry, suite, base, found),
        lesson=_lesson(entry.learn or suite.learn, base),
        source=_float32(entry, asked.variant, found, suite, registry),
    )


def _float32(
    entry: ModelFormat, variant: Variant, source: Source | None, suite: Suite, registry: Registry
) -> Variant | None:
    """The same network in float32: of the catalogue, or made of the same source."""
    if entry.source is None:
        return next(iter(_fitting(entry, SOURCE_PRECISION, suite, registry)), None)
    is_float = source is not None and source.precision == SOURCE_PRECISION
    return float_twin(variant) if is_float and variant.making else None


def _lesson(learn: LearnFormat | None, base: Path) -> Lesson | None:
    if learn is None:
        return None
    return Lesson(images=_source(learn.images, base), pictures=tuple(learn.pictures), draws=learn.draws)


def _evaluation(entry: ModelFormat, suite: Suite, base: Path, source: Source | None) -> Evaluation | None:
    """Which pictures the model is asked, prepared as those that it is fed."""
    test, quality = entry.test or suite.test, entry.quality or suite.quality
    if test is None:
        return None
    labels = entry.labels or suite.labels
    preparation = preparation_of(entry, suite, source, needed=True) or Preparation()
    return Evaluation(
        images=_source(test.images, base),
        limit=test.limit,
        labels=str(resolved(base / labels)) if labels else "",
        names=source.labels if source else (),
        against=test.against,
        drop=quality.drop if quality else None,
        mean=preparation.mean,
        std=preparation.std,
    )


def _format_problem(asked: _Asked, runtime: str) -> Skipped | None:
    if asked.variant.format in asked.formats:
        return None
    return Skipped(reason=f"{runtime} loads {', '.join(asked.formats)}, not .{asked.variant.format}")
