"""Entry points are loaded whoever has read them."""

from __future__ import annotations

from types import SimpleNamespace

import devbench_desktop
from devbench.plugin.local import LocalPlugin
from devbench.plugin.plugin import Owner


def test_an_entry_point_of_the_backport_of_importlib_metadata_is_loaded_too() -> None:
    """Once any package imports that backport, Python's own `entry_points()` gives its type, which is another one."""
    entry = SimpleNamespace(name="desktop", group="devbench", value="devbench_desktop", load=lambda: devbench_desktop)
    plugin = LocalPlugin(Owner(plugin="desktop", distribution="edge-devbench"), entry)
    assert [one.kind for one in plugin.load().devices] == ["desktop-cpu"]
