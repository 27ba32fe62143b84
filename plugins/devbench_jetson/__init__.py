"""The Jetson plugin.

This version recognises a Jetson and says that it is not measured; it does not measure on one yet.
"""

from collections.abc import Iterable

from devbench import Device, hookimpl


@hookimpl
def devbench_devices() -> Iterable[type[Device]]:
    """The Jetson family, as one kind."""
    from devbench_jetson.devices import Jetson

    return [Jetson]
