"""What the places of a run want changed before they are measured."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.change import Change, ChangeAt
from devbench.domain.extend import Device
from devbench.domain.place import Place
from devbench.errors import DevbenchError
from devbench.plugin.registry import Registry


def changes_of(places: Sequence[Place], registry: Registry) -> list[ChangeAt]:
    """The changes, each once. A `DevbenchError` where a device does not know a setting, or two places disagree."""
    found: dict[tuple[object, ...], ChangeAt] = {}
    for place in places:
        device = registry.devices[place.device]
        for name in place.settle:
            if name not in device.settings:
                known = f"It knows: {', '.join(device.settings)}." if device.settings else "It has no settings."
                raise DevbenchError(f"lab.yaml: place '{place.name}': {place.device} has no setting '{name}'", known)
        for change in device().changes(place) if place.settle else ():
            one = ChangeAt(place=place, change=change, undo=_undo(device(), change))
            other = found.setdefault((one.host, place.ssh and place.ssh.config, *one.undo), one)
            if other.change.apply != change.apply:
                raise DevbenchError(
                    f"lab.yaml: places of one machine want both: {other.text}; and {one.text}",
                    "Measure them in two runs: see `--device`.",
                )
    return list(found.values())


def _undo(device: Device, change: Change) -> tuple[str, ...]:
    try:
        return device.undo(change.setting, change.was)
    except ValueError as error:
        raise DevbenchError(
            f"{change.text}: {device.kind} does not say how to undo it, so nothing is changed",
            "Leave it out of lab.yaml, or update the plugin: see `devbench plugins`.",
        ) from error
