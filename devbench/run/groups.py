"""Which places take turns: those of one machine, and those that share something. Pure but for `machine_of`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from devbench.domain.lab import PlaceKey
from devbench.domain.place import Place

Turns = Iterable[Sequence[PlaceKey]]  # places that take turns, beside others
MachineOf = Callable[[Place], str]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Places of which one at a time is measured. shares: what they have in common, such as a machine or a hub."""

    places: tuple[PlaceKey, ...]
    shares: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its first place: unique among the groups of a lab."""
        return " ".join(self.places[0])


def groups_of(places: Sequence[Place], machine_of: MachineOf) -> tuple[Group, ...]:
    """The groups of `places`, in their order: nothing that a place of one group uses is used by one of another.

    Two places are in one group if a chain of places leads from one to the other, neighbours in it having a machine or a
    name in `shares` in common.
    """
    uses = {(place.device, place.name): (machine_of(place), *place.shares) for place in places}
    first_with: dict[str, PlaceKey] = {}
    leader = {key: key for key in uses}

    def top(key: PlaceKey) -> PlaceKey:
        while leader[key] != key:
            leader[key] = key = leader[leader[key]]
        return key

    order = {key: number for number, key in enumerate(uses)}
    for key, names in uses.items():
        for name in names:
            one, other = sorted((top(first_with.setdefault(name, key)), top(key)), key=order.__getitem__)
            leader[other] = one
    members: dict[PlaceKey, list[PlaceKey]] = {}
    for key in uses:
        members.setdefault(top(key), []).append(key)
    return tuple(Group(places=tuple(keys), shares=_shared(uses[key] for key in keys)) for keys in members.values())


def longest_s(seconds: Mapping[PlaceKey, float], beside: Turns) -> float:
    """How long it takes until each place was at work for its seconds: as long as the longest of the groups `beside`.

    Places in none of them are measured one by one after all others; without any groups, all places are.
    """
    groups = [sum(seconds.get(key, 0.0) for key in group) for group in beside]
    known = {key for group in beside for key in group}
    return max(groups, default=0.0) + sum(one for key, one in seconds.items() if key not in known)


def _shared(uses: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in uses for name in names))
