"""What the places of a run want changed before they are measured, machine by machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from devbench.domain.change import ChangeAt
from devbench.domain.place import Place
from devbench.errors import DevbenchError, PluginError, RoundError
from devbench.plugin.registry import Registry
from devbench.run.lanes import in_lanes

# Makes the changes of one machine, and undoes them. The text is its name where several are changed at once, else "".
Hold = Callable[[Sequence[ChangeAt], str], AbstractContextManager[None]]


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


@contextmanager
def held(changes: Sequence[ChangeAt], hold: Hold, refused: Callable[[Place, DevbenchError], None]) -> Iterator[None]:
    """Make the changes of all machines at once, and undo those of all at once when the block ends.

    refused: told of the first place of each machine on which they could not be made. What it raises ends all.
    """
    machines: dict[tuple[object, ...], list[ChangeAt]] = {}
    for one in changes:
        machines.setdefault(machine_key(one.place), []).append(one)
    made: list[ExitStack] = []

    def make(wanted: Sequence[ChangeAt]) -> None:
        stack = ExitStack()
        machine = " ".join(str(one) for one in machine_key(wanted[0].place) if one) if len(machines) > 1 else ""
        try:
            stack.enter_context(hold(wanted, machine))
        except DevbenchError as error:
            refused(wanted[0].place, error)
        else:
            made.append(stack)

    try:
        in_lanes([partial(make, wanted) for wanted in machines.values()])
        yield
    finally:
        in_lanes([stack.close for stack in made])


def machine_key(place: Place) -> tuple[object, ...]:
    """The same for two places that ssh reaches in the same way, and for all of this machine."""
    return (place.ssh.host, place.ssh.config) if place.ssh else ()
