"""For writers of plugins and for tests: a fake device, and rules that a device and a runtime keep.

`RuntimeContract` is a pytest class for a plugin's tests to inherit; pytest is loaded only where it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from devbench.testing.contract import check_device, measure_once

if TYPE_CHECKING:
    from devbench.testing.judge import Findings as Findings
    from devbench.testing.runtime_contract import RuntimeContract as RuntimeContract
    from devbench.testing.runtime_contract import check_runtime as check_runtime
    from devbench.testing.tiny_model import TinyModel as TinyModel

_HOMES = {
    "Findings": "judge",
    "RuntimeContract": "runtime_contract",
    "TinyModel": "tiny_model",
    "check_runtime": "runtime_contract",
}
__all__ = ["Findings", "RuntimeContract", "TinyModel", "check_device", "check_runtime", "measure_once"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'devbench.testing' has no attribute '{name}'")
    return getattr(import_module(f"devbench.testing.{_HOMES[name]}"), name)
