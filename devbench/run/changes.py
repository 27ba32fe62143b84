"""What the places of a run want changed before they are measured."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.change import ChangeAt
from devbench.domain.place import Place
from devbench.errors import DevbenchError, PluginError, RoundError
from devbench.plugin.registry import Registry


def changes_of(places: Sequence[Place], registry: Registry) -> tuple[list[ChangeAt], list[tuple[Place, DevbenchError]]]:
    """The changes, each once, and the places whose device failed to say what they are.

    A `DevbenchError` where a device does not know a setting, or two places disagree.
    """
    found: dict[tuple[object, ...], ChangeAt] = {}
    failed: list[tuple[Place, DevbenchError]] = []
    for place in places:
        device = registry.devices[place.device]
        for name in place.settle:
            if name not in device.settings:
                known = f"It knows: {', '.join(device.settings)}." if device.settings else "It has no settings."
                raise DevbenchError(f"lab.yaml: place '{place.name}': {place.device} has no setting '{name}'", known)
        try:
            wanted = device.changes(place) if place.settle else []
        except (PluginError, RoundError) as error:
            failed.append((place, error))
            continue
        for one in wanted:
            other = found.setdefault((one.host, place.ssh and place.ssh.config, *one.undo), one)
            if other.change.apply != one.change.apply:
                raise DevbenchError(
                    f"lab.yaml: places of one machine want both: {other.text}; and {one.text}",
                    "Measure them in two runs: see `--device`.",
                )
    return list(found.values()), failed
