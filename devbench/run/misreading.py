"""Which runtimes, here and at the places of lab.yaml, would misread a file: what `run` skips, before it is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from devbench.domain.check import Check
from devbench.domain.model import Artifact
from devbench.domain.outcome import Skipped
from devbench.domain.place import Place
from devbench.plugin.registry import Registry
from devbench.run.prepare import Look
from devbench.run.slots import find_places


def refusals(artifact: Artifact, registry: Registry, lab: Sequence[Place], look: Look) -> Iterator[tuple[str, Check]]:
    """The name of each runtime that is somewhere too old for the artifact, and a broken check that says where and why.

    A place that does not answer says nothing.
    """
    for kind, device in registry.devices.items():
        places, _ = find_places(device, lab)
        for place in places:
            for name in registry.drivers(kind):
                runtime = registry.runtimes.get(name)
                if runtime is None or artifact.format not in runtime.formats:
                    continue
                seen = look(place, name)
                why = "" if isinstance(seen, Skipped) else runtime.unfit(artifact, seen)
                if why:
                    where = f"read on {kind}" if place.name == "local" else f"read on {kind} {place.name}"
                    yield name, Check(name=where, good=False, text=why, hint=runtime.explain(why))
