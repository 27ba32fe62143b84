"""For writers of plugins and for tests: a fake device, and checks that a device and a runtime keep the contract."""

from devbench.testing.contract import check_device, measure_once

__all__ = ["check_device", "measure_once"]
