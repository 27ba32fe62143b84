"""From a suite to planned cases: which model variant, on which place, with which runtime and options."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devbench.domain.case import ALL_RUNTIMES, ImageInput, Option, PlannedCase
from devbench.domain.lab import PlaceKey
from devbench.domain.measure import Measure
from devbench.domain.model import Variant
from devbench.domain.outcome import Skipped
from devbench.domain.place import Absent, Place
from devbench.errors import DevbenchError
from devbench.models.artifact import is_file_source
from devbench.plugin.calls import KnownDevice, KnownRuntime
from devbench.plugin.registry import Registry

if TYPE_CHECKING:
    from devbench.suites.format import DeviceFormat, ImageFormat, ModelFormat, Suite

Probe = Callable[[Place, str], Skipped | None]  # why a runtime does not work at a place; None if it does


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a suite comes to on this machine.

    skips: cases that cannot be measured here. absent: devices of the suite that are not here at all.
    """

    cases: tuple[PlannedCase, ...]
    skips: tuple[tuple[PlannedCase, Skipped], ...]
    absent: tuple[Absent, ...]
    places: Mapping[tuple[str, str], Place]


@dataclass(frozen=True, kw_only=True)
class _Slot:
    """One column of the table to be: a place with a runtime and its options, or why it cannot be."""

    device: str
    place: Place
    runtime: str
    options: Mapping[str, Option]
    precision: Sequence[str] | None = None
    problem: Skipped | None = None

    @property
    def id(self) -> str:
        settings = [f"{name}={value}" for name, value in sorted(self.options.items()) if value != ""]
        return ":".join([self.device, self.place.name, self.runtime, *settings])


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A precision that a model is asked for in, the variant to have it from, and the options that this implies."""

    precision: str
    variant: Variant
    implied: Mapping[str, Option]
    problem: Skipped | None = None


def find_places(device: KnownDevice, lab: Sequence[Place]) -> tuple[list[Place], list[Absent]]:
    """Places of a kind: those of lab.yaml, then those discovered that it does not name; and what cannot be used.

    That a device is not here at all says nothing where lab.yaml names one elsewhere.
    """
    named = [
        replace(place, options={**device.place_options, **place.options})
        for place in lab
        if place.device == device.kind
    ]
    looked = [place if place.ssh else device.look(place) for place in named]
    found = device.discover()
    known = [*named, *(one for one in looked if isinstance(one, Place))]
    places = [one for one in looked if isinstance(one, Place)]
    places += [one for one in found if isinstance(one, Place) and not any(_same(one, other) for other in known)]
    absent = [one for one in looked if isinstance(one, Absent)]
    told = {one.reason for one in absent}
    absent += [one for one in found if isinstance(one, Absent) and (one.reason not in told if one.place else not known)]
    return [replace(place, traits=device.traits) for place in places], absent


def _same(found: Place, named: Place) -> bool:
    """Whether lab.yaml means the place that was found: by its name, or by what an engine is told to use it."""
    return found.name == named.name or (named.ssh is None and bool(found.options) and found.options == named.options)


def plan_suite(
    suite: Suite,
    base: Path,
    registry: Registry,
    lab: Sequence[Place],
    measure: Measure,
    seed: int,
    probe: Probe,
    only: Collection[PlaceKey] = (),
) -> Plan:
    """Plan every case of `suite`; relative paths in it start at `base`. only: places to leave all others out for."""
    slots: list[_Slot] = []
    absent: list[Absent] = []
    for entry in suite.devices:
        places, missing = find_places(registry.devices[entry.name], lab)
        if only:
            places = [one for one in places if (one.device, one.name) in only]
            missing = [one for one in missing if (one.device, one.place) in only]
        absent += missing
        if places and not _drivers(entry, registry):
            absent.append(Absent(device=entry.name, reason="no installed plugin brings a runtime for it"))
        for place in places:
            found = list(_slots(entry, place, registry, probe))
            looked = registry.devices[entry.name].look(place) if place.ssh and _answers(found) else place
            if isinstance(looked, Absent):
                absent.append(looked)
            else:
                slots += [replace(slot, place=looked) for slot in found]
    cases: dict[str, PlannedCase] = {}  # by id: what is asked for twice is measured once
    skips: dict[str, tuple[PlannedCase, Skipped]] = {}
    for entry_model, slot in itertools.product(suite.models, slots):
        for asked in _asked(entry_model, slot, suite, registry, base):
            planned = _case(entry_model, asked, slot, suite, base, measure, seed)
            why = slot.problem or asked.problem or _format_problem(asked.variant, slot.runtime, registry)
            if why:
                skips[planned.id] = planned, why
            else:
                cases[planned.id] = planned
    places_by_name = {(slot.device, slot.place.name): slot.place for slot in slots}
    return Plan(cases=tuple(cases.values()), skips=tuple(skips.values()), absent=tuple(absent), places=places_by_name)


def _slots(entry: DeviceFormat, place: Place, registry: Registry, probe: Probe) -> Iterator[_Slot]:
    """With runtimes named, a slot for each; with `all`, for each that works; without, for the best that works."""
    every = entry.runtime == [ALL_RUNTIMES]
    problems = {name: probe(place, name) for name in (_drivers(entry, registry) if every else entry.runtime or ())}
    if every and not all(problems.values()):
        problems = {name: None for name, problem in problems.items() if not problem}
    if not entry.runtime:
        for name in _drivers(entry, registry):
            problems[name] = probe(place, name)
            if not problems[name]:
                break
        best = next((name for name, problem in problems.items() if not problem), None)
        problems = {best: None} if best else dict(itertools.islice(problems.items(), 1))
    for name, problem in problems.items():
        for options in _option_matrix(entry, registry.runtimes[name].options):
            yield _Slot(
                device=entry.name,
                place=place,
                runtime=name,
                options=options,
                precision=entry.precision,
                problem=problem or _not_taken(registry.runtimes[name], options, entry),
            )


def _not_taken(runtime: KnownRuntime, options: Mapping[str, Option], entry: DeviceFormat) -> Skipped | None:
    """Why this runtime does not take what the suite sets; another one of the same device may, or the suite is wrong."""
    wrong = (runtime.wrong_option(name, value) for name, value in options.items() if name in entry.options)
    return next((Skipped(reason=f"{runtime.name}: {why}") for why in wrong if why), None)


def _answers(slots: Sequence[_Slot]) -> bool:
    return any(slot.problem is None for slot in slots)


def _drivers(entry: DeviceFormat, registry: Registry) -> list[str]:
    return [name for name in registry.drivers(entry.name) if name in registry.runtimes]


def _option_matrix(entry: DeviceFormat, known: Mapping[str, Option]) -> Iterator[dict[str, Option]]:
    """Every combination of the values that the suite lists for the options this runtime has."""
    names = [name for name in entry.options if name in known]
    for values in itertools.product(*(entry.options[name] for name in names)):
        yield {**known, **dict(zip(names, values, strict=True))}


def _asked(entry: ModelFormat, slot: _Slot, suite: Suite, registry: Registry, base: Path) -> Iterator[_Asked]:
    runtime = registry.runtimes[slot.runtime]
    for precision in entry.precision or slot.precision or _default_precision(entry, suite):
        file_precision, implied = runtime.makes.get(precision, (precision, {}))
        if problem := _not_made(entry, file_precision, suite, runtime, registry):
            yield _Asked(precision=precision, variant=_no_variant(precision), implied=implied, problem=problem)
            continue
        found = _variant(entry, file_precision, suite, registry, base)
        variant = (found.compiled if runtime.takes_compiled else None) or found
        yield _Asked(precision=precision, variant=variant, implied=implied)


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
    return str(_resolved(base / source)) if is_file_source(source) else source


def _case(
    entry: ModelFormat,
    asked: _Asked,
    slot: _Slot,
    suite: Suite,
    base: Path,
    measure: Measure,
    seed: int,
) -> PlannedCase:
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
        image=_image(entry.input or suite.input, entry.labels or suite.labels, base),
    )


def _image(image: ImageFormat | None, labels: str | None, base: Path) -> ImageInput | None:
    if image is None:
        return None
    return ImageInput(
        path=_resolved(base / image.image),
        labels=_resolved(base / labels) if labels else None,
        mean=image.mean,
        std=image.std,
    )


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # that of pathlib raises where links go round in a circle


def _format_problem(variant: Variant, runtime: str, registry: Registry) -> Skipped | None:
    formats = registry.runtimes[runtime].formats
    if variant.format in formats:
        return None
    return Skipped(reason=f"{runtime} loads {', '.join(formats)}, not .{variant.format}")
