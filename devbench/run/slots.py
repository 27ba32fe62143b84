"""The columns of a suite's table: each place of a device, with a runtime and its options."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from devbench.domain.case import ALL_RUNTIMES, Option
from devbench.domain.outcome import Failed, Skipped
from devbench.domain.place import Absent, Place
from devbench.pipeline.source import Source
from devbench.plugin.calls import KnownDevice, KnownRuntime
from devbench.plugin.registry import Registry

if TYPE_CHECKING:
    from devbench.suites.format import DeviceFormat

Probe = Callable[[Place, str], Skipped | None]  # why a runtime does not work at a place; None if it does


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One column of the table to be: a place with a runtime and its options, or why it cannot be.

    others: runtimes that a model may be measured with instead, where the suite names none.
    """

    device: str
    place: Place
    runtime: str
    options: Mapping[str, Option]
    precision: Sequence[str] | None = None
    problem: Skipped | None = None
    others: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What tells it from other columns, in the names of cases."""
        settings = [f"{name}={value}" for name, value in sorted(self.options.items()) if value != ""]
        return ":".join([self.device, self.place.name, self.runtime, *settings])


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


def fitting_slot(slot: Slot, source: Source | Failed | None, registry: Registry, probe: Probe) -> Slot:
    """The slot; with another runtime of the device where the suite names none, and that one loads the file as it is."""
    if not isinstance(source, Source) or source.format in registry.runtimes[slot.runtime].formats:
        return slot
    for name in slot.others:
        runtime = registry.runtimes[name]
        if source.format in runtime.formats and not probe(slot.place, name):
            options = {key: value for key, value in slot.options.items() if key in runtime.options}
            return replace(slot, runtime=name, options={**runtime.options, **options}, problem=None)
    return slot


def slots_of(entry: DeviceFormat, place: Place, registry: Registry, probe: Probe) -> Iterator[Slot]:
    """With runtimes named, a slot for each; with `all`, for each that works; without, for the best that works."""
    every = entry.runtime == [ALL_RUNTIMES]
    others = () if entry.runtime else tuple(drivers_of(entry, registry))
    problems = {name: probe(place, name) for name in (drivers_of(entry, registry) if every else entry.runtime or ())}
    if every and not all(problems.values()):
        problems = {name: None for name, problem in problems.items() if not problem}
    if not entry.runtime:
        for name in drivers_of(entry, registry):
            problems[name] = probe(place, name)
            if not problems[name]:
                break
        best = next((name for name, problem in problems.items() if not problem), None)
        problems = {best: None} if best else dict(itertools.islice(problems.items(), 1))
    for name, problem in problems.items():
        for options in _option_matrix(entry, registry.runtimes[name].options):
            yield Slot(
                device=entry.name,
                place=place,
                runtime=name,
                options=options,
                precision=entry.precision,
                problem=problem or _not_taken(registry.runtimes[name], options, entry),
                others=tuple(one for one in others if one != name),
            )


def _not_taken(runtime: KnownRuntime, options: Mapping[str, Option], entry: DeviceFormat) -> Skipped | None:
    """Why this runtime does not take what the suite sets; another one of the same device may, or the suite is wrong."""
    wrong = (runtime.wrong_option(name, value) for name, value in options.items() if name in entry.options)
    return next((Skipped(reason=f"{runtime.name}: {why}") for why in wrong if why), None)


def answers(slots: Sequence[Slot]) -> bool:
    """Whether any runtime works there."""
    return any(slot.problem is None for slot in slots)


def drivers_of(entry: DeviceFormat, registry: Registry) -> list[str]:
    """The installed runtimes of a device, best first."""
    return [name for name in registry.drivers(entry.name) if name in registry.runtimes]


def _option_matrix(entry: DeviceFormat, known: Mapping[str, Option]) -> Iterator[dict[str, Option]]:
    """Every combination of the values that the suite lists for the options this runtime has."""
    names = [name for name in entry.options if name in known]
    for values in itertools.product(*(entry.options[name] for name in names)):
        yield {**known, **dict(zip(names, values, strict=True))}
