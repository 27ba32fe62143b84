"""Is a place of this machine still there? A stick that was pulled out is a reason to try its cases again later."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.domain.place import Place
from devbench.plugin.registry import Registry


class Discovered:
    """The places of a run that its devices had discovered on this machine when it began.

    One that only lab.yaml names is not among them: whether it is gone cannot be told this way.
    """

    def __init__(self, registry: Registry, places: Iterable[Place]) -> None:
        self._registry = registry
        here = {(place.device, place.name) for place in places if place.ssh is None}
        self._before = {key for key in here if key[1] in self._names(key[0])}

    def is_gone(self, device: str, name: str) -> bool:
        """Whether the place was there, and is not any more."""
        return (device, name) in self._before and name not in self._names(device)

    def _names(self, device: str) -> set[str]:
        return {place.name for place in self._registry.devices[device].discover() if isinstance(place, Place)}
